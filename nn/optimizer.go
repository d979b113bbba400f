package nn

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/optim"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Optimizer moves parameters against their gradients.
type Optimizer interface {
	// Step updates what the tape's step has a gradient for ([autograd.Param.Spans]) and returns the global norm of the
	// gradient before clipping. All else keeps its value and its state, bit for bit. If the norm is not finite nothing
	// changes at all, neither parameters nor state, so that the caller can stop with a model that is still good. It panics if lr
	// is negative or not finite, in float32, and if there is no gradient to go by ([autograd.Tape.ToUpdate]).
	Step(tp *autograd.Tape, lr float64) (gradNorm float64)
	// State lists what the optimiser remembers about a parameter, for a checkpoint; nothing if it has never moved it. The
	// tensors may share memory with the optimiser.
	State(p *autograd.Param) []tensor.Named
	// SetState replaces all that the optimiser remembers by copies of what State has returned for each parameter. An error
	// says what does not fit; then nothing changes.
	SetState(states map[*autograd.Param][]tensor.Named) error
}

// Group is how an optimiser treats some of the parameters: factors of its learning rate and of its weight decay.
type Group struct{ LRScale, DecayScale float64 }

// options are what all optimisers have in common.
type options struct {
	decay, clip float64
	groups      func(*autograd.Param) Group
}

// slot is state of the shape of a parameter.
type slot struct {
	name  string
	start func(state, value tensor.Tensor) // fills it before the first step; nil: zeros
}

// layout says what an optimiser remembers about each parameter.
type layout struct {
	optimizer string // for messages
	slots     []slot
	counts    bool // how many steps have moved it
}

// countName is the name under which the number of steps is saved, as in PyTorch: as one float32, which is exact to 2²⁴.
const countName = "step"

// names lists the tensors of a parameter's state.
func (l *layout) names() []string {
	var names []string
	for _, s := range l.slots {
		names = append(names, s.name)
	}
	if l.counts {
		names = append(names, countName)
	}
	return names
}

// memory is what an optimiser remembers about the parameters that it has moved.
type memory map[*autograd.Param]*memories

type memories struct {
	slots []tensor.Tensor
	steps int // that have moved the parameter, or a part of it
}

// update is a run of consecutive elements of a parameter that an optimiser is to move, and what its rule needs for that.
type update struct {
	value, grad []float32
	slots       [2][]float32 // as many as the layout has
	lr, decay   float64      // of the parameter's group
	gradScale   float32      // multiplies the gradient, to clip it
	step        int          // of this parameter, counted from 1
}

// step is the part of [Optimizer.Step] that all rules share; move applies the rule to one run of elements.
func (m *memory) step(tp *autograd.Tape, lr float64, l *layout, o options, move func(u update)) (gradNorm float64) {
	if !(lr >= 0 && lr <= math.MaxFloat32) { // NaN too, which would be in all parameters after one step
		panic(tensor.ShapeError{Op: "nn." + l.optimizer + ".Step", Got: fmt.Sprintf("a learning rate of %v", lr), Want: "0 or more, and finite"})
	}
	var sumSq float64
	touched := tp.ToUpdate(l.optimizer)
	for _, p := range touched {
		for lo, hi := range p.Spans {
			sumSq += vec.SumSq(p.Grad.Data[lo:hi])
		}
	}
	gradNorm = math.Sqrt(sumSq)
	if math.IsNaN(gradNorm) || math.IsInf(gradNorm, 0) {
		return gradNorm
	}
	if *m == nil {
		*m = make(memory)
	}
	u := update{gradScale: 1}
	if o.clip > 0 {
		u.gradScale = optim.ClipFactor(sumSq, o.clip)
	}
	for _, p := range touched {
		s, ok := (*m)[p]
		if !ok {
			s = l.remember(p)
			(*m)[p] = s
		}
		s.steps++
		u.step, u.lr, u.decay = s.steps, lr, o.decay
		if o.groups != nil {
			g := o.groups(p)
			u.lr, u.decay = lr*g.LRScale, o.decay*g.DecayScale
		}
		if p.NoDecay {
			u.decay = 0
		}
		for lo, hi := range p.Spans {
			u.value, u.grad = p.Value.Data[lo:hi], p.Grad.Data[lo:hi]
			for i, t := range s.slots {
				u.slots[i] = t.Data[lo:hi]
			}
			move(u)
		}
	}
	return gradNorm
}

// remember makes the state of a parameter that is about to be moved for the first time.
func (l *layout) remember(p *autograd.Param) *memories {
	s := new(memories)
	for _, slot := range l.slots {
		t := tensor.New(p.Value.Shape()...)
		if slot.start != nil {
			slot.start(t, p.Value)
		}
		s.slots = append(s.slots, t)
	}
	return s
}

// state implements [Optimizer.State].
func (m memory) state(l *layout, p *autograd.Param) []tensor.Named {
	s, ok := m[p]
	if !ok {
		return nil
	}
	var named []tensor.Named
	for i, slot := range l.slots {
		named = append(named, tensor.Named{Name: slot.name, Tensor: s.slots[i]})
	}
	if l.counts {
		named = append(named, tensor.Named{Name: countName, Tensor: tensor.Wrap([]float32{float32(s.steps)}, 1)})
	}
	return named
}

// setState implements [Optimizer.SetState].
func (m *memory) setState(l *layout, states map[*autograd.Param][]tensor.Named) error {
	restored := make(memory, len(states))
	for p, named := range states {
		if len(named) == 0 {
			continue
		}
		var names []string
		byName := make(map[string]tensor.Tensor, len(named))
		for _, n := range named {
			names = append(names, n.Name)
			byName[n.Name] = n.Tensor
		}
		want := l.names()
		slices.Sort(names)
		if !slices.Equal(names, slices.Sorted(slices.Values(want))) {
			return fmt.Errorf("the state of parameter %q is %s, want that of nn.%s: %s",
				p.Name, strings.Join(names, ", "), l.optimizer, strings.Join(want, ", "))
		}
		s := new(memories)
		for _, slot := range l.slots {
			t := byName[slot.name]
			if !t.SameShape(p.Value) {
				return fmt.Errorf("%s of parameter %q has shape %v, want %v", slot.name, p.Name, t.Shape(), p.Value.Shape())
			}
			s.slots = append(s.slots, t.Clone())
		}
		if l.counts {
			t := byName[countName]
			if t.Len() != 1 || !(t.Data[0] >= 1) || t.Data[0] != float32(int(t.Data[0])) {
				return fmt.Errorf("%s of parameter %q is %v, want a number of steps", countName, p.Name, t.Data[:t.Len()])
			}
			s.steps = int(t.Data[0])
		}
		restored[p] = s
	}
	*m = restored
	return nil
}
