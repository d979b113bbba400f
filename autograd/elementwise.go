package autograd

import "github.com/oneshot-nas/oneshot/kernels/vec"

// ReLU computes max(x, 0).
func ReLU(tp *Tape, x *Var) *Var {
	needs := tp.recording(x)
	y := tp.outputLike(needs, x.Value)
	vec.ReLURows(y.Value.Data, y.Value.LD(), x.Value.Data, x.Value.LD(), x.Value.Rows(), x.Value.Cols())
	if needs {
		o := relus.get(tp)
		o.x, o.y[0] = x, y
		tp.record(o)
	}
	return y
}

// reluOp goes by its output, which is positive exactly where its input is.
type reluOp struct {
	x *Var
	y [1]*Var
}

var relus = newSlab[reluOp]()

func (o *reluOp) outputs() []*Var { return o.y[:] }
func (o *reluOp) release(*Tape)   { o.x = nil }

func (o *reluOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	y := o.y[0].Value
	vec.ReLUBackwardRows(dx.data, dx.ld, y.Data, y.LD(), g.data, g.ld, y.Rows(), y.Cols(), add)
}

// Add computes a + b, of one shape.
func Add(tp *Tape, a, b *Var) *Var {
	tp.sumTerms = append(tp.sumTerms[:0], Term{X: a}, Term{X: b})
	return BatchNormSum(tp, tp.sumTerms...)
}

// Reshape returns the elements of a dense x with another shape. It costs nothing.
func Reshape(tp *Tape, x *Var, shape ...int) *Var {
	v := vars.get(tp)
	v.Value = x.Value.Reshape(shape...)
	v.needs = x.needs
	if x.buf != nil {
		x.buf.refs++
		v.buf = x.buf
	}
	if tp.recording(x) {
		o := reshapes.get(tp)
		o.x, o.y[0] = x, v
		tp.record(o)
	}
	return v
}

type reshapeOp struct {
	x *Var
	y [1]*Var
}

var reshapes = newSlab[reshapeOp]()

func (o *reshapeOp) outputs() []*Var { return o.y[:] }
func (o *reshapeOp) release(*Tape)   { o.x = nil }

func (o *reshapeOp) backward(tp *Tape) {
	if tp.denseGradOf(o.y[0]) == nil {
		return
	}
	// The same floats in rows of another length. Whoever adds to a gradient with several owners copies it, so this one may
	// be described anew as long as it has one.
	y := o.y[0]
	if y.grad.refs > 1 {
		tp.own(y)
	}
	y.grad.ld = o.x.Value.Cols()
	tp.contributeShared(o.x, y.grad)
}
