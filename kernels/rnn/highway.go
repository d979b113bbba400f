package rnn

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Highway computes a step of a recurrent cell of DARTS (Liu, Simonyan and Yang 2019, section 3.2, after Zilly et al. 2017), row by
// row of its operands,
//
//	y = s + σ(c)⊙(f(h) − s)
//
// for the state s [B][H] and ch [B][2H], in whose rows c and h lie side by side. ch is replaced by σ(c) and f(h), which
// [HighwayBackward] needs. y may be s.
func Highway(y, ch, s []float32, batch, hidden int, f activation.Func) {
	runHighway("rnn.Highway", highwayTask{y: y, ch: ch, s: s, hidden: hidden, f: f}, batch)
}

// HighwayBackward computes the gradients of a step from dy, that of its result: ds [B][H], to which it is added if add is set, and
// in the place of ch, which holds what [Highway] left, those of c and h. s is the state before the step.
func HighwayBackward(ds, ch, s, dy []float32, batch, hidden int, f activation.Func, add bool) {
	runHighway("rnn.HighwayBackward", highwayTask{ds: ds, ch: ch, s: s, y: dy, hidden: hidden, f: f, add: add, backward: true}, batch)
}

// highwayTask is a step, or the way back through it; y is its result, or the gradient of that.
type highwayTask struct {
	y, ch, s, ds  []float32
	hidden        int
	f             activation.Func
	add, backward bool
}

var highwayTasks parallel.FreeList[highwayTask]

func runHighway(op string, call highwayTask, batch int) {
	h := call.hidden
	if batch < 0 || h < 1 || !evaluates(call.f) {
		fault.Shape(op, fmt.Sprintf("batch %d, %d hidden units and activation %d", batch, h, call.f),
			"no negative batch, a hidden unit and Identity, ReLU, Tanh or Sigmoid")
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
		t.f.Local(value, value)
		vec.LocalGate(y, gate, value, s)
		return
	}
	ds, a := t.ds[row*h:][:h], w.Scratch(h)
	if !t.add {
		clear(ds)
	}
	vec.LocalGateBackward(ds, ds, a, gate, value, s, y)
	t.f.LocalBackward(value, value, a, false)
}

// evaluates reports whether a recurrent cell may have the activation.
func evaluates(f activation.Func) bool {
	return f == activation.Identity || f == activation.ReLU || f == activation.Tanh || f == activation.Sigmoid
}
