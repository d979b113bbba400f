package nn

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// optimizerCase is an optimiser and the rule that its documentation gives (that of PyTorch or TensorFlow), in float64.
type optimizerCase struct {
	name        string
	make        func() Optimizer
	decay, clip float64
	slots       [2]float64 // what the state starts with
	// rule updates one element with the clipped gradient g, in step t of its parameter; decay is that of its group.
	rule func(w *float64, s *[2]float64, g, lr, decay float64, t int)
}

// headGroup is the group of parameters that the cases treat in another way.
func headGroup(p *autograd.Param) Group {
	if strings.HasPrefix(p.Name, "head.") {
		return Group{LRScale: 0.5, DecayScale: 3}
	}
	return Group{1, 1}
}

func sgdRule(momentum float64, nesterov bool) func(w *float64, s *[2]float64, g, lr, decay float64, t int) {
	return func(w *float64, s *[2]float64, g, lr, decay float64, t int) {
		d := g + decay**w
		if t == 1 {
			s[0] = d
		} else {
			s[0] = momentum*s[0] + d
		}
		if nesterov {
			d += momentum * s[0]
		} else {
			d = s[0]
		}
		*w -= lr * d
	}
}

func adamRule(beta1, beta2, eps float64, decoupled bool) func(w *float64, s *[2]float64, g, lr, decay float64, t int) {
	return func(w *float64, s *[2]float64, g, lr, decay float64, t int) {
		if decoupled {
			*w *= 1 - lr*decay
		} else {
			g += decay * *w
		}
		s[0] = beta1*s[0] + (1-beta1)*g
		s[1] = beta2*s[1] + (1-beta2)*g*g
		m, v := s[0]/(1-math.Pow(beta1, float64(t))), s[1]/(1-math.Pow(beta2, float64(t)))
		*w -= lr * m / (math.Sqrt(v) + eps)
	}
}

var optimizerCases = []optimizerCase{
	{"SGD", func() Optimizer { return &SGD{Groups: headGroup} }, 0, 0, [2]float64{}, sgdRule(0, false)},
	{"SGD with momentum", func() Optimizer { return &SGD{Momentum: 0.8, WeightDecay: 0.1, Clip: 0.05, Groups: headGroup} }, 0.1, 0.05,
		[2]float64{}, sgdRule(0.8, false)},
	{"SGD with Nesterov's momentum", func() Optimizer {
		return &SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 0.01, Groups: headGroup}
	}, 0.01, 0, [2]float64{}, sgdRule(0.9, true)},
	{"ASGD", func() Optimizer {
		return &ASGD{Lambda: 0.01, Alpha: 0.75, T0: 1, WeightDecay: 0.1, Clip: 0.05, Groups: headGroup}
	}, 0.1, 0.05, [2]float64{}, func(w *float64, s *[2]float64, g, lr, decay float64, t int) {
		eta := lr / math.Pow(1+0.01*lr*float64(t-1), 0.75)
		g += decay * *w
		*w = *w*(1-0.01*eta) - eta*g
		s[0] += (*w - s[0]) / math.Max(1, float64(t-1-1))
	}},
	{"Adam", func() Optimizer { return &Adam{WeightDecay: 0.1, Clip: 0.05, Groups: headGroup} }, 0.1, 0.05,
		[2]float64{}, adamRule(0.9, 0.999, 1e-8, false)},
	{"AdamW", func() Optimizer {
		return &AdamW{Beta1: 0.8, Beta2: 0.99, Eps: 1e-3, WeightDecay: 0.1, Groups: headGroup}
	}, 0.1, 0, [2]float64{}, adamRule(0.8, 0.99, 1e-3, true)},
	{"RMSProp", func() Optimizer {
		return &RMSProp{Rho: 0.8, Momentum: 0.9, Eps: 1, WeightDecay: 0.1, Clip: 0.05, Groups: headGroup}
	}, 0.1, 0.05, [2]float64{1, 0}, func(w *float64, s *[2]float64, g, lr, decay float64, t int) {
		g += decay * *w
		s[0] = 0.8*s[0] + 0.2*g*g
		s[1] = 0.9*s[1] + lr*g/math.Sqrt(s[0]+1)
		*w -= s[1]
	}},
}

