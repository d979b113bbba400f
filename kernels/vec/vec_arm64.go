//go:build !purego

package vec

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{
			add: addNEON, mul: mulNEON, axpy: axpyNEON, scale: scaleNEON,
			relu: reluNEON, relu6: relu6NEON, exp: expNEON, sigmoid: sigmoidNEON, tanh: tanhNEON,
			reluBackward: reluBackwardNEON, reluBackwardAdd: reluBackwardAddNEON,
			relu6Backward: relu6BackwardNEON, relu6BackwardAdd: relu6BackwardAddNEON,
			sigmoidBackward: sigmoidBackwardNEON, sigmoidBackwardAdd: sigmoidBackwardAddNEON,
			tanhBackward: tanhBackwardNEON, tanhBackwardAdd: tanhBackwardAddNEON,
			sum: sumNEON, dot: dotNEON, arithmetic: arithmeticNEON,
		}
	}
	return portable
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
