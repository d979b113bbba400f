package rnn

import (
	"fmt"
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

// recurrence is a layer whose state is its output, a GRU or a plain one, with operands that end (or begin) at inaccessible pages.
type recurrence struct {
	steps, batch, in, h int
	weights, grads      [][]float32 // WIH, WHH and biases
	x, h0, y, dy        []float32
	dx, dh0             []float32
	set                 bool // the gradients of the weights
	precision           gemm.Precision
	// next is one unit of a step in float64, from x·WIH and h·WHH of its row, biases apart.
	next              func(r *recurrence, zx, zh []float64, state float64, j int) float64
	forward, backward func()
}

// newRecurrence makes a layer of so many gates, with further biases of those sizes.
func newRecurrence(t testing.TB, rng *rand.Rand, s [4]int, gates int, biases []int, alloc func(testing.TB, int) []float32) *recurrence {
	r := &recurrence{steps: s[0], batch: s[1], in: s[2], h: s[3]}
	make := func(n int) []float32 { return random(rng, alloc(t, n)) }
	for _, list := range []*[][]float32{&r.weights, &r.grads} {
		*list = append(*list, make(r.in*gates*r.h), make(r.h*gates*r.h))
		for _, n := range biases {
			*list = append(*list, make(n*r.h))
		}
	}
	r.x, r.y, r.dy, r.dx = make(r.steps*r.batch*r.in), make(r.steps*r.batch*r.h), make(r.steps*r.batch*r.h), make(r.steps*r.batch*r.in)
	r.h0, r.dh0 = make(r.batch*r.h), make(r.batch*r.h)
	return r
}

func newGRU(t testing.TB, rng *rand.Rand, s [4]int, alloc func(testing.TB, int) []float32) *recurrence {
	r := newRecurrence(t, rng, s, 3, []int{3, 1}, alloc)
	l, m := GRU{Steps: s[0], Batch: s[1], Input: s[2], Hidden: s[3]}, new(GRUMemory)
	w, g := GRUWeights{r.weights[0], r.weights[1], r.weights[2], r.weights[3]}, GRUWeights{r.grads[0], r.grads[1], r.grads[2], r.grads[3]}
	r.forward = func() {
		l.Precision = r.precision
		l.Forward(w, r.x, r.h0, r.y, m)
	}
	r.backward = func() {
		l.Backward(w, r.x, r.h0, r.y, r.dy, m, GRUGradients{GRUWeights: g, X: r.dx, H0: r.dh0, Set: r.set})
	}
	r.next = func(r *recurrence, zx, zh []float64, state float64, j int) float64 {
		bias := func(i int) float64 { return float64(r.weights[2][i*r.h+j]) }
		reset, z := sigma(zx[j]+bias(0)+zh[j]), sigma(zx[r.h+j]+bias(1)+zh[r.h+j])
		n := math.Tanh(zx[2*r.h+j] + bias(2) + reset*(zh[2*r.h+j]+float64(r.weights[3][j])))
		return (1-z)*n + z*state
	}
	return r
}

func newElman(t testing.TB, rng *rand.Rand, s [4]int, act activation.Func, alloc func(testing.TB, int) []float32) *recurrence {
	r := newRecurrence(t, rng, s, 1, []int{1}, alloc)
	l, m := Elman{Steps: s[0], Batch: s[1], Input: s[2], Hidden: s[3], Act: act}, new(ElmanMemory)
	w, g := ElmanWeights{r.weights[0], r.weights[1], r.weights[2]}, ElmanWeights{r.grads[0], r.grads[1], r.grads[2]}
	r.forward = func() {
		l.Precision = r.precision
		l.Forward(w, r.x, r.h0, r.y, m)
	}
	r.backward = func() {
		l.Backward(w, r.x, r.h0, r.y, r.dy, m, ElmanGradients{ElmanWeights: g, X: r.dx, H0: r.dh0, Set: r.set})
	}
	r.next = func(r *recurrence, zx, zh []float64, _ float64, j int) float64 {
		z := zx[j] + zh[j] + float64(r.weights[2][j])
		if act == activation.Tanh {
			return math.Tanh(z)
		}
		return max(z, 0)
	}
	return r
}

// run is the layer in float64: the outputs, and the loss Σ dy⊙y whose gradients backward computes.
func (r *recurrence) run() (y []float64, loss float64) {
	y = make([]float64, len(r.y))
	product := func(x []float64, w []float32) []float64 {
		cols := len(w) / len(x)
		z := make([]float64, cols)
		for i, v := range x {
			for j := range z {
				z[j] += v * float64(w[i*cols+j])
			}
		}
		return z
	}
	for b := range r.batch {
		state := make([]float64, r.h)
		for j := range state {
			state[j] = float64(r.h0[b*r.h+j])
		}
		for s := range r.steps {
			x := make([]float64, r.in)
			for i := range x {
				x[i] = float64(r.x[(s*r.batch+b)*r.in+i])
			}
			zx, zh := product(x, r.weights[0]), product(state, r.weights[1])
			next := make([]float64, r.h)
			for j := range next {
				next[j] = r.next(r, zx, zh, state[j], j)
				at := (s*r.batch+b)*r.h + j
				y[at] = next[j]
				loss += next[j] * float64(r.dy[at])
			}
			state = next
		}
	}
	return y, loss
}

// recurrences are the layers that share this test.
var recurrences = map[string]func(t testing.TB, rng *rand.Rand, s [4]int, alloc func(testing.TB, int) []float32) *recurrence{
	"GRU": newGRU,
	"Elman/tanh": func(t testing.TB, rng *rand.Rand, s [4]int, alloc func(testing.TB, int) []float32) *recurrence {
		return newElman(t, rng, s, activation.Tanh, alloc)
	},
	"Elman/relu": func(t testing.TB, rng *rand.Rand, s [4]int, alloc func(testing.TB, int) []float32) *recurrence {
		r := newElman(t, rng, s, activation.ReLU, alloc)
		for i := range r.weights[2] { // no unit is near the kink
			r.weights[2][i] = 8 * float32(i%2*2-1)
		}
		for i := range r.weights[1] {
			r.weights[1][i] /= 32
		}
		return r
	},
}

func TestRecurrences(t *testing.T) {
	for name, make := range recurrences {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			for i, s := range [][4]int{{1, 1, 1, 1}, {3, 2, 5, 4}, {4, 3, 1, 7}, {2, 5, 17, 33}} {
				r := make(t, rng, s, guard.Sides[i%2])
				all := [][2][]float32{{r.x, r.dx}, {r.h0, r.dh0}}
				for k := range r.weights {
					all = append(all, [2][]float32{r.weights[k], r.grads[k]})
				}
				r.set = i%2 == 1
				var before [][]float32
				for k, p := range all {
					before = append(before, slices.Clone(p[1]))
					if r.set && k >= 2 {
						clear(before[k])
					}
				}
				y, _ := r.run()
				r.forward()
				for j, v := range r.y {
					near(t, fmt.Sprintf("%v: y[%d]", s, j), float64(v), y[j], 2e-6*(1+math.Abs(y[j])))
				}
				r.backward()
				for k, p := range all {
					for range 10 {
						j := rng.IntN(len(p[0]))
						v := p[0][j]
						const eps = 1. / 128
						p[0][j] = v + eps
						_, up := r.run()
						p[0][j] = v - eps
						_, down := r.run()
						p[0][j] = v
						want := (up-down)/(2*eps) + float64(before[k][j])
						near(t, fmt.Sprintf("%v: gradient of operand %d at %d", s, k, j), float64(p[1][j]), want, 1e-3*(1+math.Abs(want)))
					}
				}
			}
		})
	}
}