func TestOptimizersAgainstDefinitions(t *testing.T) {
	for _, tc := range optimizerCases {
		m, o := newModel(1, 4), tc.make()
		m.norm.State.Beta.NoDecay = true
		x, labels := batch()
		want, state := make([][]float64, len(m.store.Params)), make([][][2]float64, len(m.store.Params))
		for i, p := range m.store.Params {
			for _, v := range p.Value.Data {
				want[i], state[i] = append(want[i], float64(v)), append(state[i], tc.slots)
			}
		}
		tp := autograd.NewTape()
		for step := range 5 {
			tp.Reset(autograd.Training)
			tp.Backward(m.loss(tp, x, labels).Var)
			norm, scale := 0.0, 1.0
			for _, p := range m.store.Params {
				for _, g := range p.Grad.Data {
					norm += float64(g) * float64(g)
				}
			}
			norm = math.Sqrt(norm)
			if tc.clip > 0 && norm > tc.clip {
				scale = tc.clip / (norm + 1e-6)
			}
			lr := 0.03 / float64(step+1)
			for i, p := range m.store.Params {
				group := headGroup(p)
				decay := tc.decay * group.DecayScale
				if p == m.norm.State.Beta {
					decay = 0
				}
				for j, g := range p.Grad.Data {
					tc.rule(&want[i][j], &state[i][j], scale*float64(g), lr*group.LRScale, decay, step+1)
				}
			}
			if got := o.Step(tp, lr); math.Abs(got-norm) > 1e-5*norm {
				t.Errorf("%s: gradient norm %v, want %v", tc.name, got, norm)
			}
			for i, p := range m.store.Params {
				slots := o.State(p)
				for j, v := range p.Value.Data {
					if math.Abs(float64(v)-want[i][j]) > 1e-5 {
						t.Fatalf("%s: step %d: %s[%d] is %v, want %v", tc.name, step, p.Name, j, v, want[i][j])
					}
					for k, n := range slots {
						if n.Name == countName {
							if got := n.Tensor.At(0); got != float32(step+1) {
								t.Fatalf("%s: step %d: %s counts %v steps", tc.name, step, p.Name, got)
							}
						} else if s := state[i][j][k]; math.Abs(float64(n.Tensor.Data[j])-s) > 1e-5*math.Max(1, math.Abs(s)) {
							t.Fatalf("%s: step %d: %s of %s[%d] is %v, want %v", tc.name, step, n.Name, p.Name, j, n.Tensor.Data[j], s)
						}
					}
				}
			}
		}
	}
}

// snapshot copies parameters and what an optimiser remembers about them.
func snapshot(o Optimizer, params ...*autograd.Param) map[string][]float32 {
	all := make(map[string][]float32)
	for _, p := range params {
		all[p.Name] = slices.Clone(p.Value.Data)
		for _, n := range o.State(p) {
			all[p.Name+"#"+n.Name] = slices.Clone(n.Tensor.Data)
		}
	}
	return all
}

