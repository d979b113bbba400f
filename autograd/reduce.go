package autograd

import (
	"github.com/oneshot-nas/oneshot/kernels/elementwise"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Reductions take axes, negative ones from the end, and leave those with a length of 1, so that the result broadcasts against x; [Reshape]
// drops them. Without axes it is all elements, to one of shape [1].

// Sum adds up the elements of x along axes, in float64.
func Sum(tp *Tape, x *Var, axes ...int) *Var {
	tp.Check("autograd.Sum", x)
	if len(axes) == 0 {
		return reduce(tp, x, 1)
	}
	return reduceAxes(tp, "autograd.Sum", &elementwise.Sum, x, axes, false)
}

// Mean is the mean of the elements of x along axes: the sum is in float64. The mean of none is zero.
func Mean(tp *Tape, x *Var, axes ...int) *Var {
	tp.Check("autograd.Mean", x)
	if len(axes) == 0 {
		return reduce(tp, x, 1/float64(max(x.Value.Len(), 1)))
	}
	return reduceAxes(tp, "autograd.Mean", &elementwise.Sum, x, axes, true)
}

// reduce computes scale·Σx.
func reduce(tp *Tape, x *Var, scale float64) *Var {
	needs := tp.recording(x)
	y := tp.output(needs, 1)
	y.Value.Data[0] = float32(scale * overRows(x.Value, vec.Sum))
	if needs {
		o := reductions.get(tp)
		o.x, o.y[0], o.scale = x, y, float32(scale)
		tp.record(o)
	}
	return y
}

// overRows adds up a reduction over all elements of t: at once, or row by row where there are gaps.
func overRows(t tensor.Tensor, sum func([]float32) float64) (s float64) {
	if t.Dense() {
		return sum(t.Data[:t.Len()])
	}
	ld, cols := t.LD(), t.Cols()
	for r := range t.Rows() {
		s += sum(t.Data[r*ld:][:cols])
	}
	return s
}

type reduceOp struct {
	x     *Var
	y     [1]*Var
	scale float32
}

var reductions = newSlab[reduceOp]()

func (o *reduceOp) outputs() []*Var { return o.y[:] }
func (o *reduceOp) release(*Tape)   { o.x = nil }

func (o *reduceOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	vec.FillRows(dx.data, dx.ld, o.scale*g.data[0], o.x.Value.Rows(), o.x.Value.Cols(), add)
}

// span is some rows of a value, from row on.
type span struct {
	x   *Var
	row int
}

func (s span) rows() (data []float32, ld int) {
	v := s.x.Value
	return from(v.Data, s.row*v.LD()), v.LD()
}

// squares computes scale·Σ(a−b)² over so many rows, of shape [1], with the sum in float64; without b it is scale·Σa².
func squares(tp *Tape, scale float64, a, b span, rows int) *Var {
	needs := tp.recording(a.x) || b.x != nil && tp.recording(b.x)
	y := tp.output(needs, 1)
	if b.x == nil {
		y.Value.Data[0] = float32(scale * overRows(a.x.Value, vec.SumSq))
	}
	var diff *buffer
	if b.x != nil {
		cols := a.x.Value.Cols()
		diff = tp.buffer(rows * cols)
		diff.ld = cols
		from, ld := a.rows()
		vec.CopyRows(diff.data, cols, from, ld, rows, cols)
		from, ld = b.rows()
		vec.AxpyRows(diff.data, cols, -1, from, ld, rows, cols)
		y.Value.Data[0] = float32(scale * vec.SumSq(diff.data))
	}
	if !needs {
		tp.unref(diff)
		return y
	}
	o := squareds.get(tp)
	o.a, o.b, o.rows, o.diff, o.y[0], o.scale = a, b, rows, diff, y, float32(2*scale)
	tp.record(o)
	return y
}

type squareOp struct {
	a, b  span
	rows  int
	diff  *buffer // a−b; nil if there is no b
	y     [1]*Var
	scale float32 // of the gradient
}

var squareds = newSlab[squareOp]()

func (o *squareOp) outputs() []*Var { return o.y[:] }

func (o *squareOp) release(tp *Tape) {
	tp.unref(o.diff)
	o.a, o.b, o.diff = span{}, span{}, nil
}

func (o *squareOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	s := o.scale * g.data[0]
	if o.diff == nil {
		x := o.a.x.Value
		tp.contributeScaled(o.a.x, s, x.Data, x.LD())
		return
	}
	tp.contributeSpan(o.a, s, o.diff, o.rows)
	tp.contributeSpan(o.b, -s, o.diff, o.rows)
}

// contributeSpan adds s·g to the gradient of some rows of a value.
func (tp *Tape) contributeSpan(to span, s float32, g *buffer, rows int) {
	v := to.x
	switch {
	case !v.needs:
	case rows == v.Value.Rows():
		tp.contributeScaled(v, s, g.data, g.ld)
	default:
		grad, add := tp.contribute(v)
		if !add {
			clear(grad.data[:v.Value.Len()]) // a new gradient is dense
		}
		vec.AxpyRows(from(grad.data, to.row*grad.ld), grad.ld, s, g.data, g.ld, rows, v.Value.Cols())
	}
}