// Gradients that nobody wants are not computed, the others stay the same, and so they do on any number of threads.
func TestRecurrencesUnwantedAndThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	for name, make := range recurrences {
		run := func(threads int, all bool) []float32 {
			runtime.GOMAXPROCS(threads)
			r := make(t, rand.New(rand.NewPCG(3, 4)), [4]int{5, 7, 20, 40}, heap)
			if !all {
				r.dx, r.dh0 = nil, nil
			}
			r.forward()
			r.backward()
			return slices.Concat(append(slices.Clone(r.grads), r.y, r.dx, r.dh0)...)
		}
		want := run(1, true)
		for _, threads := range []int{2, 5} {
			if got := run(threads, true); !slices.Equal(got, want) {
				t.Errorf("%s: %d threads give other bits than one", name, threads)
			}
		}
		if got := run(1, false); !slices.Equal(got, want[:len(got)]) {
			t.Errorf("%s: without those of x and h0, gradients differ", name)
		}
	}
}

func TestRecurrencesAllocateNothing(t *testing.T) {
	for name, make := range recurrences {
		r := make(t, rand.New(rand.NewPCG(13, 14)), [4]int{3, 4, 20, 40}, heap)
		run := func() {
			r.forward()
			r.backward()
		}
		run()
		if n := testing.AllocsPerRun(20, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
