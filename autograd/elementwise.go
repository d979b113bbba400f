package autograd

import (
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// ReLU computes max(x, 0).
func ReLU(tp *Tape, x *Var) *Var {
	needs := tp.recording(x)
	y := tp.outputLike(needs, x.Value)
	rows, c, ld := x.Value.Rows(), x.Value.Cols(), x.Value.LD()
	if ld == c {
		vec.ReLU(y.Value.Data, x.Value.Data[:len(y.Value.Data)])
	} else {
		for r := range rows {
			vec.ReLU(y.Value.Data[r*c:][:c], x.Value.Data[r*ld:][:c])
		}
	}
	if needs {
		o := tp.relus.get()
		o.x, o.y[0] = x, y
		tp.record(o)
	}
	return y
}

// reluOp goes by its output, which is positive exactly where its input is, and dense.
type reluOp struct {
	x *Var
	y [1]*Var
}

func (o *reluOp) outputs() []*Var { return o.y[:] }
func (o *reluOp) release(*Tape)   { o.x = nil }

func (o *reluOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	vec.ReLUBackward(dx, o.y[0].Value.Data, g, add)
}

// Add computes a + b, of one shape.
func Add(tp *Tape, a, b *Var) *Var {
	tp.sumTerms = append(tp.sumTerms[:0], Term{X: a}, Term{X: b})
	return BatchNormSum(tp, tp.sumTerms...)
}

// Reshape returns the elements of a dense x with another shape. It costs nothing.
func Reshape(tp *Tape, x *Var, shape ...int) *Var {
	v := tp.vars.get()
	v.Value = x.Value.Reshape(shape...)
	v.needs = x.needs
	if x.buf != nil {
		x.buf.refs++
		v.buf = x.buf
	}
	if tp.recording(x) {
		o := tp.reshapes.get()
		o.x, o.y[0] = x, v
		tp.record(o)
	}
	return v
}

type reshapeOp struct {
	x *Var
	y [1]*Var
}

func (o *reshapeOp) outputs() []*Var { return o.y[:] }
func (o *reshapeOp) release(*Tape)   { o.x = nil }

func (o *reshapeOp) backward(tp *Tape) {
	if tp.gradOf(o.y[0]) != nil {
		tp.contributeShared(o.x, o.y[0].grad)
	}
}

// rank4 panics unless v is an image batch.
func rank4(op string, v *Var) (n, h, w, c int) {
	if v.Value.Rank() != 4 {
		panic(tensor.ShapeError{Op: op, Got: shapeOf(v), Want: "[N][H][W][C]"})
	}
	return v.Value.Dim(0), v.Value.Dim(1), v.Value.Dim(2), v.Value.Dim(3)
}
