package autograd

import (
	"github.com/oneshot-nas/oneshot/kernels/elementwise"
	"github.com/oneshot-nas/oneshot/tensor"
)

// The operands of these functions broadcast: axes are aligned from the right, and one of length 1, or one that is missing, is stretched to
// the length that the other operand has there. A channel vector [C] goes with images [N][H][W][C], and so do a value for each image and
// channel, [N][1][1][C], and a single number, [1].

// Add computes a + b.
func Add(tp *Tape, a, b *Var) *Var {
	tp.Check("autograd.Add", a, b)
	if a.Value.SameShape(b.Value) {
		tp.sumTerms = append(tp.sumTerms[:0], Term{X: a}, Term{X: b})
		return BatchNormSum(tp, tp.sumTerms...)
	}
	return binary(tp, "autograd.Add", &elementwise.Add, a, b)
}

// Sub computes a − b.
func Sub(tp *Tape, a, b *Var) *Var { return binary(tp, "autograd.Sub", &elementwise.Sub, a, b) }

// Mul computes the product of a and b, element by element.
func Mul(tp *Tape, a, b *Var) *Var { return binary(tp, "autograd.Mul", &elementwise.Mul, a, b) }

// Div computes the quotient of a and b, element by element: infinite where b is zero, NaN where both are.
func Div(tp *Tape, a, b *Var) *Var { return binary(tp, "autograd.Div", &elementwise.Div, a, b) }

// Maximum computes the larger of a and b, element by element, and NaN where either is. Where both are equal each gets half of the
// gradient.
func Maximum(tp *Tape, a, b *Var) *Var {
	return binary(tp, "autograd.Maximum", &elementwise.Maximum, a, b)
}

// Minimum computes the smaller of a and b as [Maximum] does the larger.
func Minimum(tp *Tape, a, b *Var) *Var {
	return binary(tp, "autograd.Minimum", &elementwise.Minimum, a, b)
}

// binary records a function of two variables.
func binary(tp *Tape, op string, f *elementwise.Binary, a, b *Var) *Var {
	tp.Check(op, a, b)
	left, right := array(a.Value), array(b.Value)
	shape, ok := elementwise.Broadcast(left.Shape, right.Shape)
	if !ok {
		panic(tensor.ShapeError{Op: op, Got: shapeOf(a) + " and " + shapeOf(b), Want: "equal lengths, or 1, axis by axis from the right"})
	}
	needs := tp.recording(a) || tp.recording(b)
	y := tp.output(needs, shape[elementwise.Axes-max(a.Value.Rank(), b.Value.Rank()):]...)
	f.Apply(array(y.Value), left, right, elementwise.Params{})
	if needs {
		o := binaries.get(tp)
		o.in, o.y[0], o.f = [2]*Var{a, b}, y, f
		tp.record(o)
	}
	return y
}

type binaryOp struct {
	in [2]*Var
	y  [1]*Var
	f  *elementwise.Binary
}

var binaries = newSlab[binaryOp]()

func (o *binaryOp) outputs() []*Var { return o.y[:] }
func (o *binaryOp) release(*Tape)   { o.in = [2]*Var{} }

func (o *binaryOp) backward(tp *Tape) {
	y := o.y[0]
	g := tp.gradOf(y)
	if g == nil {
		return
	}
	a, b, dy := array(o.in[0].Value), array(o.in[1].Value), g.array(y)
	for i, v := range o.in {
		switch {
		case !v.needs:
		case o.f.PassesGradient(i) && v.Value.Len() == y.Value.Len():
			tp.contributeShared(v, g)
		default:
			d, add := tp.contribute(v)
			o.f.Backward(i, d.array(v), a, b, dy, dy.Shape, add, elementwise.Params{})
		}
	}
}
