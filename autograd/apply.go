package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Operand is what [Apply] takes: a [Var] or a [Param].
type Operand interface{ value() tensor.Tensor }

func (v *Var) value() tensor.Tensor   { return v.Value }
func (p *Param) value() tensor.Tensor { return p.Value }

// ForwardFunc computes the result y of an operation from its inputs. All tensors are dense; y holds arbitrary values at first. The
// inputs must not be changed.
type ForwardFunc func(y tensor.Tensor, x []tensor.Tensor)

// BackwardFunc computes the gradients of the inputs from dy, that of the result y: dx[i] is what a change of x[i] does to Σ dy·y.
// All tensors are dense. dx[i] holds zeros at first, also where nobody wants the gradient of an input, or a parameter is frozen: then
// nobody reads what is written to it, and a function that is expensive need not ([Var.RequiresGrad], the Frozen of a [Param]). What it
// is given besides dx must not be changed.
type BackwardFunc func(dx []tensor.Tensor, dy, y tensor.Tensor, x []tensor.Tensor)

// Apply is an operation of one's own: forward computes its result, of the given shape, and backward its gradient. The inputs are Vars and
// Params in any number and order, and those that are windows are copied: neither function need know of them, nor of other gradients
// that these are to be added to. What both functions need of each other they share as the closures that they are. Where nothing is
// recorded only forward is called. An operation of several results puts them side by side in one, of which [Window] makes parts.
//
// Package gradcheck compares backward with difference quotients. That the result is the same for any number of threads is up to the
// functions.
func Apply(tp *Tape, inputs []Operand, shape []int, forward ForwardFunc, backward BackwardFunc) *Var {
	const name = "autograd.Apply"
	if forward == nil || backward == nil {
		panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("forward: %t, backward: %t", forward != nil, backward != nil),
			Want: "both functions"})
	}
	needs := false
	for i, in := range inputs {
		switch in := in.(type) {
		case *Var:
			if !tp.has(in) {
				tp.refuse(name, i, len(inputs), in)
			}
			needs = needs || tp.recording(in)
		case *Param:
			checkParams(name, in)
			needs = needs || tp.trains(nil, in)
		default:
			panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("%T for operand %d of %d", in, i+1, len(inputs)),
				Want: "a *Var or a *Param"})
		}
	}
	y := tp.denseOutput(needs, shape...)
	o := applications.get(tp)
	o.inputs, o.x, o.held = append(o.inputs[:0], inputs...), o.x[:0], o.held[:0]
	for _, in := range inputs {
		x := in.value()
		if !x.Dense() {
			x = o.hold(tp, x)
			x.CopyFrom(in.value())
		}
		o.x = append(o.x, tensor.WrapLike(x.Data[:x.Len()], x))
	}
	o.y[0], o.gradient = y, backward
	recorded := false
	defer func() { // also if forward panics
		if !recorded {
			o.release(tp)
		}
	}()
	forward(y.Value, o.x)
	if recorded = needs; needs {
		tp.record(o)
	}
	return y
}

type applyOp struct {
	inputs   []Operand
	x, dx    []tensor.Tensor // dense
	held     []*buffer       // copies of inputs, and gradients that are still to be moved
	moves    []move
	y        [1]*Var
	gradient BackwardFunc
}

// move is a gradient that is not where it belongs.
type move struct {
	to, from tensor.Tensor
	add      bool
}

var applications = newSlab[applyOp]()

func (o *applyOp) outputs() []*Var { return o.y[:] }

func (o *applyOp) release(tp *Tape) {
	for _, b := range o.held {
		tp.unref(b)
	}
	clear(o.held)
	clear(o.inputs)
	clear(o.x)
	clear(o.dx)
	clear(o.moves)
	o.held, o.gradient = o.held[:0], nil
}

// hold returns memory in the shape of t until the operation is released.
func (o *applyOp) hold(tp *Tape, t tensor.Tensor) tensor.Tensor {
	b := tp.buffer(t.Len())
	o.held = append(o.held, b)
	return tensor.WrapLike(b.data, t)
}

func (o *applyOp) backward(tp *Tape) {
	y := o.y[0]
	dy := tp.denseGradOf(y)
	if dy == nil {
		return
	}
	o.dx, o.moves = o.dx[:0], o.moves[:0]
	for i, in := range o.inputs {
		o.dx = append(o.dx, o.slot(tp, in, o.x[i]))
	}
	o.gradient(o.dx, tensor.WrapLike(dy, y.Value), y.Value, o.x)
	for _, m := range o.moves {
		switch {
		case !m.add:
			m.to.CopyFrom(m.from)
		case m.to.Dense():
			vec.Add(m.to.Data[:m.to.Len()], m.to.Data[:m.to.Len()], m.from.Data)
		default:
			sum := o.hold(tp, m.to)
			sum.CopyFrom(m.to)
			vec.Add(sum.Data, sum.Data, m.from.Data)
			m.to.CopyFrom(sum)
		}
	}
}

// slot returns zeros to write the gradient of an input with the value x to, dense, whether or not it is wanted.
func (o *applyOp) slot(tp *Tape, in Operand, x tensor.Tensor) tensor.Tensor {
	var grad tensor.Tensor
	var wanted, add bool
	switch in := in.(type) {
	case *Param:
		if wanted = !in.frozen(); wanted {
			grad, add = tp.gradSlot(in)
		}
	case *Var:
		if wanted = in.needs; wanted {
			var data []float32
			data, add = tp.contributeDense(in)
			grad = tensor.WrapLike(data, in.Value)
		}
	}
	to := grad
	switch {
	case !wanted:
		to = o.hold(tp, x)
	case add || !grad.Dense():
		to = o.hold(tp, grad)
		o.moves = append(o.moves, move{grad, to, add})
	}
	to = tensor.WrapLike(to.Data[:to.Len()], to)
	clear(to.Data)
	return to
}
