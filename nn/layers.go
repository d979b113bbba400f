package nn

import "github.com/oneshot-nas/oneshot/autograd"

// Layer is what maps one value to another: of the layers here all that take one input and need nothing else.
type Layer interface {
	Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var
}

// Func is a layer without parameters: Func(autograd.ReLU).
type Func func(tp *autograd.Tape, x *autograd.Var) *autograd.Var

// Forward calls f.
func (f Func) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var { return f(tp, x) }

// Sequential applies layers one after the other.
type Sequential []Layer

// Forward is the last layer of … of the first layer of x.
func (s Sequential) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	for _, l := range s {
		x = l.Forward(tp, x)
	}
	return x
}

// Activations, and other layers without parameters or settings.
var (
	ReLU          = Func(autograd.ReLU)
	ReLU6         = Func(autograd.ReLU6)
	Sigmoid       = Func(autograd.Sigmoid)
	Tanh          = Func(autograd.Tanh)
	GlobalAvgPool = Func(autograd.GlobalAvgPool) // [N][H][W][C] to [N][C]
)
