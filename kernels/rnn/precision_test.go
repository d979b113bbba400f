package rnn

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// exact is a layer beside what it computes in float64, in either precision.
type exact struct {
	forward, backward func()
	oracle            func(p gemm.Precision) (y []float64, gradients map[string][]float64)
	y                 []float32
	gradients         map[string][]float32 // all that backward makes, set
}

// layersIn are the layers whose products have that precision.
var layersIn = map[string]func(t testing.TB, p gemm.Precision, s [4]int, seed uint64) *exact{
	"LSTM": exactLSTM,
	"GRU": func(t testing.TB, p gemm.Precision, s [4]int, seed uint64) *exact {
		return exactRecurrence(t, p, s, seed, false)
	},
	"Elman": func(t testing.TB, p gemm.Precision, s [4]int, seed uint64) *exact {
		return exactRecurrence(t, p, s, seed, true)
	},
	"DARTSCell": func(t testing.TB, p gemm.Precision, s [4]int, seed uint64) *exact {
		c := DARTSCell{Steps: s[0], Batch: s[1], Input: s[2], Hidden: s[3], Precision: p, Switch: []int{0, 1, 0, 1},
			Act: []activation.Func{activation.Tanh, activation.Sigmoid, activation.Identity, activation.Tanh}} // no kinks
		l := newCell(t, rand.New(rand.NewPCG(seed, 32)), c, true, guard.Float32)
		l.grad.Set = true
		clear(l.grad.X)
		clear(l.grad.H0)
		return &exact{l.forward, l.backward, func(p gemm.Precision) ([]float64, map[string][]float64) {
			l.Precision = p
			return l.oracle()
		}, l.y, l.gradients()}
	},
}

func exactLSTM(t testing.TB, p gemm.Precision, s [4]int, seed uint64) *exact {
	l := newLayer(t, rand.New(rand.NewPCG(seed, 34)), s[0], s[1], s[2], s[3], guard.Float32)
	l.Precision, l.grad.Set = p, true
	for _, g := range [][]float32{l.grad.X, l.grad.H0, l.grad.C0} {
		clear(g)
	}
	return &exact{
		y: l.y,
		gradients: map[string][]float32{"x": l.grad.X, "h0": l.grad.H0, "c0": l.grad.C0,
			"WIH": l.grad.WIH, "WHH": l.grad.WHH, "bias": l.grad.Bias},
		forward:  func() { l.Forward(l.w, l.x, l.h0, l.c0, l.y, &l.memory) },
		backward: func() { l.Backward(l.w, l.x, l.h0, l.y, l.dy, nil, &l.memory, l.grad) },
		oracle: func(p gemm.Precision) ([]float64, map[string][]float64) {
			o := newOracle(s, l.x, l.h0, map[string][]float32{"c0": l.c0, "WIH": l.w.WIH, "WHH": l.w.WHH, "bias": l.w.Bias})
			cells := slices.Clone(o.leaves["c0"])
			return o.run(p, 4, l.dy, func(zx, zh []int, row, j int, _ int) int {
				gate := func(i int, f activation.Func) int {
					z := o.add(o.add(zx[i*l.h+j], zh[i*l.h+j]), o.leaves["bias"][i*l.h+j])
					return o.apply(f, z)
				}
				c := &cells[row*l.h+j]
				kept := o.mul(gate(1, activation.Sigmoid), *c)
				*c = o.add(kept, o.mul(gate(0, activation.Sigmoid), gate(2, activation.Tanh)))
				return o.mul(gate(3, activation.Sigmoid), o.apply(activation.Tanh, *c))
			})
		},
	}
}

// exactRecurrence is a GRU, or an Elman layer of tanh.
func exactRecurrence(t testing.TB, p gemm.Precision, s [4]int, seed uint64, plain bool) *exact {
	rng := rand.New(rand.NewPCG(seed, 36))
	leaves := map[string][]float32{}
	e := &exact{}
	h := s[3]
	var r *recurrence
	if plain {
		r = newElman(t, rng, s, activation.Tanh, guard.Float32)
	} else {
		r = newGRU(t, rng, s, guard.Float32)
		leaves["bhn"] = r.weights[3]
	}
	r.set, r.precision = true, p
	clear(r.dx)
	clear(r.dh0)
	leaves["WIH"], leaves["WHH"], leaves["bias"] = r.weights[0], r.weights[1], r.weights[2]
	e.y, e.forward, e.backward = r.y, r.forward, r.backward
	e.gradients = map[string][]float32{"x": r.dx, "h0": r.dh0, "WIH": r.grads[0], "WHH": r.grads[1], "bias": r.grads[2]}
	if !plain {
		e.gradients["bhn"] = r.grads[3]
	}
	e.oracle = func(p gemm.Precision) ([]float64, map[string][]float64) {
		o := newOracle(s, r.x, r.h0, leaves)
		biased := func(zx []int, i, j int) int { return o.add(zx[i*h+j], o.leaves["bias"][i*h+j]) }
		if plain {
			return o.run(p, 1, r.dy, func(zx, zh []int, _, j, _ int) int {
				return o.apply(activation.Tanh, o.add(biased(zx, 0, j), zh[j]))
			})
		}
		return o.run(p, 3, r.dy, func(zx, zh []int, _, j, state int) int {
			reset := o.apply(activation.Sigmoid, o.add(biased(zx, 0, j), zh[j]))
			z := o.apply(activation.Sigmoid, o.add(biased(zx, 1, j), zh[h+j]))
			n := o.apply(activation.Tanh, o.add(biased(zx, 2, j), o.mul(reset, o.add(zh[2*h+j], o.leaves["bhn"][j]))))
			return o.add(n, o.mul(z, o.sub(state, n)))
		})
	}
	return e
}

