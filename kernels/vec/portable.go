package vec

// portable is the specification of all other kernels. The conversions to float32 keep the compiler from fusing.
var portable = kernels{
	add: func(dst, a, b []float32, _ float32) {
		for i := range dst {
			dst[i] = a[i] + b[i]
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
	reluBackward: func(dx, x, dy []float32, _ float32) {
		for i := range dx {
			if x[i] > 0 {
				dx[i] = dy[i]
			} else {
				dx[i] = 0
			}
		}
	},
	reluBackwardAdd: func(dx, x, dy []float32, _ float32) {
		for i := range dx {
			if x[i] > 0 {
				dx[i] += dy[i]
			}
		}
	},
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
