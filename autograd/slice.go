package autograd

import (
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Window returns columns lo to hi-1 of x without copying them: the first channels of a wider value, for example.
func Window(tp *Tape, x *Var, lo, hi int) *Var { return Slice(tp, x, -1, lo, hi) }

// Slice returns elements lo to hi-1 of an axis of x (negative axes count from the end). The last axis and the first one cost nothing, nor
// does one that has only axes of length 1 before it; along others elements are copied.
func Slice(tp *Tape, x *Var, axis, lo, hi int) *Var {
	tp.Check("autograd.Slice", x)
	axis = axisOf("autograd.Slice", x, axis)
	if lo == 0 && hi == x.Value.Dim(axis) {
		return x
	}
	o := slicings.get(tp)
	o.start(x, axis)
	o.cut(tp, lo, hi)
	if tp.recording(x) {
		tp.record(o)
	}
	return o.ys[0]
}

// Split cuts x along an axis into parts of the given lengths, which add up to that of the axis. Each is a [Slice]; backwards they make one
// gradient. The slice that it returns is valid until the tape is reset.
func Split(tp *Tape, x *Var, axis int, lengths ...int) []*Var {
	tp.Check("autograd.Split", x)
	axis = axisOf("autograd.Split", x, axis)
	sum := 0
	for _, n := range lengths {
		sum += n
	}
	if sum != x.Value.Dim(axis) || len(lengths) > 0 && slices.Min(lengths) < 0 {
		panic(tensor.ShapeError{Op: "autograd.Split", Got: fmt.Sprintf("lengths %v", slices.Clone(lengths)),
			Want: fmt.Sprintf("lengths that add up to the %d of axis %d of %s", x.Value.Dim(axis), axis, shapeOf(x))})
	}
	o := slicings.get(tp)
	o.start(x, axis)
	tp.place = nil // for one of several values
	lo := 0
	for _, n := range lengths {
		o.cut(tp, lo, lo+n)
		lo += n
	}
	if tp.recording(x) && len(lengths) > 0 {
		tp.record(o)
	}
	return o.ys
}

// Chunk cuts x along an axis into n parts of equal length, but for the last, which may be shorter, as torch.chunk does (there may be fewer
// parts than n, then). Each is a [Slice]; the slice that it returns is valid until the tape is reset.
func Chunk(tp *Tape, x *Var, axis, n int) []*Var {
	tp.Check("autograd.Chunk", x)
	axis = axisOf("autograd.Chunk", x, axis)
	if n < 1 {
		panic(tensor.ShapeError{Op: "autograd.Chunk", Got: fmt.Sprintf("%d parts", n), Want: "at least 1"})
	}
	o := slicings.get(tp)
	o.start(x, axis)
	tp.place = nil // for one of several values
	length := x.Value.Dim(axis)
	step := max(1, (length+n-1)/n)
	for lo := 0; lo < max(length, 1); lo += step {
		o.cut(tp, lo, min(lo+step, length))
	}
	if tp.recording(x) {
		tp.record(o)
	}
	return o.ys
}

// axisOf returns the axis of x that a number stands for: negative ones count from the end.
func axisOf(op string, x *Var, axis int) int {
	rank := x.Value.Rank()
	if axis < -rank || axis >= rank {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("axis %d of %s", axis, shapeOf(x)), Want: fmt.Sprintf("%d to %d", -rank, rank-1)})
	}
	return (axis + rank) % rank
}

// slicingOp is some slices of x along one axis, which do not overlap.
type slicingOp struct {
	x    *Var
	axis int
	ys   []*Var
	los  []int // where they begin
}

var slicings = newSlab[slicingOp]()

func (o *slicingOp) start(x *Var, axis int) {
	o.x, o.axis, o.ys, o.los = x, axis, o.ys[:0], o.los[:0]
}

// cut makes a slice.
func (o *slicingOp) cut(tp *Tape, lo, hi int) {
	x := o.x
	w := x.Value.WindowAxis(o.axis, lo, hi)
	needs := tp.recording(x)
	var v *Var
	if w.EvenRows() {
		v = vars.get(tp)
		v.Value, v.needs = w, needs
		v.share(x)
	} else {
		v = tp.outputLike(needs, w)
		a := whole(v)
		a.from[o.axis] = lo
		a.copy(v, x)
	}
	o.ys, o.los = append(o.ys, v), append(o.los, lo)
}

func (o *slicingOp) outputs() []*Var { return o.ys }
func (o *slicingOp) release(*Tape)   { o.x = nil }

func (o *slicingOp) backward(tp *Tape) {
	reached := 0
	for _, y := range o.ys {
		if tp.gradOf(y) != nil {
			reached += y.Value.Dim(o.axis)
		}
	}
	if reached == 0 {
		return
	}
	dx, add := tp.contribute(o.x)
	if !add && reached < o.x.Value.Dim(o.axis) {
		clear(dx.data[:o.x.Value.Len()]) // a new gradient is dense
	}
	for i, y := range o.ys {
		if y.grad != nil {
			a := whole(y)
			a.from[o.axis] = o.los[i]
			a.reverse(y, y.grad, o.x, dx, add)
		}
	}
}
