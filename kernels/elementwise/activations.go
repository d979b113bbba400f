package elementwise

import (
	"math"

	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Activations. p are the parameters.
var (
	// ReLU is max(x, 0): NaN stays NaN. Its gradient is zero at zero.
	ReLU = Function{Name: "ReLU", ByOutput: true, rows: vec.ReLURows, backwardRows: vec.ReLUBackwardRows}
	// ReLU6 is min(max(x, 0), 6). Its gradient is zero at both ends.
	ReLU6 = Function{Name: "ReLU6", ByOutput: true, rows: vec.ReLU6Rows, backwardRows: vec.ReLU6BackwardRows}
	// Sigmoid is 1/(1 + e^−x).
	Sigmoid = Function{Name: "Sigmoid", ByOutput: true, rows: vec.SigmoidRows, backwardRows: vec.SigmoidBackwardRows}
	// Tanh is the hyperbolic tangent.
	Tanh = Function{Name: "Tanh", ByOutput: true, rows: vec.TanhRows, backwardRows: vec.TanhBackwardRows}
	// LeakyReLU is x where it is above zero, p0·x elsewhere.
	LeakyReLU = Function{Name: "LeakyReLU",
		eval: func(y, x, _, _ []float32, p Params, _ *scratch) { vec.LocalLeaky(y, x, x, float32(p[0])) },
		grad: func(dx, x, _, dy []float32, p Params, _ *scratch) { vec.LocalLeaky(dx, x, dy, float32(p[0])) },
	}
	// ELU is x where it is above zero, p0·(e^x − 1) elsewhere, for small x as exact as for large ones.
	ELU = Function{Name: "ELU", eval: elu, grad: eluGradient}
	// GELU is x·Φ(x), with Φ the distribution function of the standard normal, for which there is a kernel.
	GELU = Function{Name: "GELU",
		eval: func(y, x, _, _ []float32, _ Params, t *scratch) {
			vec.LocalNormCDF(t.temp(0, len(x)), x)
			vec.LocalMul(y, x, t.temp(0, len(x)))
		},
		grad: geluGradient,
	}
	// GELUTanh is x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, which is x times a sigmoid.
	GELUTanh = Function{Name: "GELUTanh", eval: geluTanh, grad: geluTanhGradient}
	// SiLU is x/(1 + e^−x).
	SiLU = Function{Name: "SiLU",
		eval: func(y, x, _, _ []float32, _ Params, _ *scratch) { vec.LocalSiLU(y, x) },
		grad: func(dx, x, _, dy []float32, _ Params, _ *scratch) { vec.LocalSiLUBackward(dx, x, dy) },
	}
	// Hardswish is x·min(max(x + 3, 0), 6)/6. Its gradient is zero up to −3 and one from 3 on.
	Hardswish = Function{Name: "Hardswish",
		eval: func(y, x, _, _ []float32, _ Params, _ *scratch) { vec.LocalHardswish(y, x) },
		grad: func(dx, x, _, dy []float32, _ Params, _ *scratch) { vec.LocalHardswishBackward(dx, x, dy) },
	}
	// Hardsigmoid is min(max(x + 3, 0), 6)/6. Its gradient is zero at both ends.
	Hardsigmoid = Function{Name: "Hardsigmoid",
		eval: func(y, x, _, _ []float32, _ Params, _ *scratch) {
			vec.LocalAddScalar(y, x, 3)
			vec.LocalReLU6(y, y)
			vec.LocalScale(y, 1./6, y)
		},
		grad: func(dx, x, _, dy []float32, _ Params, _ *scratch) {
			vec.LocalScale(dx, 1./6, dy)
			vec.LocalAbove(dx, x, dx, -3)
			vec.LocalBelow(dx, x, dx, 3)
		},
	}
	// Softplus is log(1 + e^x), which is x where that is large.
	Softplus = Function{Name: "Softplus",
		eval: func(y, x, _, _ []float32, _ Params, t *scratch) { softplus(y, x, t) },
		grad: func(dx, x, _, dy []float32, _ Params, _ *scratch) {
			vec.LocalSigmoid(dx, x)
			vec.LocalMul(dx, dx, dy)
		},
	}
	// Mish is x·tanh(log(1 + e^x)).
	Mish = Function{Name: "Mish", eval: mish, grad: mishGradient}
)

// elu finds e^x − 1 = 2t/(1 − t) with t = tanh(x/2), where nothing cancels for x ≤ 0.
func elu(y, x, _, _ []float32, p Params, t *scratch) {
	num, den := t.temp(0, len(x)), t.temp(1, len(x))
	vec.LocalAtMost(num, x, 0)
	vec.LocalScale(num, 0.5, num)
	vec.LocalTanh(num, num)
	vec.LocalScale(den, -1, num)
	vec.LocalAddScalar(den, den, 1)
	vec.LocalDiv(num, num, den)
	vec.LocalReLU(y, x)
	vec.LocalAxpy(y, float32(2*p[0]), num)
}

func eluGradient(dx, x, _, dy []float32, p Params, t *scratch) {
	e := t.temp(0, len(x))
	vec.LocalAtMost(e, x, 0)
	vec.LocalExp(e, e)
	vec.LocalMul(e, e, dy)
	vec.LocalLeaky(dx, x, e, float32(p[0]))
}

// geluGradient computes dx = dy·(Φ(x) + x·φ(x)).
func geluGradient(dx, x, _, dy []float32, _ Params, t *scratch) {
	cdf := t.temp(0, len(x))
	vec.LocalNormCDF(cdf, x)
	vec.LocalMul(dx, x, x)
	vec.LocalScale(dx, -0.5, dx)
	vec.LocalExp(dx, dx)
	vec.LocalMul(dx, dx, x)
	vec.LocalScale(dx, float32(1/math.Sqrt(2*math.Pi)), dx)
	vec.LocalAddTo(dx, cdf)
	vec.LocalMul(dx, dx, dy)
}

// (1 + tanh u)/2 is the sigmoid of 2u = geluLinear·x + geluCubic·x³.
const (
	geluLinear = 1.59576912160573071176 // 2·√(2/π)
	geluCubic  = 0.044715 * geluLinear
)

// odd computes dst = (a + b·s)·x for the squares s of x.
func odd(dst, x, s []float32, a, b float32) {
	vec.LocalScale(dst, b, s)
	vec.LocalAddScalar(dst, dst, a)
	vec.LocalMul(dst, dst, x)
}

func geluTanh(y, x, _, _ []float32, _ Params, t *scratch) {
	s := t.temp(0, len(x))
	vec.LocalMul(s, x, x)
	odd(s, x, s, geluLinear, geluCubic)
	vec.LocalSigmoid(s, s)
	vec.LocalMul(y, x, s)
}

// geluTanhGradient computes dx = dy·(s + x·v′·s·(1 − s)) with s the sigmoid of v = 2u.
func geluTanhGradient(dx, x, _, dy []float32, _ Params, t *scratch) {
	s, slope := t.temp(0, len(x)), t.temp(1, len(x))
	vec.LocalMul(s, x, x)
	odd(slope, x, s, geluLinear, 3*geluCubic)
	odd(s, x, s, geluLinear, geluCubic)
	vec.LocalSigmoid(s, s)
	vec.LocalSigmoidBackward(dx, s, slope, false)
	vec.LocalAddTo(dx, s)
	vec.LocalMul(dx, dx, dy)
}

// softplus computes dst = max(x, 0) + log(1 + e^−|x|).
func softplus(dst, x []float32, t *scratch) {
	u := t.temp(0, len(x))
	vec.LocalAbs(u, x)
	vec.LocalScale(u, -1, u)
	vec.LocalExp(u, u)
	log1p(dst, u, t)
	vec.LocalReLU(u, x)
	vec.LocalAddTo(dst, u)
}

// log1p computes dst = log(1 + u) for 0 ≤ u ≤ 1: the logarithm of w, which is 1 + u rounded, and (u − (w − 1))/w for the rounding.
func log1p(dst, u []float32, t *scratch) {
	w, rest := t.temp(1, len(u)), t.temp(2, len(u))
	vec.LocalAddScalar(w, u, 1)
	vec.LocalAddScalar(rest, w, -1)
	vec.LocalSub(rest, u, rest)
	vec.LocalDiv(rest, rest, w)
	vec.LocalLog(dst, w)
	vec.LocalAddTo(dst, rest)
}

// mishTerms finds tanh(log(1 + e^x)) = w/(w + 2) with w = e·(e + 2) and e = e^x, at most e²⁰, from where on it is one: the quotient
// replaces w.
func mishTerms(e, w, den, x []float32) {
	vec.LocalAtMost(e, x, 20)
	vec.LocalExp(e, e)
	vec.LocalAddScalar(w, e, 2)
	vec.LocalMul(w, w, e)
	vec.LocalAddScalar(den, w, 2)
	vec.LocalDiv(w, w, den)
}

func mish(y, x, _, _ []float32, _ Params, t *scratch) {
	w := t.temp(1, len(x))
	mishTerms(t.temp(0, len(x)), w, t.temp(2, len(x)), x)
	vec.LocalMul(y, x, w)
}

// mishGradient computes dx = dy·(q + x·q′) with q the quotient, q′ = 4e(e + 1)/(w + 2)².
func mishGradient(dx, x, _, dy []float32, _ Params, t *scratch) {
	e, q, den := t.temp(0, len(x)), t.temp(1, len(x)), t.temp(2, len(x))
	mishTerms(e, q, den, x)
	vec.LocalAddScalar(dx, e, 1)
	vec.LocalMul(dx, dx, e)
	vec.LocalScale(dx, 4, dx)
	vec.LocalDiv(dx, dx, den)
	vec.LocalDiv(dx, dx, den)
	vec.LocalAtMost(e, x, 20) // where it is more, q′ is nothing beside q
	vec.LocalMul(dx, dx, e)
	vec.LocalAddTo(dx, q)
	vec.LocalMul(dx, dx, dy)
}
