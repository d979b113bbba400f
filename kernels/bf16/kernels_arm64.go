//go:build !purego

package bf16

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{round: roundNEON, encode: encodeNEON, pairs: pairsNEON}
	}
	return generic
}

//go:noescape
func roundNEON(dst, x []float32, scale float32)

//go:noescape
func encodeNEON(dst []uint16, x []float32, scale float32)

//go:noescape
func pairsNEON(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32)
