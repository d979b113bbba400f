//go:build !purego

package vec

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{
			add: addAVX512, mul: mulAVX512, axpy: axpyAVX512, scale: scaleAVX512,
			relu: reluAVX512, relu6: relu6AVX512, exp: expAVX512, sigmoid: sigmoidAVX512, tanh: tanhAVX512,
			reluBackward: reluBackwardAVX512, reluBackwardAdd: reluBackwardAddAVX512,
			relu6Backward: relu6BackwardAVX512, relu6BackwardAdd: relu6BackwardAddAVX512,
			sigmoidBackward: sigmoidBackwardAVX512, sigmoidBackwardAdd: sigmoidBackwardAddAVX512,
			tanhBackward: tanhBackwardAVX512, tanhBackwardAdd: tanhBackwardAddAVX512,
			sub: subAVX512, div: divAVX512, max: maxAVX512, min: minAVX512, sqrt: sqrtAVX512, abs: absAVX512, shift: shiftAVX512,
			atLeast: atLeastAVX512, atMost: atMostAVX512,
			leaky: leakyAVX512, above: aboveAVX512, below: belowAVX512, equal: equalAVX512,
			log: logAVX512, normCDF: normCDFAVX512,
			silu: siluAVX512, siluBackward: siluBackwardAVX512, hardswish: hardswishAVX512, hardswishBackward: hardswishBackwardAVX512,
			sum: sumAVX512, dot: dotAVX512, colSums: colSumsAVX512,
			rowSums: rowSumsAVX2, rowMax: rowMaxAVX2, rowMin: rowMinAVX2, repeat: repeatAVX2,
			gate: gateAVX512, gateBackward: gateBackwardAVX512,
			reluNonTemporal: reluNonTemporalAVX512, reluBackwardNonTemporal: reluBackwardNonTemporalAVX512,
		}
	case cpu.AVX2:
		return kernels{
			add: addAVX2, mul: mulAVX2, axpy: axpyAVX2, scale: scaleAVX2,
			relu: reluAVX2, relu6: relu6AVX2, exp: expAVX2, sigmoid: sigmoidAVX2, tanh: tanhAVX2,
			reluBackward: reluBackwardAVX2, reluBackwardAdd: reluBackwardAddAVX2,
			relu6Backward: relu6BackwardAVX2, relu6BackwardAdd: relu6BackwardAddAVX2,
			sigmoidBackward: sigmoidBackwardAVX2, sigmoidBackwardAdd: sigmoidBackwardAddAVX2,
			tanhBackward: tanhBackwardAVX2, tanhBackwardAdd: tanhBackwardAddAVX2,
			sub: subAVX2, div: divAVX2, max: maxAVX2, min: minAVX2, sqrt: sqrtAVX2, abs: absAVX2, shift: shiftAVX2,
			atLeast: atLeastAVX2, atMost: atMostAVX2,
			leaky: leakyAVX2, above: aboveAVX2, below: belowAVX2, equal: equalAVX2,
			log: logAVX2, normCDF: normCDFAVX2,
			silu: siluAVX2, siluBackward: siluBackwardAVX2, hardswish: hardswishAVX2, hardswishBackward: hardswishBackwardAVX2,
			sum: sumAVX2, dot: dotAVX2, colSums: colSumsAVX2,
			rowSums: rowSumsAVX2, rowMax: rowMaxAVX2, rowMin: rowMinAVX2, repeat: repeatAVX2,
			gate: gateAVX2, gateBackward: gateBackwardAVX2,
		}
	}
	return generic
}

//go:noescape
func addAVX512(dst, a, b []float32, s float32)

//go:noescape
func axpyAVX512(dst, a, b []float32, s float32)

//go:noescape
func scaleAVX512(dst, a, b []float32, s float32)

//go:noescape
func reluAVX512(dst, a, b []float32, s float32)

//go:noescape
func reluBackwardAVX512(dst, a, b []float32, s float32)

//go:noescape
func reluNonTemporalAVX512(dst, a, b []float32, s float32)

//go:noescape
func reluBackwardNonTemporalAVX512(dst, a, b []float32, s float32)

//go:noescape
func reluBackwardAddAVX512(dst, a, b []float32, s float32)

//go:noescape
func sumAVX512(l *[lanes]float64, a, b []float32)

//go:noescape
func dotAVX512(l *[lanes]float64, a, b []float32)

//go:noescape
func addAVX2(dst, a, b []float32, s float32)

//go:noescape
func axpyAVX2(dst, a, b []float32, s float32)

//go:noescape
func scaleAVX2(dst, a, b []float32, s float32)

//go:noescape
func reluAVX2(dst, a, b []float32, s float32)

//go:noescape
func reluBackwardAVX2(dst, a, b []float32, s float32)

//go:noescape
func reluBackwardAddAVX2(dst, a, b []float32, s float32)

//go:noescape
func sumAVX2(l *[lanes]float64, a, b []float32)

//go:noescape
func dotAVX2(l *[lanes]float64, a, b []float32)

//go:noescape
func expAVX512(dst, a, b []float32, s float32)

//go:noescape
func sigmoidAVX512(dst, a, b []float32, s float32)

//go:noescape
func tanhAVX512(dst, a, b []float32, s float32)

//go:noescape
func relu6AVX512(dst, a, b []float32, s float32)

