//go:build !purego

package vec

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{
			add: addNEON, mul: mulNEON, axpy: axpyNEON, scale: scaleNEON,
			relu: reluNEON, relu6: relu6NEON, exp: expNEON, sigmoid: sigmoidNEON, tanh: tanhNEON,
			reluBackward: reluBackwardNEON, reluBackwardAdd: reluBackwardAddNEON,
			relu6Backward: relu6BackwardNEON, relu6BackwardAdd: relu6BackwardAddNEON,
			sigmoidBackward: sigmoidBackwardNEON, sigmoidBackwardAdd: sigmoidBackwardAddNEON,
			tanhBackward: tanhBackwardNEON, tanhBackwardAdd: tanhBackwardAddNEON,
			sub: subNEON, div: divNEON, max: maxNEON, min: minNEON, sqrt: sqrtNEON, abs: absNEON, shift: shiftNEON,
			atLeast: atLeastNEON, atMost: atMostNEON,
			leaky: leakyNEON, above: aboveNEON, below: belowNEON, equal: equalNEON,
			log: logNEON, normCDF: normCDFNEON,
			silu: siluNEON, siluBackward: siluBackwardNEON, hardswish: hardswishNEON, hardswishBackward: hardswishBackwardNEON,
			sum: sumNEON, dot: dotNEON, colSums: colSumsNEON,
			rowSums: rowSumsNEON, rowMax: rowMaxNEON, rowMin: rowMinNEON, repeat: repeatNEON,
		}
	}
	return generic
}

//go:noescape
func addNEON(dst, a, b []float32, s float32)

//go:noescape
func mulNEON(dst, a, b []float32, s float32)

//go:noescape
func axpyNEON(dst, a, b []float32, s float32)

//go:noescape
func scaleNEON(dst, a, b []float32, s float32)

//go:noescape
func reluNEON(dst, a, b []float32, s float32)

//go:noescape
func relu6NEON(dst, a, b []float32, s float32)

//go:noescape
func expNEON(dst, a, b []float32, s float32)

//go:noescape
func sigmoidNEON(dst, a, b []float32, s float32)

//go:noescape
func tanhNEON(dst, a, b []float32, s float32)

//go:noescape
func reluBackwardNEON(dst, a, b []float32, s float32)

//go:noescape
func reluBackwardAddNEON(dst, a, b []float32, s float32)

//go:noescape
func relu6BackwardNEON(dst, a, b []float32, s float32)

//go:noescape
func relu6BackwardAddNEON(dst, a, b []float32, s float32)

//go:noescape
func sigmoidBackwardNEON(dst, a, b []float32, s float32)

//go:noescape
func sigmoidBackwardAddNEON(dst, a, b []float32, s float32)

//go:noescape
func tanhBackwardNEON(dst, a, b []float32, s float32)

//go:noescape
func tanhBackwardAddNEON(dst, a, b []float32, s float32)

//go:noescape
func sumNEON(l *[lanes]float64, a, b []float32)

//go:noescape
func dotNEON(l *[lanes]float64, a, b []float32)

//go:noescape
func subNEON(dst, a, b []float32, s float32)

//go:noescape
func divNEON(dst, a, b []float32, s float32)

//go:noescape
func maxNEON(dst, a, b []float32, s float32)

//go:noescape
func minNEON(dst, a, b []float32, s float32)

//go:noescape
func sqrtNEON(dst, a, b []float32, s float32)

//go:noescape
func absNEON(dst, a, b []float32, s float32)

//go:noescape
func shiftNEON(dst, a, b []float32, s float32)

//go:noescape
func leakyNEON(dst, a, b []float32, s float32)

//go:noescape
func aboveNEON(dst, a, b []float32, s float32)

//go:noescape
func belowNEON(dst, a, b []float32, s float32)

//go:noescape
func logNEON(dst, a, b []float32, s float32)

//go:noescape
func normCDFNEON(dst, a, b []float32, s float32)

//go:noescape
func atLeastNEON(dst, a, b []float32, s float32)

//go:noescape
func atMostNEON(dst, a, b []float32, s float32)

//go:noescape
func equalNEON(dst, a, b []float32, s float32)

//go:noescape
func siluNEON(dst, a, b []float32, s float32)

//go:noescape
func siluBackwardNEON(dst, a, b []float32, s float32)

//go:noescape
func hardswishNEON(dst, a, b []float32, s float32)

//go:noescape
func hardswishBackwardNEON(dst, a, b []float32, s float32)

//go:noescape
func colSumsNEON(acc []float64, x []float32)

//go:noescape
func rowSumsNEON(acc []float64, x []float32, cols int)

//go:noescape
func rowMaxNEON(dst, x []float32, cols int)

//go:noescape
func rowMinNEON(dst, x []float32, cols int)

//go:noescape
func repeatNEON(dst, x []float32, cols int)
