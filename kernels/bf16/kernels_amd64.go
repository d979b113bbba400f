//go:build !purego

package bf16

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		ks := kernels{round: roundAVX512, encode: encodeAVX512, pairs: pairsAVX512}
		if cpu.AMX() {
			ks.tile = tileAMX
		}
		return ks
	case cpu.AVX2:
		return kernels{round: roundAVX2, encode: encodeAVX2, pairs: pairsAVX2}
	}
	return generic
}

//go:noescape
func roundAVX512(dst, x []float32, scale float32)

//go:noescape
func encodeAVX512(dst []uint16, x []float32, scale float32)

//go:noescape
func pairsAVX512(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32)

//go:noescape
func roundAVX2(dst, x []float32, scale float32)

//go:noescape
func encodeAVX2(dst []uint16, x []float32, scale float32)

//go:noescape
func pairsAVX2(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32)

//go:noescape
func tileAMX(args *tileArgs)
