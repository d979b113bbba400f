package softmax

import (
	"math"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// kernels is what one instruction set offers for a row of at least one element.
type kernels struct {
	// maxSum returns the largest element, any value if one is NaN, and the sum.
	maxSum func(x []float32) (m float32, sum float64)
	// exp computes dst[i] = exp(x[i] - m), where no difference is positive, and returns the sum. It may work in place.
	exp func(dst, x []float32, m float32) float64
	// affine computes x[i] = a*x[i] + b.
	affine func(x []float32, a, b float32)
}

var active = kernelsFor(cpu.Selected())

// portable is the specification of all other kernels.
var portable = kernels{
	maxSum: func(x []float32) (m float32, sum float64) {
		m = x[0]
		for _, v := range x {
			if v > m {
				m = v
			}
			sum += float64(v)
		}
		return m, sum
	},
	exp: func(dst, x []float32, m float32) (sum float64) {
		for i, v := range x {
			dst[i] = float32(math.Exp(float64(v - m)))
			sum += float64(dst[i])
		}
		return sum
	},
	affine: func(x []float32, a, b float32) {
		for i := range x {
			x[i] = float32(a*x[i]) + b
		}
	},
}
