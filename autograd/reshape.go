package autograd

import (
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Reshape returns the elements of x with another shape, in which one length may be -1: what is left for it. It costs nothing if x has no
// gaps between its rows, or if these stay as long as they are; else x is copied.
func Reshape(tp *Tape, x *Var, shape ...int) *Var {
	tp.Check("autograd.Reshape", x)
	to, rank := inferred(x, shape)
	v := vars.get(tp)
	v.needs = tp.recording(x)
	if x.Value.Dense() || rank > 0 && to[rank-1] == x.Value.Cols() {
		v.Value = x.Value.Reshape(to[:rank]...)
		v.share(x)
	} else {
		v.buf = tp.buffer(x.Value.Len())
		cols := x.Value.Cols()
		vec.CopyRows(v.buf.data, cols, x.Value.Data, x.Value.LD(), x.Value.Rows(), cols)
		v.Value = tensor.Wrap(v.buf.data, to[:rank]...)
	}
	if v.needs {
		o := reshapes.get(tp)
		o.x, o.y[0] = x, v
		tp.record(o)
	}
	return v
}

// Flatten makes one axis of all axes of x but the first: [N][…] to [N][C], as the layers behind convolutions want it. It is a [Reshape].
func Flatten(tp *Tape, x *Var) *Var {
	tp.Check("autograd.Flatten", x)
	if x.Value.Rank() < 1 {
		panic(tensor.ShapeError{Op: "autograd.Flatten", Got: shapeOf(x), Want: "[N][…]"})
	}
	shape, rank := dims(x.Value)
	return Reshape(tp, x, shape[0], tensor.Size(shape[1:rank]...))
}

// inferred returns a shape for the elements of x with the length that -1 stands for.
func inferred(x *Var, shape []int) (to [tensor.MaxRank]int, rank int) {
	given, open := 1, -1
	for i, n := range shape {
		switch {
		case n == -1 && open < 0:
			open = i
		case n >= 0:
			given *= n
		default:
			given = -1 // fits nothing
		}
	}
	fits := len(shape) <= len(to) && given >= 0
	if fits {
		rank = copy(to[:], shape)
		if open >= 0 && given > 0 {
			to[open] = x.Value.Len() / given
		}
		fits = tensor.Size(to[:rank]...) == x.Value.Len()
	}
	if !fits {
		panic(tensor.ShapeError{Op: "autograd.Reshape", Got: fmt.Sprintf("shape %v for %s", slices.Clone(shape), shapeOf(x)),
			Want: fmt.Sprintf("at most %d axes with %d elements, and one -1 at most", tensor.MaxRank, x.Value.Len())})
	}
	return to, rank
}

// share makes v one more owner of the memory of x.
func (v *Var) share(x *Var) {
	if x.buf != nil {
		x.buf.refs++
		v.buf = x.buf
	}
}

type reshapeOp struct {
	x *Var
	y [1]*Var
}

var reshapes = newSlab[reshapeOp]()

func (o *reshapeOp) outputs() []*Var { return o.y[:] }
func (o *reshapeOp) release(*Tape)   { o.x = nil }

func (o *reshapeOp) backward(tp *Tape) {
	y, ld := o.y[0], o.x.Value.Cols()
	if y.Value.Cols() == ld { // rows of the same length, however far apart
		if tp.gradOf(y) != nil {
			tp.contributeShared(o.x, y.grad)
		}
		return
	}
	if tp.denseGradOf(y) == nil {
		return
	}
	// The same floats in rows of another length. Whoever adds to a gradient with several owners copies it, so this one
	// may be described anew as long as it has one.
	if y.grad.refs > 1 {
		tp.own(y)
	}
	y.grad.ld = ld
	tp.contributeShared(o.x, y.grad)
}