// Of a parameter that a step uses in part, that part moves as if it were a parameter of its own, and the rest, its momentum
// and its averages stay, bit for bit. The same holds for parameters that a step does not use.
func TestOptimizersMoveWhatWasTouched(t *testing.T) {
	for _, tc := range optimizerCases {
		const in, out, rows = 6, 8, 4
		whole, alone, other := autograd.NewParam("whole", in, out), autograd.NewParam("alone", 3, 4), autograd.NewParam("other", in, out)
		window := whole.Window(0, 0, 3).Window(1, 2, 6)
		for i := range whole.Value.Data {
			whole.Value.Data[i] = float32(i%7) - 3
		}
		alone.Value.CopyFrom(window.Value)
		x, labels := tensor.New(rows, 3), []int32{0, 1, 2, 3}
		for i := range x.Data {
			x.Data[i] = float32(i%5) - 2
		}
		train := func(o Optimizer, w *autograd.Param, x tensor.Tensor) {
			tp := autograd.NewTape()
			for range 3 {
				tp.Reset(autograd.Training)
				loss := autograd.CrossEntropy(tp, autograd.Linear(tp, tp.Constant(x), w, nil), labels, 0)
				tp.Backward(loss.Var)
				o.Step(tp, 0.1)
				tp.Reset(autograd.Training)
			}
		}
		o := tc.make()
		all := tensor.New(rows, in)
		all.Fill(0.5)
		train(o, other, all)
		before := snapshot(o, whole, other)
		train(o, window, x)
		train(tc.make(), alone, x)
		after := snapshot(o, whole, other)
		for name, was := range before {
			if name != "whole" && !slices.Equal(was, after[name]) {
				t.Errorf("%s: %s was not used, and changed", tc.name, name)
			}
		}
		var inside []float32
		for i, v := range after["whole"] {
			switch row, col := i/out, i%out; {
			case row < 3 && 2 <= col && col < 6:
				inside = append(inside, v)
			case v != before["whole"][i]:
				t.Errorf("%s: element [%d %d] was not used, and moved from %v to %v", tc.name, row, col, before["whole"][i], v)
			}
		}
		if !slices.Equal(inside, alone.Value.Data) {
			t.Errorf("%s: the window moved to %v, by itself it would to %v", tc.name, inside, alone.Value.Data)
		}

		// Momentum and averages of what a later step does not use.
		train(o, whole, all)
		before = snapshot(o, whole)
		train(o, window, x)
		for name, is := range snapshot(o, whole) {
			for i, v := range is {
				if len(is) == in*out && (i/out >= 3 || i%out < 2 || i%out >= 6) && v != before[name][i] {
					t.Errorf("%s: %s[%d] was not used, and changed from %v to %v", tc.name, name, i, before[name][i], v)
				}
			}
		}
	}
}

func TestNonFiniteGradientChangesNothing(t *testing.T) {
	for _, tc := range optimizerCases {
		m, o := newModel(1, 4), tc.make()
		x, labels := batch()
		tp := autograd.NewTape()
		for step, bad := range []float32{float32(math.NaN()), 0, float32(math.Inf(-1))} {
			tp.Reset(autograd.Training)
			tp.Backward(m.loss(tp, x, labels).Var)
			if bad != 0 {
				m.head.Bias.Grad.Data[2] = bad
			}
			before := snapshot(o, m.store.Params...)
			norm := o.Step(tp, 0.1)
			if finite := !math.IsNaN(norm) && !math.IsInf(norm, 0); finite != (bad == 0) {
				t.Errorf("%s: step %d: gradient norm %v with %v in it", tc.name, step, norm, bad)
			}
			if changed := !reflect.DeepEqual(before, snapshot(o, m.store.Params...)); changed != (bad == 0) {
				t.Errorf("%s: step %d, with %v in the gradient: changed: %v", tc.name, step, bad, changed)
			}
		}
	}
}

func TestStepsAllocateNothing(t *testing.T) {
	for _, tc := range optimizerCases {
		m, o := newModel(1, 4), tc.make()
		ema := NewEMA(m.store, 0.9)
		x, labels := batch()
		tp := autograd.NewTape()
		step := func() {
			tp.Reset(autograd.Training)
			tp.Backward(m.loss(tp, x, labels).Var)
			o.Step(tp, 0.1)
			ema.Update(tp)
		}
		step()
		step()
		if n := testing.AllocsPerRun(10, step); n > 0 {
			t.Errorf("%s: a step allocates %v times", tc.name, n)
		}
	}
}

