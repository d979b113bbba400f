package autograd_test

import (
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
)

var functionCases = []opCase{
	functionOf("Exp", unchanged, autograd.Exp, math.Exp),
	functionOf("Log", positive, autograd.Log, math.Log),
	functionOf("Sqrt", positive, autograd.Sqrt, math.Sqrt),
	functionOf("Reciprocal", positive, autograd.Reciprocal, func(x float64) float64 { return 1 / x }),
	function("Square", autograd.Square, sq),
	function("Abs", autograd.Abs, math.Abs, 0),
	function("Neg", autograd.Neg, func(x float64) float64 { return -x }),
	function("AddScalar", func(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
		return autograd.AddScalar(tp, x, -1.5)
	}, func(x float64) float64 { return x - 1.5 }),
	function("Clamp", func(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
		return autograd.Clamp(tp, x, -1, 2)
	}, func(x float64) float64 { return clamped(x, -1, 2) }, -1, 2),
	function("Clamp/below", func(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
		return autograd.Clamp(tp, x, float32(math.Inf(-1)), 0.5)
	}, func(x float64) float64 { return min(x, 0.5) }, 0.5),
	power("Pow", 1.7), power("Pow/cube", 3), power("Pow/square", 2), power("Pow/root", 0.5),
	power("Pow/inverse", -1), power("Pow/one", 1), power("Pow/zero", 0),
	power("Pow/inverse square", -2),

	function("LeakyReLU", func(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
		return autograd.LeakyReLU(tp, x, 0.1)
	}, func(x float64) float64 { return max(x, 0.1*x) }, 0),
	function("ELU", func(tp *autograd.Tape, x *autograd.Var) *autograd.Var { return autograd.ELU(tp, x, 1.5) }, func(x float64) float64 {
		if x > 0 {
			return x
		}
		return 1.5 * math.Expm1(x)
	}, 0),
	function("GELU", autograd.GELU, gelu),
	function("GELUTanh", autograd.GELUTanh, func(x float64) float64 {
		return x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) / 2
	}),
	function("SiLU", autograd.SiLU, func(x float64) float64 { return x * sigmoid(x) }),
	function("Hardswish", autograd.Hardswish, func(x float64) float64 { return x * clamped(x+3, 0, 6) / 6 }, -3, 3),
	function("Hardsigmoid", autograd.Hardsigmoid, func(x float64) float64 { return clamped(x+3, 0, 6) / 6 }, -3, 3),
	function("Softplus", autograd.Softplus, softplus),
	function("Mish", autograd.Mish, func(x float64) float64 { return x * math.Tanh(softplus(x)) }),
}

// power is x^p for positive x.
func power(name string, p float64) opCase {
	return functionOf(name, positive, func(tp *autograd.Tape, x *autograd.Var) *autograd.Var { return autograd.Pow(tp, x, p) },
		func(x float64) float64 { return math.Pow(x, p) })
}
