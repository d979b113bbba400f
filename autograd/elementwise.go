package autograd

import (
	"github.com/oneshot-nas/oneshot/kernels/elementwise"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Exp computes e^x.
func Exp(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Exp, x) }

// Log computes the natural logarithm of x: −∞ of zero, where its gradient is infinite, and NaN below.
func Log(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Log, x) }

// Sqrt computes √x, whose gradient is infinite at zero.
func Sqrt(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Sqrt, x) }

// Square computes x².
func Square(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Square, x) }

// Pow computes x^p. It is slow, element by element, but for an exponent of −1, 0, 1/2, 1, 2 or 3. x^0 is 1, whatever x is, and has no
// gradient.
func Pow(tp *Tape, x *Var, p float64) *Var { return unary(tp, &elementwise.Pow, x, p) }

// Reciprocal computes 1/x.
func Reciprocal(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Reciprocal, x) }

// Abs computes |x|, whose gradient is zero at zero.
func Abs(tp *Tape, x *Var) *Var { return unary(tp, &elementwise.Abs, x) }

// Clamp computes min(max(x, lo), hi); a bound may be infinite. The gradient passes where lo < x < hi, as in PyTorch 2.15, and not at
// the bounds.
func Clamp(tp *Tape, x *Var, lo, hi float32) *Var {
	if lo != lo || hi != hi {
		panic(tensor.ShapeError{Op: "autograd.Clamp", Got: "a bound that is NaN", Want: "numbers"})
	}
	return unary(tp, &elementwise.Clamp, x, float64(lo), float64(hi))
}

// AddScalar computes x + s.
func AddScalar(tp *Tape, x *Var, s float32) *Var {
	return unary(tp, &elementwise.AddScalar, x, float64(s))
}

// Neg computes −x.
func Neg(tp *Tape, x *Var) *Var { return Scale(tp, x, -1) }

// unary records a function of one variable with up to two parameters.
func unary(tp *Tape, f *elementwise.Function, x *Var, params ...float64) *Var {
	if !tp.has(x) {
		tp.refuse("autograd."+f.Name, 0, 1, x)
	}
	needs := tp.recording(x)
	y := tp.outputLike(needs, x.Value)
	var p elementwise.Params
	copy(p[:], params)
	f.Apply(array(y.Value), array(x.Value), p)
	if needs {
		o := unaries.get(tp)
		o.x, o.y[0], o.f, o.p = x, y, f, p
		tp.record(o)
	}
	return y
}

type unaryOp struct {
	x *Var
	y [1]*Var
	f *elementwise.Function
	p elementwise.Params
}

var unaries = newSlab[unaryOp]()

func (o *unaryOp) outputs() []*Var { return o.y[:] }
func (o *unaryOp) release(*Tape)   { o.x = nil }

func (o *unaryOp) backward(tp *Tape) {
	y := o.y[0]
	g := tp.gradOf(y)
	if g == nil {
		return
	}
	if o.f.PassesGradient() {
		tp.contributeShared(o.x, g)
		return
	}
	v := o.x
	if o.f.ByOutput {
		v = y
	}
	dx, add := tp.contribute(o.x)
	o.f.Backward(dx.array(o.x), array(v.Value), g.array(y), add, o.p)
}

// array is a value as an operand of kernels that see all axes.
func array(t tensor.Tensor) (a elementwise.Array) {
	a.Data, a.Shape = t.Data, [elementwise.Axes]int{1, 1, 1, 1}
	front := elementwise.Axes - t.Rank()
	for i := range t.Rank() {
		a.Shape[front+i], a.Stride[front+i] = t.Dim(i), t.Stride(i)
	}
	return a
}

// array is the gradient of v as an operand.
func (b *buffer) array(v *Var) elementwise.Array {
	a := array(v.Value)
	a.Data = b.data
	s, rank := strides(v.Value, b.ld), v.Value.Rank()
	copy(a.Stride[elementwise.Axes-rank:], s[:rank])
	return a
}

// Scale computes s·x.
func Scale(tp *Tape, x *Var, s float32) *Var {
	tp.Check("autograd.Scale", x)
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
