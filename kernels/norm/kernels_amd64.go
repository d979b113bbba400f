//go:build !purego

package norm

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{
			stats: statsAVX512, scale: scaleAVX512, affine: affineAVX512,
			gradSums: gradSumsAVX512, gradSumsGate: gradSumsGateAVX512, affineGate: affineGateAVX512,
			scaleNonTemporal: scaleNonTemporalAVX512, affineNonTemporal: affineNonTemporalAVX512,
			rowSums: rowSumsAVX512, rowScale: rowScaleAVX512, rowDots: rowDotsAVX512, rowGrad: rowGradAVX512,
		}
	case cpu.AVX2:
		return kernels{
			stats: statsAVX2, gradSums: gradSumsAVX2, gradSumsThrough: gradSumsThroughAVX2,
			scaleClamp: scaleClampAVX2, scaleTwo: scaleTwoAVX2, affine: affineAVX2,
			rowSums: rowSumsAVX2, rowScale: rowScaleAVX2, rowDots: rowDotsAVX2, rowGrad: rowGradAVX2,
		}
	}
	return generic
}

func statsAVX512(x []float32, rows, ld int, sum, sumsq []float32) {
	gradSumsAVX512(x, ld, x, ld, rows, sum, sumsq)
}

//go:noescape
func gradSumsAVX512(g []float32, ldg int, x []float32, ldx int, rows int, sum, dot []float32)

//go:noescape
func gradSumsGateAVX512(g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, sum, dot []float32, hi float32)

//go:noescape
func affineGateAVX512(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, a, b,
	c []float32, hi float32, mode int)

//go:noescape
func scaleAVX512(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, add bool)

//go:noescape
func affineAVX512(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32, add bool)

//go:noescape
func scaleNonTemporalAVX512(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, lo, hi float32)

//go:noescape
func affineNonTemporalAVX512(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32)

//go:noescape
func statsAVX2(x []float32, rows, ld int, sum, sumsq []float32)

//go:noescape
func gradSumsAVX2(g []float32, ldg int, x []float32, ldx int, rows int, sum, dot []float32)

//go:noescape
func gradSumsThroughAVX2(g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, sum, dot []float32, hi float32)

//go:noescape
func scaleClampAVX2(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, lo, hi float32)

//go:noescape
func scaleTwoAVX2(dst []float32, ldd int, x []float32, ldx int, z []float32, ldz int, rows int, scale, shift, scaleZ, shiftZ []float32,
	add bool, lo, hi float32)

//go:noescape
func affineAVX2(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32, add bool)

//go:noescape
func rowSumsAVX512(x []float32) (sum, sumsq float64)

//go:noescape
func rowScaleAVX512(dst, x, scale, shift []float32, a, b float32)

//go:noescape
func rowDotsAVX512(g, x, scale []float32, a, b float32) (sum, dot float64)

//go:noescape
func rowGradAVX512(dst, g, x, scale, sumG, sumGH []float32, a, b, p, q, r float32, add bool)

//go:noescape
func rowSumsAVX2(x []float32) (sum, sumsq float64)

//go:noescape
func rowScaleAVX2(dst, x, scale, shift []float32, a, b float32)

//go:noescape
func rowDotsAVX2(g, x, scale []float32, a, b float32) (sum, dot float64)

//go:noescape
func rowGradAVX2(dst, g, x, scale, sumG, sumGH []float32, a, b, p, q, r float32, add bool)
