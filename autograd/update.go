package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/tensor"
)

// losing watches out for gradients that are meant for the next step of an optimiser, and that Reset forgets before it: where a step is made
// of several passes, NextPath belongs between them. A gradient that nobody has looked at before Reset is suspicious, and nothing more: a
// program may skip a step, warm up, or measure. But one that forgets as many before each step, again and again, adds up nothing.
type losing struct {
	unseen int    // steps with gradients that nobody has looked at, since the last one of an optimiser
	before int    // as many before that one
	again  int    // for how many in a row
	update uint64 // which step that was
}

// habit is how many steps in a row of an optimiser must have lost gradients.
const habit = 10

// forget counts a step that ends.
func (l *losing) forget(tp *Tape) {
	asked := tp.asked
	for _, p := range tp.touched {
		asked, p.asked = asked || p.asked, false
	}
	if len(tp.touched) > 0 && !asked {
		l.unseen++
	}
}

// ToUpdate is [Tape.Touched] for an optimiser, which calls it with its name before it moves any of the parameters. It panics where
// an update would not be what the program means: if there are no gradients, since Backward was not called after Reset; if another
// tape has put gradients of its own in place of these; and if Reset has forgotten gradients of several passes before each of the
// last steps, without anybody having looked at them ([Tape.Touched], [Param.Touched], [Param.Spans] and [Var.Grad] do), where
// NextPath would have added them up.
func (tp *Tape) ToUpdate(optimizer string) []*Param {
	refuse := func(got, want string) {
		panic(tensor.ShapeError{Op: optimizer + ".Step", Got: got, Want: want})
	}
	if len(tp.touched) == 0 {
		refuse("a tape without gradients", "Backward called since the last Reset, of a loss that depends on parameters")
	}
	for _, p := range tp.touched {
		if p.step != tp.step {
			refuse(fmt.Sprintf("parameter %q, of which another tape has a gradient by now", p.Name),
				"Backward on one tape, and Step, before Backward on another")
		}
	}
	tp.asked = true
	if l := &tp.losing; l.update != tp.step {
		if l.again++; l.unseen != l.before {
			l.again = 1
		}
		l.before, l.unseen, l.update = l.unseen, 0, tp.step
		if l.before > 0 && l.again >= habit {
			refuse(fmt.Sprintf("%d steps in a row before which Reset has forgotten the gradients of %d passes each", l.again, l.before),
				"NextPath in place of Reset between passes that make one step, or Touched called where gradients are given up on purpose")
		}
	}
	return tp.touched
}
