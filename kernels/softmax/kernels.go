package softmax

import "github.com/oneshot-nas/oneshot/kernels/cpu"

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
