package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/gather"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// IndexSelect picks elements of an axis of x (negative axes count from the end), as torch.index_select does: element i of the axis of the
// result is element index[i] of that of x. Indices may repeat; they must stay as they are until the backward pass. (What looks rows up in a
// parameter is [Embedding].)
func IndexSelect(tp *Tape, x *Var, axis int, index []int32) *Var {
	tp.Check("autograd.IndexSelect", x)
	axis = axisOf("autograd.IndexSelect", x, axis)
	shape, rank := dims(x.Value)
	shape[axis] = len(index)
	y := tp.output(tp.recording(x), shape[:rank]...)
	s := gathered(x.Value, axis, len(index))
	gather.Select(along(y.Value, y.Value.Data, y.Value.LD(), axis), along(x.Value, x.Value.Data, x.Value.LD(), axis), index, s)
	return recordGather(tp, y, x, axis, index, s, gather.AddSelect)
}

// Gather picks an element for each index along an axis of x (negative axes count from the end), as torch.gather does. The indices are
// given in the order of the result, whose shape is that of x but for the axis:
//
//	y[i,j,k] = x[i, index[i,j,k], k] along axis 1
//
// They must stay as they are until the backward pass.
func Gather(tp *Tape, x *Var, axis int, index []int32) *Var {
	tp.Check("autograd.Gather", x)
	axis = axisOf("autograd.Gather", x, axis)
	shape, rank := dims(x.Value)
	shape[axis] = stepsOf("autograd.Gather", x, axis, len(index))
	y := tp.output(tp.recording(x), shape[:rank]...)
	s := gathered(x.Value, axis, shape[axis])
	gather.Pick(along(y.Value, y.Value.Data, y.Value.LD(), axis), along(x.Value, x.Value.Data, x.Value.LD(), axis), index, s)
	return recordGather(tp, y, x, axis, index, s, gather.AddPick)
}

// ScatterAdd returns a copy of x to which the elements of src have been added along an axis (negative ones count from the end) where the
// indices say, one for each element of src, as torch.scatter_add does. The shape of src is that of x but for the axis:
//
//	y = x, then y[i, index[i,j,k], k] += src[i,j,k] along axis 1
//
// What meets in one element is added in the order of j, for any number of threads. The indices must stay as they are until the
// backward pass.
func ScatterAdd(tp *Tape, x *Var, axis int, index []int32, src *Var) *Var {
	const op = "autograd.ScatterAdd"
	tp.Check(op, x, src)
	axis = axisOf(op, x, axis)
	steps := stepsOf(op, x, axis, len(index))
	fits := src.Value.Rank() == x.Value.Rank()
	for i := 0; fits && i < x.Value.Rank(); i++ {
		fits = src.Value.Dim(i) == x.Value.Dim(i) || i == axis && src.Value.Dim(i) == steps
	}
	if !fits || src.Value.Len() != len(index) {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("source %s for %d indices", shapeOf(src), len(index)),
			Want: fmt.Sprintf("%s but for axis %d, and as many indices", shapeOf(x), axis)})
	}
	needs := tp.recording(x) || tp.recording(src)
	y := tp.outputLike(needs, x.Value)
	v := y.Value
	vec.CopyRows(v.Data, v.LD(), x.Value.Data, x.Value.LD(), v.Rows(), v.Cols())
	s := gathered(v, axis, steps)
	gather.AddPick(along(v, v.Data, v.LD(), axis), along(src.Value, src.Value.Data, src.Value.LD(), axis), index, s)
	if needs {
		o := scatters.get(tp)
		o.x, o.src, o.y[0], o.axis, o.index, o.shape = x, src, y, axis, index, s
		tp.record(o)
	}
	return y
}

// gathered is the shape of operands that pick n elements along an axis of t.
func gathered(t tensor.Tensor, axis, n int) gather.Shape {
	s := gather.Shape{Outer: 1, Axis: t.Dim(axis), N: n, Rows: 1, Cols: 1}
	for i := range axis {
		s.Outer *= t.Dim(i)
	}
	if last := t.Rank() - 1; axis < last {
		s.Cols = t.Cols()
		for i := axis + 1; i < last; i++ {
			s.Rows *= t.Dim(i)
		}
	}
	return s
}

// along is data in the shape of t, with rows ld apart, as it looks along an axis.
func along(t tensor.Tensor, data []float32, ld, axis int) gather.Array {
	s := strides(t, ld)
	a := gather.Array{Data: data, Axis: s[axis], LD: ld}
	if axis > 0 {
		a.Outer = s[axis-1]
	}
	return a
}

// stepsOf is how long an axis of x must be for it to have n elements.
func stepsOf(op string, x *Var, axis, n int) int {
	other := 1
	for i := range x.Value.Rank() {
		if i != axis {
			other *= x.Value.Dim(i)
		}
	}
	if other == 0 || n%other != 0 {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("%d indices", n),
			Want: fmt.Sprintf("a multiple of %d: one for each element of %s but for axis %d", other, shapeOf(x), axis)})
	}
	return n / other
}

func recordGather(tp *Tape, y, x *Var, axis int, index []int32, s gather.Shape, backward gatherBackward) *Var {
	if y.needs {
		o := gathers.get(tp)
		o.x, o.y[0], o.axis, o.index, o.shape, o.add = x, y, axis, index, s, backward
		tp.record(o)
	}
	return y
}

// gatherBackward adds the gradient of what has been picked to that of what it was picked from.
type gatherBackward func(dx, dy gather.Array, index []int32, s gather.Shape)

type gatherOp struct {
	x     *Var
	y     [1]*Var
	axis  int
	index []int32
	shape gather.Shape
	add   gatherBackward
}

var gathers = newSlab[gatherOp]()

func (o *gatherOp) outputs() []*Var { return o.y[:] }
func (o *gatherOp) release(*Tape)   { o.x, o.index = nil, nil }

func (o *gatherOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	if !add {
		clear(dx.data[:o.x.Value.Len()]) // a new gradient is dense
	}
	o.add(along(o.x.Value, dx.data, dx.ld, o.axis), along(o.y[0].Value, g.data, g.ld, o.axis), o.index, o.shape)
}

type scatterOp struct {
	x, src *Var
	y      [1]*Var
	axis   int
	index  []int32
	shape  gather.Shape
}

var scatters = newSlab[scatterOp]()

func (o *scatterOp) outputs() []*Var { return o.y[:] }
func (o *scatterOp) release(*Tape)   { o.x, o.src, o.index = nil, nil, nil }

func (o *scatterOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	if o.src.needs {
		v := o.src.Value
		picked := tp.gradient(o.src)
		gather.Pick(along(v, picked.data, picked.ld, o.axis), along(o.y[0].Value, g.data, g.ld, o.axis), o.index, o.shape)
		tp.contributeShared(o.src, picked)
		tp.unref(picked)
	}
	if o.x.needs {
		tp.contributeShared(o.x, g)
	}
}
