package softmax

import "math"

// generic is the specification of all other kernels.
var generic = kernels{maxSum: maxSumGeneric, exp: expGeneric, affine: affineGeneric}

func maxSumGeneric(x []float32) (m float32, sum float64) {
	m = x[0]
	for _, v := range x {
		if v > m {
			m = v
		}
		sum += float64(v)
	}
	return m, sum
}

func expGeneric(dst, x []float32, m float32) (sum float64) {
	for i, v := range x {
		dst[i] = float32(math.Exp(float64(v - m)))
		sum += float64(dst[i])
	}
	return sum
}

func affineGeneric(x []float32, a, b float32) {
	for i := range x {
		x[i] = float32(a*x[i]) + b
	}
}
