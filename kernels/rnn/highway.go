package rnn

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Activation is the nonlinearity of a [Highway] step.
type Activation int

const (
	Tanh Activation = iota
	ReLU
	Sigmoid
	Identity
)

// String returns the name that DARTS uses in its recurrent cells.
func (a Activation) String() string {
	return [...]string{"tanh", "relu", "sigmoid", "identity"}[a]
}

// Highway computes a step of a recurrent cell of DARTS (Liu, Simonyan and Yang 2019, section 3.2, after Zilly et al. 2017), row by
// row of its operands,
//
//	y = s + σ(c)⊙(f(h) − s)
//
// for the state s [B][H] and ch [B][2H], in whose rows c and h lie side by side. ch is replaced by σ(c) and f(h), which
// [HighwayBackward] needs. y may be s.
func Highway(y, ch, s []float32, batch, hidden int, f Activation) {
	runHighway("rnn.Highway", highwayTask{y: y, ch: ch, s: s, hidden: hidden, f: f}, batch)
}

// HighwayBackward computes the gradients of a step from dy, that of its result: ds [B][H], to which it is added if add is set, and
// in the place of ch, which holds what [Highway] left, those of c and h. s is the state before the step.
func HighwayBackward(ds, ch, s, dy []float32, batch, hidden int, f Activation, add bool) {
	runHighway("rnn.HighwayBackward", highwayTask{ds: ds, ch: ch, s: s, y: dy, hidden: hidden, f: f, add: add, backward: true}, batch)
}

// highwayTask is a step, or the way back through it; y is its result, or the gradient of that.
type highwayTask struct {
	y, ch, s, ds  []float32
	hidden        int
	f             Activation
	add, backward bool
}

var highwayTasks parallel.FreeList[highwayTask]

func runHighway(op string, call highwayTask, batch int) {
	h := call.hidden
	if batch < 0 || h < 1 || call.f < Tanh || call.f > Identity {
		fault.Shape(op, fmt.Sprintf("batch %d, %d hidden units and activation %d", batch, h, call.f), "no negative batch, a hidden unit and an activation from Tanh to Identity")
	}
	want(op, "ch", call.ch, batch*2*h)
	want(op, "s", call.s, batch*h)
	want(op, "y", call.y, batch*h)
	if call.backward {
		want(op, "ds", call.ds, batch*h)
	}
	t := highwayTasks.Get()
	defer highwayTasks.Put(t)
	*t = call
	parallel.Run(batch, 3*batch*h, t)
	*t = highwayTask{}
}

func (t *highwayTask) Chunk(w *parallel.Worker, row int) {
	h := t.hidden
	ch, s, y := t.ch[row*2*h:][:2*h], t.s[row*h:][:h], t.y[row*h:][:h]
	gate, value := ch[:h], ch[h:]
	if !t.backward {
		activate(value, t.f)
		vec.LocalGate(y, gate, value, s)
		return
	}
	ds, a := t.ds[row*h:][:h], w.Scratch(h)
	if !t.add {
		clear(ds)
	}
	vec.LocalGateBackward(ds, ds, a, gate, value, s, y)
	deactivate(value, a, t.f)
}

// activate replaces x by f(x).
func activate(x []float32, f Activation) {
	switch f {
	case Tanh:
		vec.LocalTanh(x, x)
	case ReLU:
		vec.LocalReLU(x, x)
	case Sigmoid:
		vec.LocalSigmoid(x, x)
	}
}

// deactivate replaces y = f(x) by the gradient of x for that of y.
func deactivate(y, dy []float32, f Activation) {
	switch f {
	case Tanh:
		vec.LocalTanhBackward(y, y, dy, false)
	case ReLU:
		vec.LocalReLUBackward(y, y, dy, false)
	case Sigmoid:
		vec.LocalSigmoidBackward(y, y, dy, false)
	case Identity:
		copy(y, dy)
	}
}
