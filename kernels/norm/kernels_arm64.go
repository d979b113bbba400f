//go:build !purego

package norm

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{
			stats: statsNEON, gradSums: gradSumsNEON, scale: scaleNEON, affine: affineNEON,
			rowSums: rowSumsNEON, rowScale: rowScaleNEON, rowDots: rowDotsNEON, rowGrad: rowGradNEON,
		}
	}
	return generic
}

//go:noescape
func statsNEON(x []float32, rows, ld int, sum, sumsq []float32)

//go:noescape
func gradSumsNEON(g []float32, ldg int, x []float32, ldx int, rows int, sum, dot []float32)

//go:noescape
func scaleNEON(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, add bool)

//go:noescape
func affineNEON(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32, add bool)

//go:noescape
func rowSumsNEON(x []float32) (sum, sumsq float64)

//go:noescape
func rowScaleNEON(dst, x, scale, shift []float32, a, b float32)

//go:noescape
func rowDotsNEON(g, x, scale []float32, a, b float32) (sum, dot float64)

//go:noescape
func rowGradNEON(dst, g, x, scale, sumG, sumGH []float32, a, b, p, q, r float32, add bool)
