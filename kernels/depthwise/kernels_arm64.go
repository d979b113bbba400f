//go:build !purego

package depthwise

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{lanes: 4, pixels: 8, pieces: 3, convolve: convolveNEON, correlate: correlateNEON, load: loadNEON}
	}
	return generic
}

//go:noescape
func convolveNEON(a *convolveArgs)

//go:noescape
func correlateNEON(a *correlateArgs)

//go:noescape
func loadNEON(dst []float32, block int, src []float32, ldSrc, n, c int, lo, hi float32)
