package nn

import (
	"cmp"

	"github.com/oneshot-nas/oneshot/autograd"
)

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
	GELU          = Func(autograd.GELU)
	SiLU          = Func(autograd.SiLU)
	Mish          = Func(autograd.Mish)
	Hardswish     = Func(autograd.Hardswish)
	Hardsigmoid   = Func(autograd.Hardsigmoid)
	Softplus      = Func(autograd.Softplus)
	Sigmoid       = Func(autograd.Sigmoid)
	Tanh          = Func(autograd.Tanh)
	Softmax       = Func(autograd.Softmax)
	LogSoftmax    = Func(autograd.LogSoftmax)
	GlobalAvgPool = Func(autograd.GlobalAvgPool) // [N][H][W][C] to [N][C]
)

// LeakyReLU is x where that is positive, and Slope·x elsewhere (Maas, Hannun and Ng 2013).
type LeakyReLU struct {
	Slope float64 // 0 stands for 0.01
}

// Forward maps x to a value of the same shape.
func (l LeakyReLU) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.LeakyReLU(tp, x, cmp.Or(l.Slope, 0.01))
}

// ELU is x where that is positive, and Alpha·(e^x − 1) elsewhere (Clevert, Unterthiner and Hochreiter 2016).
type ELU struct {
	Alpha float64 // 0 stands for 1
}

// Forward maps x to a value of the same shape.
func (e ELU) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.ELU(tp, x, cmp.Or(e.Alpha, 1))
}