// The average of a model that starts to be averaged at once is the mean of what it was after all steps but the first.
func TestASGDAverage(t *testing.T) {
	m, o := newModel(1, 4), &ASGD{}
	x, labels := batch()
	tp := autograd.NewTape()
	mean := make([]float64, m.head.Weight.Value.Len())
	const steps = 7
	for step := range steps {
		tp.Reset(autograd.Training)
		tp.Backward(m.loss(tp, x, labels).Var)
		o.Step(tp, 0.1)
		for i, v := range m.head.Weight.Value.Data {
			if step > 0 {
				mean[i] += float64(v) / (steps - 1)
			}
		}
	}
	before := slices.Clone(m.head.Weight.Value.Data)
	o.Swap()
	for i, v := range m.head.Weight.Value.Data {
		if math.Abs(float64(v)-mean[i]) > 1e-6 {
			t.Errorf("average %d is %v, want %v", i, v, mean[i])
		}
	}
	if slices.Equal(before, m.head.Weight.Value.Data) {
		t.Error("the average is the last value")
	}
	mustPanic(t, "a step with the averages in place", func() { o.Step(tp, 0.1) })
	o.Swap()
	if !slices.Equal(before, m.head.Weight.Value.Data) {
		t.Error("exchanging twice is not the identity")
	}
	o.Step(tp, 0.1)
}

// A learning rate that is not finite, or goes uphill, is misuse and moves nothing: after one step it would be in all parameters.
func TestAbsurdRates(t *testing.T) {
	for _, o := range []Optimizer{&SGD{}, &ASGD{}, &RMSProp{}, &Adam{}, &AdamW{}} {
		m := newModel(1, 4)
		x, labels := batch()
		tp := autograd.NewTape()
		tp.Backward(m.loss(tp, x, labels).Var)
		before := snapshot(o, m.store.Params...)
		for _, lr := range []float64{math.NaN(), math.Inf(1), -0.1, 1e39} {
			mustPanic(t, fmt.Sprintf("%T at a learning rate of %v", o, lr), func() { o.Step(tp, lr) })
		}
		if !reflect.DeepEqual(before, snapshot(o, m.store.Params...)) {
			t.Errorf("%T: parameters have moved", o)
		}
		if norm := o.Step(tp, 0); math.IsNaN(norm) {
			t.Errorf("%T: the gradient has a norm of %v", o, norm)
		}
	}
}

// mustPanic fails the test unless f panics with the error of all misuse.
func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	if tensor.Catch(f) == nil {
		t.Errorf("%s: no panic", what)
	}
}

func TestEMA(t *testing.T) {
	m, o := newModel(1, 4), &SGD{}
	ema := NewEMA(m.store, 0.75)
	untouched := NewLinear(m.store.Scope("untouched"), 2, 2)
	x, labels := batch()
	tp := autograd.NewTape()
	want := make(map[string][]float64)
	for step := range 5 {
		tp.Reset(autograd.Training)
		tp.Backward(m.loss(tp, x, labels).Var)
		o.Step(tp, 0.1)
		ema.Update(tp)
		for _, n := range m.store.named() {
			if step == 0 {
				want[n.Name] = make([]float64, n.Tensor.Len())
			}
			for i, v := range n.Tensor.Data {
				if w := &want[n.Name][i]; step == 0 {
					*w = float64(v)
				} else {
					*w = 0.75**w + 0.25*float64(v)
				}
			}
		}
	}
	before := snapshot(o, m.store.Params...)
	ema.Swap()
	for _, n := range m.store.named() {
		for i, v := range n.Tensor.Data {
			if w := want[n.Name][i]; math.Abs(float64(v)-w) > 1e-6 {
				t.Errorf("average of %s[%d] is %v, want %v", n.Name, i, v, w)
			}
		}
	}
	if slices.Equal(before["head.weight"], m.head.Weight.Value.Data) {
		t.Error("the average is the last value")
	}
	if _, ok := ema.averages[untouched.Weight.Name]; ok {
		t.Error("a parameter that was never used has an average")
	}
	mustPanic(t, "an update with the averages in place", func() { ema.Update(tp) })
	ema.Swap()
	if !reflect.DeepEqual(before, snapshot(o, m.store.Params...)) {
		t.Error("exchanging twice is not the identity")
	}
}
