package autograd

import (
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// ReLU computes max(x, 0).
func ReLU(tp *Tape, x *Var) *Var {
	tp.check("autograd.ReLU", x)
	tp.activated(x.Value, 1)
	return activate(tp, x, vec.ReLURows, vec.ReLUBackwardRows)
}

// ReLU6 computes min(max(x, 0), 6).
func ReLU6(tp *Tape, x *Var) *Var {
	tp.check("autograd.ReLU6", x)
	if tp.open {
		return ReLU(tp, x)
	}
	tp.activated(x.Value, 1)
	return activate(tp, x, vec.ReLU6Rows, vec.ReLU6BackwardRows)
}

// Sigmoid computes 1/(1 + e^−x).
func Sigmoid(tp *Tape, x *Var) *Var {
	tp.check("autograd.Sigmoid", x)
	return activate(tp, x, vec.SigmoidRows, vec.SigmoidBackwardRows)
}

// Tanh computes the hyperbolic tangent of x.
func Tanh(tp *Tape, x *Var) *Var {
	tp.check("autograd.Tanh", x)
	return activate(tp, x, vec.TanhRows, vec.TanhBackwardRows)
}

type (
	activation         func(y []float32, ldy int, x []float32, ldx, rows, cols int)
	activationBackward func(dx []float32, lddx int, y []float32, ldy int, dy []float32, lddy, rows, cols int, accumulate bool)
)

func activate(tp *Tape, x *Var, f activation, backward activationBackward) *Var {
	needs := tp.recording(x)
	y := tp.outputLike(needs, x.Value)
	f(y.Value.Data, y.Value.LD(), x.Value.Data, x.Value.LD(), x.Value.Rows(), x.Value.Cols())
	if needs {
		o := activations.get(tp)
		o.x, o.y[0], o.gradient = x, y, backward
		tp.record(o)
	}
	return y
}

// activationOp goes by its output: the gradient of each activation is a function of that.
type activationOp struct {
	x        *Var
	y        [1]*Var
	gradient activationBackward
}

var activations = newSlab[activationOp]()

func (o *activationOp) outputs() []*Var { return o.y[:] }
func (o *activationOp) release(*Tape)   { o.x = nil }

func (o *activationOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	y := o.y[0].Value
	o.gradient(dx.data, dx.ld, y.Data, y.LD(), g.data, g.ld, y.Rows(), y.Cols(), add)
}

// Add computes a + b, of one shape.
func Add(tp *Tape, a, b *Var) *Var {
	tp.check("autograd.Add", a, b)
	tp.sumTerms = append(tp.sumTerms[:0], Term{X: a}, Term{X: b})
	return BatchNormSum(tp, tp.sumTerms...)
}

// Mul computes the product of a and b, of one shape, element by element.
func Mul(tp *Tape, a, b *Var) *Var {
	tp.check("autograd.Mul", a, b)
	sameShape("autograd.Mul", a, b)
	needs := tp.recording(a) || tp.recording(b)
	y := tp.outputLike(needs, a.Value)
	vec.MulRows(y.Value.Data, y.Value.LD(), a.Value.Data, a.Value.LD(), b.Value.Data, b.Value.LD(), a.Value.Rows(), a.Value.Cols(), false)
	if needs {
		o := products.get(tp)
		o.a, o.b, o.y[0] = a, b, y
		tp.record(o)
	}
	return y
}

type mulOp struct {
	a, b *Var
	y    [1]*Var
}

var products = newSlab[mulOp]()

func (o *mulOp) outputs() []*Var { return o.y[:] }
func (o *mulOp) release(*Tape)   { o.a, o.b = nil, nil }

func (o *mulOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	pass := func(to, factor *Var) {
		if to.needs {
			v := factor.Value
			d, add := tp.contribute(to)
			vec.MulRows(d.data, d.ld, g.data, g.ld, v.Data, v.LD(), v.Rows(), v.Cols(), add)
		}
	}
	pass(o.a, o.b)
	pass(o.b, o.a)
}

// Scale computes s·x.
func Scale(tp *Tape, x *Var, s float32) *Var {
	tp.check("autograd.Scale", x)
	needs := tp.recording(x)
	y := tp.outputLike(needs, x.Value)
	vec.ScaleRows(y.Value.Data, y.Value.LD(), s, x.Value.Data, x.Value.LD(), x.Value.Rows(), x.Value.Cols())
	if needs {
		o := scales.get(tp)
		o.x, o.y[0], o.s = x, y, s
		tp.record(o)
	}
	return y
}

type scaleOp struct {
	x *Var
	y [1]*Var
	s float32
}

var scales = newSlab[scaleOp]()

func (o *scaleOp) outputs() []*Var { return o.y[:] }
func (o *scaleOp) release(*Tape)   { o.x = nil }

func (o *scaleOp) backward(tp *Tape) {
	if g := tp.gradOf(o.y[0]); g != nil {
		tp.contributeScaled(o.x, o.s, g.data, g.ld)
	}
}

// contributeScaled adds s·g, for g with rows ld apart, to the gradient of v.
func (tp *Tape) contributeScaled(v *Var, s float32, g []float32, ld int) {
	rows, cols := v.Value.Rows(), v.Value.Cols()
	if grad, add := tp.contribute(v); add {
		vec.AxpyRows(grad.data, grad.ld, s, g, ld, rows, cols)
	} else {
		vec.ScaleRows(grad.data, grad.ld, s, g, ld, rows, cols)
	}
}

// sameShape panics unless b has the shape of a.
func sameShape(op string, a, b *Var) {
	if !b.Value.SameShape(a.Value) {
		panic(tensor.ShapeError{Op: op, Got: shapeOf(b), Want: shapeOf(a)})
	}
}
