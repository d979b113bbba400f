package autograd

import "github.com/oneshot-nas/oneshot/kernels/activation"

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
