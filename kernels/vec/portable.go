package vec

import "math"

// portable is the specification of all other kernels. The conversions to float32 keep the compiler from fusing.
var portable = kernels{
	add: func(dst, a, b []float32, _ float32) {
		for i := range dst {
			dst[i] = a[i] + b[i]
		}
	},
	mul: func(dst, a, b []float32, _ float32) {
		for i := range dst {
			dst[i] = a[i] * b[i]
		}
	},
	axpy: func(dst, a, _ []float32, s float32) {
		for i := range dst {
			dst[i] += float32(s * a[i])
		}
	},
	scale: func(dst, a, _ []float32, s float32) {
		for i := range dst {
			dst[i] = s * a[i]
		}
	},
	relu: func(dst, a, _ []float32, _ float32) {
		for i, v := range a {
			if v < 0 {
				v = 0
			}
			dst[i] = v
		}
	},
	relu6: func(dst, a, _ []float32, _ float32) {
		for i, v := range a {
			if v < 0 {
				v = 0
			}
			dst[i] = min(v, 6)
		}
	},
	exp: func(dst, a, _ []float32, _ float32) {
		for i, v := range a {
			dst[i] = float32(math.Exp(float64(v)))
		}
	},
	sigmoid: func(dst, a, _ []float32, _ float32) {
		for i, v := range a {
			dst[i] = float32(1 / (1 + math.Exp(-float64(v))))
		}
	},
	tanh: func(dst, a, _ []float32, _ float32) {
		for i, v := range a {
			dst[i] = float32(math.Tanh(float64(v)))
		}
	},
	reluBackward: store(reluGradient),
	reluBackwardAdd: func(dx, x, dy []float32, _ float32) {
		for i := range dx {
			if x[i] > 0 {
				dx[i] += dy[i]
			}
		}
	},
	relu6Backward:      store(relu6Gradient),
	relu6BackwardAdd:   add(relu6Gradient),
	sigmoidBackward:    store(sigmoidGradient),
	sigmoidBackwardAdd: add(sigmoidGradient),
	tanhBackward:       store(tanhGradient),
	tanhBackwardAdd:    add(tanhGradient),
	arithmetic:         portableArithmetic,
	sum: func(l *[lanes]float64, a, _ []float32) {
		for ; len(a) >= lanes; a = a[lanes:] {
			for i, v := range a[:lanes] {
				l[i] += float64(v)
			}
		}
	},
	dot: func(l *[lanes]float64, a, b []float32) {
		for ; len(a) >= lanes; a, b = a[lanes:], b[lanes:] {
			for i, v := range a[:lanes] {
				l[i] += float64(v) * float64(b[i])
			}
		}
	},
}

// store and add turn the gradient of one element into kernels.

func store(f func(x, dy float32) float32) elementwiseKernel {
	return func(dx, x, dy []float32, _ float32) {
		for i := range dx {
			dx[i] = f(x[i], dy[i])
		}
	}
}

func add(f func(x, dy float32) float32) elementwiseKernel {
	return func(dx, x, dy []float32, _ float32) {
		for i := range dx {
			dx[i] += f(x[i], dy[i])
		}
	}
}

func reluGradient(x, dy float32) float32 {
	if x > 0 {
		return dy
	}
	return 0
}

func relu6Gradient(x, dy float32) float32 {
	if x > 0 && x < 6 {
		return dy
	}
	return 0
}

func sigmoidGradient(y, dy float32) float32 {
	return float32(float64(dy) * float64(y) * (1 - float64(y)))
}

func tanhGradient(y, dy float32) float32 { return float32(float64(dy) * (1 - float64(y)*float64(y))) }
