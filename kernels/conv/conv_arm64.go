//go:build !purego

package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/tile"
)

//go:noescape
func outer4x16NEON(a *outerArgs)

//go:noescape
func reluNEON(dst, x []float32)

//go:noescape
func gradientNEON(dst, s, x []float32, relu, add bool)

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{
			tiles:    tile.Kernels(isa),
			outers:   []outerKernel{{block: 16, rows: 4, run: outer4x16NEON}},
			relu:     reluNEON,
			gradient: gradientNEON,
		}
	}
	return generic
}
