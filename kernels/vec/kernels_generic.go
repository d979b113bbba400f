package vec

import "math"

// generic is the specification of all other kernels. The conversions to float32 keep the compiler from fusing.
var generic = kernels{
	add: addGeneric, mul: mulGeneric, axpy: axpyGeneric, scale: scaleGeneric,
	relu: reluGeneric, relu6: relu6Generic, exp: expGeneric, sigmoid: sigmoidGeneric, tanh: tanhGeneric,
	reluBackward: store(reluGradient), reluBackwardAdd: reluBackwardAddGeneric,
	relu6Backward: store(relu6Gradient), relu6BackwardAdd: add(relu6Gradient),
	sigmoidBackward: store(sigmoidGradient), sigmoidBackwardAdd: add(sigmoidGradient),
	tanhBackward: store(tanhGradient), tanhBackwardAdd: add(tanhGradient),
	sub: subGeneric, div: divGeneric, max: maxGeneric, min: minGeneric, sqrt: sqrtGeneric, abs: absGeneric, shift: shiftGeneric,
	atLeast: atLeastGeneric, atMost: atMostGeneric,
	leaky: leakyGeneric, above: aboveGeneric, below: belowGeneric, equal: equalGeneric,
	log: logGeneric, normCDF: normCDFGeneric,
	silu: siluGeneric, siluBackward: siluBackwardGeneric, hardswish: hardswishGeneric, hardswishBackward: hardswishBackwardGeneric,
	sum: sumGeneric, dot: dotGeneric, colSums: colSumsGeneric,
	rowSums: rowSumsGeneric, rowMax: rowMaxGeneric, rowMin: rowMinGeneric, repeat: repeatGeneric,
}

func addGeneric(dst, a, b []float32, _ float32) {
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func mulGeneric(dst, a, b []float32, _ float32) {
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func axpyGeneric(dst, a, _ []float32, s float32) {
	for i := range dst {
		dst[i] += float32(s * a[i])
	}
}

func scaleGeneric(dst, a, _ []float32, s float32) {
	for i := range dst {
		dst[i] = s * a[i]
	}
}

func reluGeneric(dst, a, _ []float32, _ float32) {
	for i, v := range a {
		if v < 0 {
			v = 0
		}
		dst[i] = v
	}
}

func relu6Generic(dst, a, _ []float32, _ float32) {
	for i, v := range a {
		if v < 0 {
			v = 0
		}
		dst[i] = min(v, 6)
	}
}

func expGeneric(dst, a, _ []float32, _ float32) {
	for i, v := range a {
		dst[i] = float32(math.Exp(float64(v)))
	}
}

func sigmoidGeneric(dst, a, _ []float32, _ float32) {
	for i, v := range a {
		dst[i] = float32(1 / (1 + math.Exp(-float64(v))))
	}
}

func tanhGeneric(dst, a, _ []float32, _ float32) {
	for i, v := range a {
		dst[i] = float32(math.Tanh(float64(v)))
	}
}

func reluBackwardAddGeneric(dx, x, dy []float32, _ float32) {
	for i := range dx {
		if x[i] > 0 {
			dx[i] += dy[i]
		}
	}
}

func subGeneric(dst, a, b []float32, _ float32) {
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

func divGeneric(dst, a, b []float32, _ float32) {
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

func maxGeneric(dst, a, b []float32, _ float32) {
	for i, v := range a {
		if w := b[i]; w > v || w != w {
			v = w
		}
		dst[i] = v
	}
}

func minGeneric(dst, a, b []float32, _ float32) {
	for i, v := range a {
		if w := b[i]; w < v || w != w {
			v = w
		}
		dst[i] = v
	}
}

func sqrtGeneric(dst, a, _ []float32, _ float32) {
	for i, v := range a {
		dst[i] = float32(math.Sqrt(float64(v)))
	}
}

func absGeneric(dst, a, _ []float32, _ float32) {
	for i, v := range a {
		dst[i] = float32(math.Abs(float64(v)))
	}
}

func shiftGeneric(dst, a, _ []float32, s float32) {
	for i, v := range a {
		dst[i] = v + s
	}
}

func leakyGeneric(dst, a, b []float32, s float32) {
	for i, v := range b {
		if !(a[i] > 0) {
			v *= s
		}
		dst[i] = v
	}
}

func aboveGeneric(dst, a, b []float32, s float32) {
	for i, v := range b {
		if !(a[i] > s) {
			v = 0
		}
		dst[i] = v
	}
}

func belowGeneric(dst, a, b []float32, s float32) {
	for i, v := range b {
		if !(a[i] < s) {
			v = 0
		}
		dst[i] = v
	}
}

func logGeneric(dst, a, _ []float32, _ float32) {
	for i, v := range a {
		dst[i] = float32(math.Log(float64(v)))
	}
}

func normCDFGeneric(dst, a, _ []float32, _ float32) {
	for i, v := range a {
		dst[i] = float32(math.Erfc(-float64(v)/math.Sqrt2) / 2)
	}
}

func atLeastGeneric(dst, a, _ []float32, s float32) {
	for i, v := range a {
		if s > v {
			v = s
		}
		dst[i] = v
	}
}

func atMostGeneric(dst, a, _ []float32, s float32) {
	for i, v := range a {
		if s < v {
			v = s
		}
		dst[i] = v
	}
}

func equalGeneric(dst, a, b []float32, s float32) {
	for i, v := range a {
		w := s
		if v != b[i] {
			w = 0
		}
		dst[i] = w
	}
}

func siluGeneric(dst, a, _ []float32, _ float32) {
	for i, v := range a {
		dst[i] = float32(float64(v) / (1 + math.Exp(-float64(v))))
	}
}

func siluBackwardGeneric(dx, x, dy []float32, _ float32) {
	for i, v := range x {
		g := 1 / (1 + math.Exp(-float64(v)))
		dx[i] = float32(float64(dy[i]) * (g * (1 + float64(v)*(1-g))))
	}
}

func hardswishGeneric(dst, a, _ []float32, _ float32) {
	for i, v := range a {
		w := v + 3
		if w < 0 {
			w = 0
		}
		dst[i] = float32(min(w, 6)*v) * (1. / 6)
	}
}

func hardswishBackwardGeneric(dx, x, dy []float32, _ float32) {
	for i, v := range x {
		d := dy[i]
		switch {
		case v <= -3:
			d = 0
		case v < 3:
			d *= float32(v*(1./3)) + 0.5
		}
		dx[i] = d
	}
}

func colSumsGeneric(acc []float64, x []float32) {
	cols := len(acc)
	for ; len(x) >= cols; x = x[cols:] {
		for j, v := range x[:cols/16*16] {
			acc[j] += float64(v)
		}
	}
}

func sumGeneric(l *[lanes]float64, a, _ []float32) {
	for ; len(a) >= lanes; a = a[lanes:] {
		for i, v := range a[:lanes] {
			l[i] += float64(v)
		}
	}
}

func dotGeneric(l *[lanes]float64, a, b []float32) {
	for ; len(a) >= lanes; a, b = a[lanes:], b[lanes:] {
		for i, v := range a[:lanes] {
			l[i] += float64(v) * float64(b[i])
		}
	}
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
