package autograd

import (
	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/elementwise"
)

// Activation names an activation function that an operation evaluates in passing: as it reads its input, or as it writes its output.
type Activation = activation.Func

const (
	ActIdentity = activation.Identity
	ActReLU     = activation.ReLU
	ActReLU6    = activation.ReLU6
	ActTanh     = activation.Tanh
	ActSigmoid  = activation.Sigmoid
)

// evaluated is act as the tape evaluates it: without the upper bound of ReLU6 if it is [Tape.Unbounded].
func (tp *Tape) evaluated(act Activation) Activation {
	if act == ActReLU6 && tp.open {
		return ActReLU
	}
	return act
}

// ReLU computes max(x, 0).
func ReLU(tp *Tape, x *Var) *Var {
	tp.Check("autograd.ReLU", x)
	tp.activated(x.Value, 1)
	return unary(tp, &elementwise.ReLU, x)
}

// ReLU6 computes min(max(x, 0), 6).
func ReLU6(tp *Tape, x *Var) *Var {
	tp.Check("autograd.ReLU6", x)
	if tp.open {
		return ReLU(tp, x)
	}
	tp.activated(x.Value, 1)
	return unary(tp, &elementwise.ReLU6, x)
}

// Sigmoid computes 1/(1 + e^−x).
func Sigmoid(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Sigmoid, x) }

// Tanh computes the hyperbolic tangent of x.
func Tanh(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Tanh, x) }

// LeakyReLU computes x where it is above zero and slope·x elsewhere (Maas, Hannun and Ng 2013); PyTorch's slope is 0.01.
func LeakyReLU(tp *Tape, x *Var, slope float64) *Var {
	return unary(tp, &elementwise.LeakyReLU, x, slope)
}

// ELU computes x where it is above zero and α·(e^x − 1) elsewhere (Clevert, Unterthiner and Hochreiter 2016, arXiv 1511.07289); PyTorch's α
// is 1.
func ELU(tp *Tape, x *Var, alpha float64) *Var { return unary(tp, &elementwise.ELU, x, alpha) }

// GELU computes x·Φ(x), with Φ the distribution function of the standard normal (Hendrycks and Gimpel 2016, arXiv 1606.08415): PyTorch's,
// unless approximate='tanh' is said, which is [GELUTanh].
func GELU(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.GELU, x) }

// GELUTanh computes x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, the approximation of [GELU] in the same paper.
func GELUTanh(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.GELUTanh, x) }

// SiLU computes x/(1 + e^−x), also known as swish (Ramachandran, Zoph and Le 2017, arXiv 1710.05941).
func SiLU(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.SiLU, x) }

// Hardswish computes x·min(max(x + 3, 0), 6)/6 (Howard et al. 2019, arXiv 1905.02244, section 5.2).
func Hardswish(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Hardswish, x) }

// Hardsigmoid computes min(max(x + 3, 0), 6)/6, the gate of the squeeze-and-excitation of the same paper.
func Hardsigmoid(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Hardsigmoid, x) }

// Softplus computes log(1 + e^x), for large x too.
func Softplus(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Softplus, x) }

// Mish computes x·tanh(log(1 + e^x)) (Misra 2019, arXiv 1908.08681).
func Mish(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Mish, x) }
