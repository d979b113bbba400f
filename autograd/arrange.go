package autograd

import (
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/elementwise"
	"github.com/oneshot-nas/oneshot/kernels/strided"
	"github.com/oneshot-nas/oneshot/tensor"
)

// An arrangement says which element of x each element of y is: loops over both, which begin at some element of each.
type arrangement struct {
	loops    [strided.MaxAxes]loop
	count    int
	at, from [tensor.MaxRank]int // where the loops begin, in y and in x
}

// loop takes n steps, each of so many elements along an axis of y and along one of x.
type loop struct {
	n            int
	axisY, stepY int
	axisX, stepX int
}

// whole is the arrangement of all of a value, each of whose axes goes along the same one of the other.
func whole(v *Var) (a arrangement) {
	for i := range v.Value.Rank() {
		a.add(loop{v.Value.Dim(i), i, 1, i, 1})
	}
	return a
}

func (a *arrangement) add(l loop) {
	a.loops[a.count] = l
	a.count++
}

// operands returns what the loops go over in y and x, whose rows are ldy and ldx apart.
func (a *arrangement) operands(y *Var, dataY []float32, ldy int, x *Var, dataX []float32, ldx int) (
	dst, src strided.Array, shape [strided.MaxAxes]int) {
	sy, sx := strides(y.Value, ldy), strides(x.Value, ldx)
	dst.Data, src.Data = dataY, dataX
	for i := range tensor.MaxRank {
		dst.At += a.at[i] * sy[i]
		src.At += a.from[i] * sx[i]
	}
	for i, l := range a.loops[:a.count] {
		shape[i], dst.Stride[i], src.Stride[i] = l.n, l.stepY*sy[l.axisY], l.stepX*sx[l.axisX]
	}
	return dst, src, shape
}

// strides are those of a tensor in the shape of t with rows ld apart.
func strides(t tensor.Tensor, ld int) (s [tensor.MaxRank]int) {
	if t.Rank() == 0 {
		return s
	}
	s[t.Rank()-1] = 1
	for i := t.Rank() - 2; i >= 0; i-- {
		s[i] = ld
		ld *= t.Dim(i)
	}
	return s
}

// copy makes the elements of y.
func (a *arrangement) copy(y, x *Var) {
	dst, src, shape := a.operands(y, y.Value.Data, y.Value.LD(), x, x.Value.Data, x.Value.LD())
	strided.Copy(dst, src, shape[:a.count]...)
}

// fill makes v of the elements of y that the loops go over.
func (a *arrangement) fill(y *Var, v float32) {
	dst, _, shape := a.operands(y, y.Value.Data, y.Value.LD(), y, nil, y.Value.LD())
	strided.Fill(dst, v, shape[:a.count]...)
}

// reverse copies the gradient of y to that of x, or adds it there.
func (a *arrangement) reverse(y *Var, g *buffer, x *Var, dx *buffer, add bool) {
	src, dst, shape := a.operands(y, g.data, g.ld, x, dx.data, dx.ld)
	if add {
		strided.Add(dst, src, shape[:a.count]...)
	} else {
		strided.Copy(dst, src, shape[:a.count]...)
	}
}

// Transpose returns a copy of x with its axes in the given order: axis i of the result is axis order[i] of x. NHWC to NCHW is
// Transpose(tp, x, 0, 3, 1, 2), a sequence [T][B][C] with the batch first Transpose(tp, x, 1, 0, 2).
func Transpose(tp *Tape, x *Var, order ...int) *Var {
	tp.Check("autograd.Transpose", x)
	var shape [tensor.MaxRank]int
	rank, seen := x.Value.Rank(), 0
	for i, axis := range order {
		if len(order) == rank && axis >= 0 && axis < rank && seen&(1<<axis) == 0 {
			seen |= 1 << axis
			shape[i] = x.Value.Dim(axis)
		}
	}
	if seen != 1<<rank-1 {
		panic(tensor.ShapeError{Op: "autograd.Transpose", Got: fmt.Sprintf("order %v of %s", slices.Clone(order), shapeOf(x)),
			Want: fmt.Sprintf("a permutation of %d axes", rank)})
	}
	y := tp.output(tp.recording(x), shape[:rank]...)
	var a arrangement
	for i, axis := range order {
		a.add(loop{shape[i], i, 1, axis, 1})
	}
	return arrange(tp, y, x, a, once)
}

// Flip returns a copy of x in which the elements along the given axes (negative ones count from the end) are in reverse order.
func Flip(tp *Tape, x *Var, axes ...int) *Var {
	tp.Check("autograd.Flip", x)
	y := tp.outputLike(tp.recording(x), x.Value)
	a := whole(y)
	for _, axis := range axes {
		axis = axisOf("autograd.Flip", x, axis)
		if a.loops[axis].stepX < 0 {
			panic(tensor.ShapeError{Op: "autograd.Flip", Got: fmt.Sprintf("axis %d twice", axis), Want: "each axis once"})
		}
		a.from[axis] = max(0, x.Value.Dim(axis)-1)
		a.loops[axis].stepX = -1
	}
	return arrange(tp, y, x, a, once)
}

