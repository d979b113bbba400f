package elementwise

import "github.com/oneshot-nas/oneshot/kernels/vec"

// The functions of one variable that are simple. p are the parameters.
var (
	// Exp is e^x.
	Exp = Function{Name: "Exp", ByOutput: true,
		eval: func(y, x, _, _ []float32, _ Params, _ *scratch) { vec.LocalExp(y, x) },
		grad: func(dx, y, _, dy []float32, _ Params, _ *scratch) { vec.LocalMul(dx, y, dy) },
	}
	// Log is the natural logarithm: −∞ at zero, where its gradient is infinite, and NaN below.
	Log = Function{Name: "Log",
		eval: func(y, x, _, _ []float32, _ Params, _ *scratch) { vec.LocalLog(y, x) },
		grad: func(dx, x, _, dy []float32, _ Params, _ *scratch) { vec.LocalDiv(dx, dy, x) },
	}
	// Sqrt is √x; its gradient is infinite at zero.
	Sqrt = Function{Name: "Sqrt", ByOutput: true,
		eval: func(y, x, _, _ []float32, _ Params, _ *scratch) { vec.LocalSqrt(y, x) },
		grad: func(dx, y, _, dy []float32, _ Params, t *scratch) {
			twice := t.temp(0, len(y))
			vec.LocalScale(twice, 2, y)
			vec.LocalDiv(dx, dy, twice)
		},
	}
	// Square is x².
	Square = Function{Name: "Square",
		eval: func(y, x, _, _ []float32, _ Params, _ *scratch) { vec.LocalMul(y, x, x) },
		grad: func(dx, x, _, dy []float32, _ Params, _ *scratch) {
			vec.LocalMul(dx, x, dy)
			vec.LocalScale(dx, 2, dx)
		},
	}
	// Reciprocal is 1/x: infinite at zero.
	Reciprocal = Function{Name: "Reciprocal", ByOutput: true,
		eval: reciprocal,
		grad: func(dx, y, _, dy []float32, _ Params, _ *scratch) {
			vec.LocalMul(dx, y, y)
			vec.LocalMul(dx, dx, dy)
			vec.LocalScale(dx, -1, dx)
		},
	}
	// Abs is |x|; its gradient is zero at zero.
	Abs = Function{Name: "Abs",
		eval: func(y, x, _, _ []float32, _ Params, _ *scratch) { vec.LocalAbs(y, x) },
		grad: func(dx, x, _, dy []float32, _ Params, t *scratch) { signed(dx, x, dy, t) },
	}
	// Scale is p0·x.
	Scale = Function{Name: "Scale",
		eval: func(y, x, _, _ []float32, p Params, _ *scratch) { vec.LocalScale(y, float32(p[0]), x) },
		grad: func(dx, _, _, dy []float32, p Params, _ *scratch) { vec.LocalScale(dx, float32(p[0]), dy) },
	}
	// AddScalar is x + p0.
	AddScalar = Function{Name: "AddScalar",
		eval: func(y, x, _, _ []float32, p Params, _ *scratch) { vec.LocalAddScalar(y, x, float32(p[0])) },
	}
	// Clamp is min(max(x, p0), p1), which is p1 everywhere if p0 is above it. NaN stays NaN. The gradient passes where p0 < x < p1.
	Clamp = Function{Name: "Clamp",
		eval: func(y, x, _, _ []float32, p Params, _ *scratch) { clamp(y, x, float32(p[0]), float32(p[1])) },
		grad: func(dx, x, _, dy []float32, p Params, _ *scratch) {
			vec.LocalAbove(dx, x, dy, float32(p[0]))
			vec.LocalBelow(dx, x, dx, float32(p[1]))
		},
	}
	// Pow is x to the power of p0. It is the fast functions that there are for −1, 1/2, 1, 2 and 3, else plain Go, within 0.51 ULP. To
	// the power of 0 it is 1, whatever x is, and has no gradient.
	Pow = Function{Name: "Pow", eval: pow, grad: powGradient}
)

func reciprocal(y, x, _, _ []float32, _ Params, t *scratch) {
	one := t.temp(0, len(y))
	fill(one, 1)
	vec.LocalDiv(y, one, x)
}

// signed computes dst = dy·sign(x), zero where x is.
func signed(dst, x, dy []float32, t *scratch) {
	negative := t.temp(2, len(dst))
	vec.LocalBelow(negative, x, dy, 0)
	vec.LocalAbove(dst, x, dy, 0)
	vec.LocalSub(dst, dst, negative)
}

// clamp computes dst = min(max(x, lo), hi).
func clamp(dst, x []float32, lo, hi float32) {
	vec.LocalAtLeast(dst, x, lo)
	vec.LocalAtMost(dst, dst, hi)
}

func pow(y, x, _, _ []float32, p Params, t *scratch) {
	switch p[0] {
	case -1:
		reciprocal(y, x, nil, nil, p, t)
	case 0:
		fill(y, 1)
	case 0.5:
		vec.LocalSqrt(y, x)
	case 1:
		copy(y, x)
	case 2:
		vec.LocalMul(y, x, x)
	case 3:
		vec.LocalMul(y, x, x)
		vec.LocalMul(y, y, x)
	default:
		power(y, x, p[0])
	}
}

// powGradient computes dx = dy·p·x^(p−1).
func powGradient(dx, x, _, dy []float32, p Params, t *scratch) {
	switch p[0] {
	case 0:
		fill(dx, 0)
		return
	case -1:
		vec.LocalMul(dx, x, x)
		reciprocal(dx, dx, nil, nil, p, t)
	case 0.5:
		vec.LocalSqrt(dx, x)
		reciprocal(dx, dx, nil, nil, p, t)
	default:
		pow(dx, x, nil, nil, Params{p[0] - 1}, t)
	}
	vec.LocalScale(dx, float32(p[0]), dx)
	vec.LocalMul(dx, dx, dy)
}
