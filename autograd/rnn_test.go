package autograd_test

import (
	"math"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/rnn"
)

// The first cell of a step sets the gradients of its weights, later ones add to them: also where they share some matrices only, or one
// matrix serves for two steps.
func TestDARTSCellGradientsAddUp(t *testing.T) {
	const steps, batch, h = 3, 2, 4
	x, h0 := gradcheck.Random(1, steps, batch, h), gradcheck.Random(2, batch, h)
	a, b, c := param("a", h, 2*h), param("b", h, 2*h), param("c", h, 2*h)
	w0 := []*autograd.Param{param("w0", 2*h, 2*h), param("w0b", 2*h, 2*h)}
	all := append([]*autograd.Param{a, b, c}, w0...)
	cell := rnn.DARTSCell{Switch: []int{0, 1}, Act: []autograd.Activation{autograd.ActSigmoid, autograd.ActTanh}}
	// gradients of a step with cells of the given matrices, one after the other in one step if together is set, else in steps of
	// their own, of which they are the sum.
	gradients := func(together bool, cells ...autograd.DARTSCellParams) map[string][]float64 {
		sums := map[string][]float64{}
		for _, p := range all {
			sums[p.Name] = make([]float64, p.Value.Len())
		}
		tp := autograd.NewTape()
		take := func() {
			for _, p := range tp.Touched() {
				for i, v := range p.Grad.Data {
					sums[p.Name][i] += float64(v)
				}
			}
		}
		for _, w := range cells {
			if !together {
				tp.Reset(autograd.Training)
			}
			y := autograd.DARTSCell(tp, tp.Constant(x), tp.Constant(h0), w, cell, nil, nil)
			tp.Backward(autograd.ActivationRegularization(tp, y, 1))
			if together {
				tp.NextPath()
			} else {
				take()
			}
		}
		if together {
			take()
		}
		return sums
	}
	for what, cells := range map[string][]autograd.DARTSCellParams{
		"the same twice":       {{W0: w0[0], W: []*autograd.Param{a, b}}, {W0: w0[0], W: []*autograd.Param{a, b}}},
		"one matrix in common": {{W0: w0[0], W: []*autograd.Param{a, b}}, {W0: w0[1], W: []*autograd.Param{c, b}}},
	} {
		want := gradients(false, cells...)
		for _, p := range all { // what a step does not set must not show
			p.Grad.Fill(float32(math.NaN()))
		}
		for name, g := range gradients(true, cells...) {
			for i, v := range g {
				if !(math.Abs(v-want[name][i]) < 1e-6) {
					t.Fatalf("%s: gradient of %s[%d] is %v, want %v", what, name, i, v, want[name][i])
				}
			}
		}
	}
	// One matrix for both steps: the gradients of two that are equal, added up.
	copyOf := param("copy", h, 2*h)
	copyOf.Value.CopyFrom(a.Value)
	all = append(all, copyOf)
	two := gradients(false, autograd.DARTSCellParams{W0: w0[0], W: []*autograd.Param{a, copyOf}})
	a.Grad.Fill(float32(math.NaN()))
	one := gradients(true, autograd.DARTSCellParams{W0: w0[0], W: []*autograd.Param{a, a}})
	for i, v := range one["a"] {
		if want := two["a"][i] + two["copy"][i]; !(math.Abs(v-want) < 1e-6) {
			t.Fatalf("one matrix for two steps: gradient %d is %v, want %v", i, v, want)
		}
	}
}
