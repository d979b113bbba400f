package autograd

import (
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Cat puts values behind each other along an axis (negative ones count from the end), which may differ in length there and nowhere
// else. It copies them; the operations that make the parts of a [Concat] write them in place. Backwards nothing is copied along the
// last axis, nor along the first: the gradient of each part is a window of that of the whole.
func Cat(tp *Tape, axis int, xs ...*Var) *Var {
	const op = "autograd.Cat"
	tp.Check(op, xs...)
	if len(xs) == 0 {
		panic(tensor.ShapeError{Op: op, Got: "no values", Want: "at least one"})
	}
	axis = axisOf(op, xs[0], axis)
	shape, rank := dims(xs[0].Value)
	shape[axis] = 0
	for _, x := range xs {
		for i := range rank {
			if x.Value.Rank() != rank || i != axis && x.Value.Dim(i) != shape[i] {
				panic(tensor.ShapeError{Op: op, Got: shapeOf(x), Want: fmt.Sprintf("%s but for axis %d", shapeOf(xs[0]), axis)})
			}
		}
		shape[axis] += x.Value.Dim(axis)
	}
	if axis == rank-1 {
		return NewConcat(tp, shape[:rank]...).Join(xs...)
	}
	return cat(tp, axis, false, xs, shape[:rank])
}

// Stack puts values of one shape beside each other along a new axis, which is axis of the result (negative ones count from its end): k
// values [B][C] make [k][B][C] on axis 0 and [B][C][k] on axis 2. They have at most three axes.
func Stack(tp *Tape, axis int, xs ...*Var) *Var {
	const op = "autograd.Stack"
	tp.Check(op, xs...)
	if len(xs) == 0 || xs[0].Value.Rank() >= tensor.MaxRank {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("%d values", len(xs)),
			Want: fmt.Sprintf("at least one, of at most %d axes", tensor.MaxRank-1)})
	}
	rank := xs[0].Value.Rank()
	if axis < -rank-1 || axis > rank {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("axis %d", axis), Want: fmt.Sprintf("%d to %d", -rank-1, rank)})
	}
	if axis < 0 {
		axis += rank + 1
	}
	for _, x := range xs {
		sameShape(op, xs[0], x)
	}
	var shape [tensor.MaxRank]int
	for i := range rank {
		shape[i+past(i, axis)] = xs[0].Value.Dim(i)
	}
	shape[axis] = len(xs)
	return cat(tp, axis, true, xs, shape[:rank+1])
}

// past is 1 if axis i lies behind a new axis.
func past(i, axis int) int {
	if i >= axis {
		return 1
	}
	return 0
}

// cat puts values behind each other along an axis of the result, which they may not have.
func cat(tp *Tape, axis int, stacked bool, xs []*Var, shape []int) *Var {
	needs := slices.ContainsFunc(xs, tp.recording)
	y := tp.output(needs, shape...)
	o := cats.get(tp)
	o.y[0], o.axis, o.stacked, o.parts = y, axis, stacked, o.parts[:0]
	lo := 0
	for _, x := range xs {
		p := part{x, lo}
		a := o.arrangement(p)
		a.copy(y, x)
		o.parts = append(o.parts, p)
		if stacked {
			lo++
		} else {
			lo += x.Value.Dim(axis)
		}
	}
	if needs {
		tp.record(o)
	}
	return y
}

type catOp struct {
	y       [1]*Var
	axis    int
	stacked bool // the parts do not have the axis
	parts   []part
}

var cats = newSlab[catOp]()

// arrangement says where a part lies.
func (o *catOp) arrangement(p part) (a arrangement) {
	for i := range p.x.Value.Rank() {
		l := loop{p.x.Value.Dim(i), i, 1, i, 1}
		if o.stacked {
			l.axisY += past(i, o.axis)
		}
		a.add(l)
	}
	a.at[o.axis] = p.lo
	return a
}

func (o *catOp) outputs() []*Var { return o.y[:] }
func (o *catOp) release(*Tape)   { clear(o.parts) }

func (o *catOp) backward(tp *Tape) {
	y := o.y[0]
	g := tp.gradOf(y)
	if g == nil {
		return
	}
	// Whole rows, one part behind the other?
	rows := o.axis < y.Value.Rank()-1
	for i := range o.axis {
		rows = rows && y.Value.Dim(i) == 1
	}
	if rows && g.refs > 1 { // somebody else reads it, and the windows will be added to
		tp.own(y)
		g = y.grad
	}
	for _, p := range o.parts {
		if !p.x.needs {
			continue
		}
		if rows {
			w := tp.window(g, p.lo*strides(y.Value, g.ld)[o.axis])
			tp.contributeShared(p.x, w)
			tp.unref(w)
			continue
		}
		dx, add := tp.contribute(p.x)
		a := o.arrangement(p)
		a.reverse(y, g, p.x, dx, add)
	}
}
