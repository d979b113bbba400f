package autograd

import (
	"github.com/oneshot-nas/oneshot/kernels/elementwise"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Max is the largest element of x along axes, NaN if there is one. The gradient is spread evenly over the elements that are the largest,
// as that of PyTorch's amax is, and of its max without an axis.
func Max(tp *Tape, x *Var, axes ...int) *Var {
	return reduceAxes(tp, "autograd.Max", &elementwise.Largest, x, axes, false)
}

// Min is the smallest element of x along axes, as [Max] is the largest.
func Min(tp *Tape, x *Var, axes ...int) *Var {
	return reduceAxes(tp, "autograd.Min", &elementwise.Smallest, x, axes, false)
}

// LogSumExp is log Σ e^x along axes, in a form that does not overflow. With it, a softmax along other axes than the last is
// Exp(tp, Sub(tp, x, LogSumExp(tp, x, axes...))).
func LogSumExp(tp *Tape, x *Var, axes ...int) *Var {
	return reduceAxes(tp, "autograd.LogSumExp", nil, x, axes, false)
}

// Variance is that of the elements of x along axes, Σ(x − mean)²/(n − 1): the unbiased estimate, as PyTorch's var is. That of one is NaN.
func Variance(tp *Tape, x *Var, axes ...int) *Var {
	place := tp.elsewhere()
	mean := Mean(tp, x, axes...)
	deviation := Sub(tp, x, mean)
	squares := Square(tp, deviation)
	sum := Sum(tp, squares, axes...)
	tp.place = place
	y := Scale(tp, sum, float32(1/(float64(x.Value.Len()/max(sum.Value.Len(), 1))-1)))
	tp.intermediate(mean, deviation, squares, sum)
	return y
}

// Std is the standard deviation of the elements of x along axes: the square root of their [Variance].
func Std(tp *Tape, x *Var, axes ...int) *Var {
	place := tp.elsewhere()
	v := Variance(tp, x, axes...)
	tp.place = place
	y := Sqrt(tp, v)
	tp.intermediate(v)
	return y
}

// elsewhere has the next value go where there is room, and returns where it was to go: to tp.place, for the value that an operation of
// several others comes to.
func (tp *Tape) elsewhere() *place {
	p := tp.place
	tp.place = nil
	return p
}

// intermediate gives back what nobody but a backward pass reads, unless there is one.
func (tp *Tape) intermediate(vs ...*Var) {
	for _, v := range vs {
		if !v.needs {
			tp.forget(v)
		}
	}
}

// reduced returns the shape that x has when it has been reduced along axes, and of how many elements each of the result is made.
func reduced(op string, x *Var, axes []int) (shape [tensor.MaxRank]int, rank, count int) {
	if len(axes) == 0 {
		return [tensor.MaxRank]int{1}, 1, x.Value.Len()
	}
	shape, rank = dims(x.Value)
	count = 1
	for _, axis := range axes {
		at := axisOf(op, x, axis)
		count, shape[at] = count*shape[at], 1
	}
	return shape, rank, count
}

// reduceAxes records a reduction, or log Σ e^x if r is nil; mean says that it is divided by the number of elements.
func reduceAxes(tp *Tape, op string, r *elementwise.Reduction, x *Var, axes []int, mean bool) *Var {
	tp.Check(op, x)
	shape, rank, count := reduced(op, x, axes)
	if count == 0 && r != &elementwise.Sum {
		panic(tensor.ShapeError{Op: op, Got: shapeOf(x), Want: "at least one element"})
	}
	scale := 1.
	if mean {
		scale /= float64(max(count, 1))
	}
	needs := tp.recording(x)
	y := tp.output(needs, shape[:rank]...)
	if r == nil {
		rest := tp.buffer(2 * y.Value.Len())
		elementwise.LogSumExp(array(y.Value), array(x.Value), rest.data)
		tp.unref(rest)
	} else {
		r.Apply(array(y.Value), array(x.Value), scale, false)
	}
	if needs {
		o := axisReductions.get(tp)
		o.x, o.y[0], o.r, o.scale = x, y, r, scale
		tp.record(o)
	}
	return y
}

type axisReduction struct {
	x     *Var
	y     [1]*Var
	r     *elementwise.Reduction
	scale float64
}

var axisReductions = newSlab[axisReduction]()

func (o *axisReduction) outputs() []*Var { return o.y[:] }
func (o *axisReduction) release(*Tape)   { o.x = nil }

func (o *axisReduction) backward(tp *Tape) {
	y := o.y[0]
	g := tp.gradOf(y)
	if g == nil {
		return
	}
	d, add := tp.contribute(o.x)
	dx, x, dy := d.array(o.x), array(o.x.Value), g.array(y)
	switch o.r {
	case nil:
		elementwise.LogSumExpBackward(dx, x, array(y.Value), dy, add)
	case &elementwise.Sum:
		elementwise.Scale.Backward(dx, x, dy, add, elementwise.Params{o.scale})
	default:
		share := tp.buffer(y.Value.Len())
		elementwise.Extreme(dx, x, array(y.Value), dy, share.data, add)
		tp.unref(share)
	}
}