//go:noescape
func mulAVX512(dst, a, b []float32, s float32)

//go:noescape
func relu6BackwardAVX512(dst, a, b []float32, s float32)

//go:noescape
func relu6BackwardAddAVX512(dst, a, b []float32, s float32)

//go:noescape
func sigmoidBackwardAVX512(dst, a, b []float32, s float32)

//go:noescape
func sigmoidBackwardAddAVX512(dst, a, b []float32, s float32)

//go:noescape
func tanhBackwardAVX512(dst, a, b []float32, s float32)

//go:noescape
func tanhBackwardAddAVX512(dst, a, b []float32, s float32)

//go:noescape
func expAVX2(dst, a, b []float32, s float32)

//go:noescape
func sigmoidAVX2(dst, a, b []float32, s float32)

//go:noescape
func tanhAVX2(dst, a, b []float32, s float32)

//go:noescape
func relu6AVX2(dst, a, b []float32, s float32)

//go:noescape
func mulAVX2(dst, a, b []float32, s float32)

//go:noescape
func relu6BackwardAVX2(dst, a, b []float32, s float32)

//go:noescape
func relu6BackwardAddAVX2(dst, a, b []float32, s float32)

//go:noescape
func sigmoidBackwardAVX2(dst, a, b []float32, s float32)

//go:noescape
func sigmoidBackwardAddAVX2(dst, a, b []float32, s float32)

//go:noescape
func tanhBackwardAVX2(dst, a, b []float32, s float32)

//go:noescape
func tanhBackwardAddAVX2(dst, a, b []float32, s float32)

//go:noescape
func gateAVX512(dst, c, f, s []float32)

//go:noescape
func gateBackwardAVX512(ds, base, df, c, f, s, dy []float32)

//go:noescape
func gateAVX2(dst, c, f, s []float32)

//go:noescape
func gateBackwardAVX2(ds, base, df, c, f, s, dy []float32)

//go:noescape
func subAVX512(dst, a, b []float32, s float32)

//go:noescape
func divAVX512(dst, a, b []float32, s float32)

//go:noescape
func maxAVX512(dst, a, b []float32, s float32)

//go:noescape
func minAVX512(dst, a, b []float32, s float32)

//go:noescape
func sqrtAVX512(dst, a, b []float32, s float32)

//go:noescape
func absAVX512(dst, a, b []float32, s float32)

//go:noescape
func shiftAVX512(dst, a, b []float32, s float32)

//go:noescape
func leakyAVX512(dst, a, b []float32, s float32)

//go:noescape
func aboveAVX512(dst, a, b []float32, s float32)

//go:noescape
func belowAVX512(dst, a, b []float32, s float32)

//go:noescape
func logAVX512(dst, a, b []float32, s float32)

//go:noescape
func normCDFAVX512(dst, a, b []float32, s float32)

//go:noescape
func subAVX2(dst, a, b []float32, s float32)

//go:noescape
func divAVX2(dst, a, b []float32, s float32)

//go:noescape
func maxAVX2(dst, a, b []float32, s float32)

//go:noescape
func minAVX2(dst, a, b []float32, s float32)

//go:noescape
func sqrtAVX2(dst, a, b []float32, s float32)

//go:noescape
func absAVX2(dst, a, b []float32, s float32)

//go:noescape
func shiftAVX2(dst, a, b []float32, s float32)

//go:noescape
func leakyAVX2(dst, a, b []float32, s float32)

//go:noescape
func aboveAVX2(dst, a, b []float32, s float32)

//go:noescape
func belowAVX2(dst, a, b []float32, s float32)

//go:noescape
func logAVX2(dst, a, b []float32, s float32)

//go:noescape
func normCDFAVX2(dst, a, b []float32, s float32)

//go:noescape
func atLeastAVX512(dst, a, b []float32, s float32)

//go:noescape
func atMostAVX512(dst, a, b []float32, s float32)

//go:noescape
func equalAVX512(dst, a, b []float32, s float32)

//go:noescape
func siluAVX512(dst, a, b []float32, s float32)

//go:noescape
func siluBackwardAVX512(dst, a, b []float32, s float32)

//go:noescape
func hardswishAVX512(dst, a, b []float32, s float32)

//go:noescape
func hardswishBackwardAVX512(dst, a, b []float32, s float32)

//go:noescape
func colSumsAVX512(acc []float64, x []float32)

//go:noescape
func atLeastAVX2(dst, a, b []float32, s float32)

//go:noescape
func atMostAVX2(dst, a, b []float32, s float32)

//go:noescape
func equalAVX2(dst, a, b []float32, s float32)

//go:noescape
func siluAVX2(dst, a, b []float32, s float32)

//go:noescape
func siluBackwardAVX2(dst, a, b []float32, s float32)

//go:noescape
func hardswishAVX2(dst, a, b []float32, s float32)

//go:noescape
func hardswishBackwardAVX2(dst, a, b []float32, s float32)

//go:noescape
func colSumsAVX2(acc []float64, x []float32)

//go:noescape
func rowSumsAVX2(acc []float64, x []float32, cols int)

//go:noescape
func rowMaxAVX2(dst, x []float32, cols int)

//go:noescape
func rowMinAVX2(dst, x []float32, cols int)

//go:noescape
func repeatAVX2(dst, x []float32, cols int)