// Expand returns a copy of x with another shape to which it broadcasts: axes are aligned from the right, and those of length 1, or that x
// does not have, are repeated. Arithmetic broadcasts without such a copy.
func Expand(tp *Tape, x *Var, shape ...int) *Var {
	tp.Check("autograd.Expand", x)
	rank, more := x.Value.Rank(), len(shape)-x.Value.Rank()
	fits := more >= 0 && len(shape) <= tensor.MaxRank
	for i := 0; fits && i < rank; i++ {
		fits = x.Value.Dim(i) == shape[more+i] || x.Value.Dim(i) == 1
	}
	if !fits {
		panic(tensor.ShapeError{Op: "autograd.Expand", Got: fmt.Sprintf("shape %v for %s", slices.Clone(shape), shapeOf(x)),
			Want: "a shape that differs from it where it has length 1, or in front, and has at most 4 axes"})
	}
	y := tp.output(tp.recording(x), shape...)
	var a arrangement
	for i, n := range shape {
		l := loop{n, i, 1, 0, 0}
		if i >= more && x.Value.Dim(i-more) == n {
			l.axisX, l.stepX = i-more, 1
		}
		a.add(l)
	}
	return arrange(tp, y, x, a, extended)
}

// Repeat returns x as often as times says along each axis, one copy behind the other, as torch.Tensor.repeat and numpy.tile do.
func Repeat(tp *Tape, x *Var, times ...int) *Var {
	tp.Check("autograd.Repeat", x)
	var shape [tensor.MaxRank]int
	rank := x.Value.Rank()
	fits := len(times) == rank
	for i := 0; fits && i < rank; i++ {
		fits = times[i] >= 0
		shape[i] = times[i] * x.Value.Dim(i)
	}
	if !fits {
		panic(tensor.ShapeError{Op: "autograd.Repeat", Got: fmt.Sprintf("%v times %s", slices.Clone(times), shapeOf(x)),
			Want: "a number of times for each axis, none negative"})
	}
	y := tp.output(tp.recording(x), shape[:rank]...)
	var a arrangement
	for i, n := range times {
		a.add(loop{n, i, x.Value.Dim(i), i, 0})
		a.add(loop{x.Value.Dim(i), i, 1, i, 1})
	}
	return arrange(tp, y, x, a, repeated)
}

// Pad returns x with so many elements of a value before and behind it along each axis: pads[i] is {before, behind} for axis i, and axes
// without one stay as they are. Two pixels around an image, [N][H][W][C], are Pad(tp, x, 0, [2]int{}, [2]int{2, 2}, [2]int{2, 2}).
func Pad(tp *Tape, x *Var, value float32, pads ...[2]int) *Var {
	tp.Check("autograd.Pad", x)
	shape, rank := dims(x.Value)
	fits := len(pads) <= rank
	for i := 0; fits && i < len(pads); i++ {
		fits = pads[i][0] >= 0 && pads[i][1] >= 0
		shape[i] += pads[i][0] + pads[i][1]
	}
	if !fits {
		panic(tensor.ShapeError{Op: "autograd.Pad", Got: fmt.Sprintf("pads %v of %s", slices.Clone(pads), shapeOf(x)),
			Want: "at most one for each axis, none negative"})
	}
	y := tp.output(tp.recording(x), shape[:rank]...)
	a := whole(x)
	for i, p := range pads {
		a.at[i] = p[0]
	}
	// What lies before and behind x along an axis, within x along the axes before that one.
	border := whole(y)
	for i, p := range pads {
		n := x.Value.Dim(i)
		border.at[i], border.loops[i].n = 0, p[0]
		border.fill(y, value)
		border.at[i], border.loops[i].n = p[0]+n, p[1]
		border.fill(y, value)
		border.at[i], border.loops[i].n = p[0], n
	}
	return arrange(tp, y, x, a, once)
}

// occurrences says how often an element of x is in y.
type occurrences int

const (
	once     occurrences = iota
	repeated             // a few times, so that their gradients are added as they come
	extended             // along whole axes: sums of many gradients, as those of arithmetic that broadcasts
)

// arrange makes y of x.
func arrange(tp *Tape, y, x *Var, a arrangement, elements occurrences) *Var {
	a.copy(y, x)
	if y.needs {
		o := arrangements.get(tp)
		o.x, o.y[0], o.a, o.elements = x, y, a, elements
		tp.record(o)
	}
	return y
}

type arrangeOp struct {
	x        *Var
	y        [1]*Var
	a        arrangement
	elements occurrences
}

var arrangements = newSlab[arrangeOp]()

func (o *arrangeOp) outputs() []*Var { return o.y[:] }
func (o *arrangeOp) release(*Tape)   { o.x = nil }

func (o *arrangeOp) backward(tp *Tape) {
	y := o.y[0]
	g := tp.gradOf(y)
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	switch {
	case o.elements == extended:
		elementwise.Sum.Apply(dx.array(o.x), g.array(y), 1, add)
		return
	case o.elements == repeated && !add:
		clear(dx.data[:o.x.Value.Len()]) // a new gradient is dense
		add = true
	}
	o.a.reverse(y, g, o.x, dx, add)
}