// oracle is a recurrent layer on a tape.
type oracle struct {
	tape
	steps, batch, in, h int
	leaves              map[string][]int
}

func newOracle(s [4]int, x, h0 []float32, others map[string][]float32) *oracle {
	o := &oracle{steps: s[0], batch: s[1], in: s[2], h: s[3], leaves: make(map[string][]int)}
	o.leaves["x"], o.leaves["h0"] = o.tape.leaves(x), o.tape.leaves(h0)
	for _, name := range slices.Sorted(maps.Keys(others)) {
		o.leaves[name] = o.tape.leaves(others[name])
	}
	return o
}

// run returns outputs and gradients, of a layer of so many gates whose unit j has the value next after a step, from the rows x·WIH and
// h·WHH and its value before.
func (o *oracle) run(p gemm.Precision, gates int, dy []float32, next func(zx, zh []int, row, j, state int) int) (
	y []float64, gradients map[string][]float64) {
	outputs := make([]int, o.steps*o.batch*o.h)
	for row := range o.batch {
		state := o.leaves["h0"][row*o.h:][:o.h]
		for step := range o.steps {
			at := step*o.batch + row
			zx := o.product(p, o.leaves["x"][at*o.in:][:o.in], o.leaves["WIH"], gates*o.h)
			zh := o.product(p, state, o.leaves["WHH"], gates*o.h)
			now := outputs[at*o.h:][:o.h]
			for j := range now {
				now[j] = next(zx, zh, row, j, state[j])
			}
			state = now
		}
	}
	y, d := o.differentiate(outputs, dy)
	gradients = make(map[string][]float64)
	for name, l := range o.leaves {
		gradients[name] = d[l[0]:][:len(l)]
	}
	return y, gradients
}

// differs is the root mean square of the differences relative to that of want.
func differs(got []float32, want []float64) float64 {
	var num, den float64
	for i, v := range got {
		num, den = num+(float64(v)-want[i])*(float64(v)-want[i]), den+want[i]*want[i]
	}
	return math.Sqrt(num / den)
}

// TestPrecision: in bfloat16 a layer computes what it does in float64 with rounded operands of its products, forward and backward, and in
// float32 what it does without. Now and then a value is so near to the middle between two bfloat16 numbers that its last bit decides which
// it becomes: that is why the median of several draws counts.
func TestPrecision(t *testing.T) {
	const draws = 5
	for name, layer := range layersIn {
		t.Run(name, func(t *testing.T) {
			for _, p := range []gemm.Precision{gemm.Float32, gemm.BF16} {
				var errors [2]map[string][]float64 // beside the oracle of each precision, by what
				for q := range errors {
					errors[q] = make(map[string][]float64)
				}
				for seed := range uint64(draws) {
					l := layer(t, p, [4]int{3, 4, 9, 17}, seed)
					l.forward()
					l.backward()
					for q := range errors {
						y, gradients := l.oracle(gemm.Precision(q))
						errors[q]["y"] = append(errors[q]["y"], differs(l.y, y))
						for name, g := range l.gradients {
							errors[q][name] = append(errors[q][name], differs(g, gradients[name]))
						}
					}
				}
				for q := range errors {
					for what, of := range errors[q] {
						slices.Sort(of)
						switch e, own := of[draws/2], q == int(p); {
						case own && !(e < 1e-6):
							t.Errorf("%s in %v: relative errors %.2g", what, p, of)
						case !own && !(e > 1e-3 && e < 2e-2), own && !(of[draws-1] < 2e-3):
							t.Errorf("%s in %v and in %v: relative differences %.2g", what, p, gemm.Precision(q), of)
						}
					}
				}
			}
		})
	}
}

// TestPrecisionThreadsAndMemory: neither the number of threads nor what a layer has computed before changes bits, and none of it allocates.
func TestPrecisionThreadsAndMemory(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	for name, layer := range layersIn {
		var first []float32
		for _, threads := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(threads)
			l := layer(t, gemm.BF16, [4]int{3, 67, 30, 70}, 1)
			l.forward()
			l.backward()
			all := slices.Clone(l.y)
			for _, of := range slices.Sorted(maps.Keys(l.gradients)) {
				all = append(all, l.gradients[of]...)
			}
			if first == nil {
				first = all
			}
			if !slices.Equal(all, first) {
				t.Errorf("%s: %d threads give other bits than one", name, threads)
			}
		}
		l := layer(t, gemm.BF16, [4]int{3, 4, 9, 20}, 1)
		step := func() {
			l.forward()
			l.backward()
		}
		step()
		if n := testing.AllocsPerRun(20, step); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		before := fmt.Sprint(l.y)
		if step(); fmt.Sprint(l.y) != before {
			t.Errorf("%s: the same step gives another result", name)
		}
	}
}
