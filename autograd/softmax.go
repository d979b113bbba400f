package autograd

import (
	"github.com/oneshot-nas/oneshot/kernels/softmax"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Softmax computes exp(x_j) / Σ_i exp(x_i) along the last axis of x, […][K].
func Softmax(tp *Tape, x *Var) *Var {
	return alongRows(tp, "autograd.Softmax", x, softmax.Softmax, softmax.SoftmaxBackward)
}

// LogSoftmax computes x_j − log Σ_i exp(x_i) along the last axis of x, […][K].
func LogSoftmax(tp *Tape, x *Var) *Var {
	return alongRows(tp, "autograd.LogSoftmax", x, softmax.LogSoftmax, softmax.LogSoftmaxBackward)
}

func alongRows(tp *Tape, name string, x *Var, f func(dst, x []float32, k int), backward func(dx, y, dy []float32, k int, accumulate bool)) *Var {
	tp.Check(name, x)
	k := x.Value.Cols()
	if x.Value.Rank() < 1 || k < 1 {
		panic(tensor.ShapeError{Op: name, Got: shapeOf(x), Want: "[…][K]"})
	}
	needs := tp.recording(x)
	y := tp.denseOutputLike(needs, x.Value)
	from := y.Value.Data
	if x.Value.Dense() {
		from = x.Value.Data[:x.Value.Len()]
	} else {
		vec.CopyRows(from, k, x.Value.Data, x.Value.LD(), x.Value.Rows(), k)
	}
	f(y.Value.Data, from, k)
	if needs {
		o := softmaxes.get(tp)
		o.x, o.y[0], o.gradient = x, y, backward
		tp.record(o)
	}
	return y
}

// softmaxOp goes by its output, as the gradients of both are functions of that.
type softmaxOp struct {
	x        *Var
	y        [1]*Var
	gradient func(dx, y, dy []float32, k int, accumulate bool)
}

var softmaxes = newSlab[softmaxOp]()

func (o *softmaxOp) outputs() []*Var { return o.y[:] }
func (o *softmaxOp) release(*Tape)   { o.x = nil }

func (o *softmaxOp) backward(tp *Tape) {
	g := tp.denseGradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contributeDense(o.x)
	o.gradient(dx, o.y[0].Value.Data, g, o.x.Value.Cols(), add)
}
