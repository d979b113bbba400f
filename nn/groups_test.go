package nn

import (
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
)

// The first group whose pattern matches counts, and an optimiser goes by it.
func TestGroupsByName(t *testing.T) {
	groups := GroupsByName(NamedGroup{"head.*", Group{3, 0}}, NamedGroup{"*.bias", Group{0, 0}})
	m := newModel(1, 4)
	x, labels := batch()
	tp := autograd.NewTape()
	tp.Reset(autograd.Training)
	tp.Backward(m.loss(tp, x, labels).Var)
	before := make(map[*autograd.Param]float32)
	for _, p := range m.store.Params {
		before[p] = p.Value.Data[0]
	}
	(&SGD{Groups: groups, WeightDecay: 1}).Step(tp, 0.1)
	for _, p := range m.store.Params {
		value, grad := before[p], p.Grad.Data[0]
		want := map[string]float32{"head.weight": value - 0.3*grad, "head.bias": value - 0.3*grad, "norm.bias": value}
		w, ok := want[p.Name]
		if !ok {
			w = value - 0.1*(grad+value)
		}
		if diff := p.Value.Data[0] - w; diff > 1e-6 || diff < -1e-6 {
			t.Errorf("%s went from %v to %v, want %v", p.Name, value, p.Value.Data[0], w)
		}
	}
	mustPanic(t, "a pattern that is none", func() { GroupsByName(NamedGroup{"[a", Group{}}) })
}
