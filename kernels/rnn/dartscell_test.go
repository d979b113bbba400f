package rnn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// cell is a cell of DARTS with operands that end (or begin) at inaccessible pages.
type cell struct {
	DARTSCell
	w                       DARTSCellWeights
	x, h0, maskX, maskH, dy []float32
	y                       []float32
	grad                    DARTSCellGradients
	memory                  DARTSCellMemory
}

// newCell draws the architecture too, unless it is given.
func newCell(t testing.TB, rng *rand.Rand, c DARTSCell, masked bool, alloc func(testing.TB, int) []float32) *cell {
	if c.Switch == nil {
		for j := range 1 + rng.IntN(8) {
			c.Switch, c.Act = append(c.Switch, rng.IntN(j+1)), append(c.Act, activations[rng.IntN(4)])
		}
	}
	b, i, h := c.Batch, c.Input, c.Hidden
	vector := func(n int) []float32 { return random(rng, alloc(t, n)) }
	// The wider, the smaller: else most activations would lie where they are flat.
	matrix := func(rows int) []float32 {
		w := vector(rows * 2 * h)
		for j := range w {
			w[j] *= 3 / float32(math.Sqrt(float64(rows)))
		}
		return w
	}
	weights := func() DARTSCellWeights {
		w := DARTSCellWeights{W0: matrix(i + h)}
		for range c.Switch {
			w.W = append(w.W, matrix(h))
		}
		return w
	}
	l := &cell{
		DARTSCell: c, w: weights(), x: vector(c.Steps * b * i), h0: vector(b * h), dy: vector(c.Steps * b * h), y: vector(c.Steps * b * h),
		grad: DARTSCellGradients{DARTSCellWeights: weights(), X: vector(c.Steps * b * i), H0: vector(b * h)},
	}
	if masked {
		l.maskX, l.maskH = alloc(t, b*i), alloc(t, b*h)
		Mask(l.maskX, 0.5, rng)
		Mask(l.maskH, 0.25, rng)
	}
	return l
}

func (l *cell) forward() { l.Forward(l.w, l.x, l.h0, l.maskX, l.maskH, l.y, &l.memory) }

func (l *cell) backward() {
	l.Backward(l.w, l.x, l.h0, l.maskX, l.maskH, l.y, l.dy, &l.memory, l.grad)
}

// gradients are all that Backward adds to, by name.
func (l *cell) gradients() map[string][]float32 {
	all := map[string][]float32{"W0": l.grad.W0, "x": l.grad.X, "h0": l.grad.H0}
	for j, w := range l.grad.W {
		all[fmt.Sprintf("W[%d]", j)] = w
	}
	return all
}

// oracle returns the outputs and the gradients in float64, written after the definition one number at a time.
func (l *cell) oracle() (y []float64, gradients map[string][]float64) {
	var tp tape
	t, b, i, h, n := l.Steps, l.Batch, l.Input, l.Hidden, len(l.Switch)
	w0, x, h0 := tp.leaves(l.w.W0), tp.leaves(l.x), tp.leaves(l.h0)
	var w [][]int
	for _, m := range l.w.W {
		w = append(w, tp.leaves(m))
	}
	dropped := func(a int, mask []float32, at int) int {
		if mask == nil {
			return a
		}
		return tp.scale(a, float64(mask[at]))
	}
	// inner is the inner step whose matrix has for each of in a row, where carried is the state that it carries on.
	inner := func(in, w, carried []int, f activation.Func) []int {
		next, z := make([]int, h), tp.product(l.Precision, in, w, 2*h)
		for j := range next {
			next[j] = tp.add(carried[j], tp.mul(tp.apply(activation.Sigmoid, z[j]), tp.sub(tp.apply(f, z[h+j]), carried[j])))
		}
		return next
	}
	outputs := make([]int, t*b*h)
	for row := range b {
		masked := func(s []int) []int {
			out := make([]int, h)
			for j := range out {
				out[j] = dropped(s[j], l.maskH, row*h+j)
			}
			return out
		}
		before := h0[row*h:][:h]
		for step := range t {
			var in []int
			for j, v := range x[(step*b+row)*i:][:i] {
				in = append(in, dropped(v, l.maskX, row*i+j))
			}
			states := [][]int{inner(append(in, masked(before)...), w0, before, activation.Tanh)}
			for k := range n {
				p := states[l.Switch[k]]
				states = append(states, inner(masked(p), w[k], p, l.Act[k]))
			}
			before = outputs[(step*b+row)*h:][:h]
			for j := range before {
				sum := states[1][j]
				for _, s := range states[2:] {
					sum = tp.add(sum, s[j])
				}
				before[j] = tp.scale(sum, 1/float64(n))
			}
		}
	}
	y, d := tp.differentiate(outputs, l.dy)
	of := func(leaves []int) []float64 { return d[leaves[0]:][:len(leaves)] }
	gradients = map[string][]float64{"W0": of(w0), "x": of(x), "h0": of(h0)}
	for j := range w {
		gradients[fmt.Sprintf("W[%d]", j)] = of(w[j])
	}
	return y, gradients
}

// checkCell compares a call forward and back with the oracle.
func checkCell(t *testing.T, l *cell) {
	t.Helper()
	what := fmt.Sprintf("%+v, masked %v", l.DARTSCell, l.maskH != nil)
	y, want := l.oracle()
	for name, g := range l.gradients() {
		for j, v := range g { // what is there before
			want[name][j] += float64(v)
		}
	}
	l.forward()
	for j, v := range l.y {
		near(t, fmt.Sprintf("%s: y[%d]", what, j), float64(v), y[j], 4e-6*(1+math.Abs(y[j])))
	}
	l.backward()
	for name, g := range l.gradients() {
		for j, v := range g {
			near(t, fmt.Sprintf("%s: gradient of %s[%d]", what, name, j), float64(v), want[name][j], 4e-5*(1+math.Abs(want[name][j])))
		}
	}
}

func TestDARTSCell(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	for i, c := range []DARTSCell{
		{Steps: 1, Batch: 1, Input: 1, Hidden: 1},
		{Steps: 2, Batch: 1, Input: 3, Hidden: 1, Switch: []int{0}, Act: []activation.Func{activation.ReLU}},
		{Steps: 3, Batch: 2, Input: 5, Hidden: 4, Switch: []int{0, 1, 2, 3},
			Act: []activation.Func{activation.Tanh, activation.ReLU, activation.Sigmoid, activation.Identity}},
		{Steps: 4, Batch: 3, Input: 1, Hidden: 7, Switch: []int{0, 0, 0, 0},
			Act: []activation.Func{activation.Identity, activation.Sigmoid, activation.ReLU, activation.Tanh}},
		{Steps: 3, Batch: 5, Input: 19, Hidden: 16, Switch: []int{0, 1, 1, 1, 2, 5, 3, 5}, // the cell of the paper
			Act: []activation.Func{activation.Sigmoid, activation.ReLU, activation.ReLU, activation.Identity, activation.Tanh,
				activation.Sigmoid, activation.Tanh, activation.ReLU}},
		{Steps: 1, Batch: 3, Input: 17, Hidden: 37},
		{Steps: 2, Batch: 1, Input: 40, Hidden: 33},
	} {
		for j, masked := range []bool{false, true} {
			checkCell(t, newCell(t, rng, c, masked, guard.Sides[(i+j)%2]))
		}
	}
	// Of the masks, either may be there alone.
	l := newCell(t, rng, DARTSCell{Steps: 3, Batch: 2, Input: 5, Hidden: 6}, true, heap)
	l.maskX = nil
	checkCell(t, l)
	l = newCell(t, rng, DARTSCell{Steps: 3, Batch: 2, Input: 5, Hidden: 6}, true, heap)
	l.maskH = nil
	checkCell(t, l)
}

// TestDARTSCellWithoutState: gradients that nobody wants are not computed, and the others are the same; the memory of another
// cell, of another shape and half used, serves as well as a new one.
func TestDARTSCellWithoutState(t *testing.T) {
	run := func(all bool, m DARTSCellMemory) *cell {
		l := newCell(t, rand.New(rand.NewPCG(17, 18)), DARTSCell{Steps: 3, Batch: 2, Input: 4, Hidden: 5}, true, heap)
		l.memory = m
		if !all {
			l.grad.X, l.grad.H0 = nil, nil
		}
		l.forward()
		l.backward()
		return l
	}
	other := newCell(t, rand.New(rand.NewPCG(19, 20)), DARTSCell{Steps: 5, Batch: 3, Input: 9, Hidden: 8}, true, heap)
	for _, v := range [][]float32{other.x, other.h0} {
		for j := range v {
			v[j] = float32(math.NaN())
		}
	}
	other.forward()
	a, b := run(true, DARTSCellMemory{}), run(false, other.memory)
	for name, g := range b.gradients() {
		if g != nil && !slices.Equal(g, a.gradients()[name]) {
			t.Errorf("gradients of %s differ", name)
		}
	}
}

// TestDARTSCellGradientsThatAreSet: they are those that are added to zeros, whatever was there before.
func TestDARTSCellGradientsThatAreSet(t *testing.T) {
	run := func(set bool, was float32) *cell {
		l := newCell(t, rand.New(rand.NewPCG(17, 18)), DARTSCell{Steps: 3, Batch: 2, Input: 4, Hidden: 5}, true, heap)
		l.grad.Set = set
		for _, w := range append(l.grad.W, l.grad.W0) {
			for j := range w {
				w[j] = was
			}
		}
		l.forward()
		l.backward()
		return l
	}
	added, set := run(false, 0), run(true, float32(math.NaN()))
	for name, g := range set.gradients() {
		if !slices.Equal(g, added.gradients()[name]) {
			t.Errorf("gradients of %s differ", name)
		}
	}
}

func TestDARTSCellSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	var first *cell
	for _, threads := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(threads)
		l := newCell(t, rand.New(rand.NewPCG(21, 22)), DARTSCell{Steps: 3, Batch: 67, Input: 30, Hidden: 70}, true, heap) // three chunks
		l.forward()
		l.backward()
		if first == nil {
			first = l
		}
		if !slices.Equal(l.y, first.y) {
			t.Errorf("%d threads give other outputs than one", threads)
		}
		for name, g := range l.gradients() {
			if !slices.Equal(g, first.gradients()[name]) {
				t.Errorf("gradient of %s: %d threads give other bits than one", name, threads)
			}
		}
	}
}

// TestDARTSCellNaN: what is not finite in one sequence shows from its step on, and reaches no other sequence.
func TestDARTSCellNaN(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		for _, masked := range []bool{false, true} {
			c := DARTSCell{Steps: 3, Batch: 3, Input: 4, Hidden: 20, Switch: []int{0, 1},
				Act: []activation.Func{activation.Tanh, activation.Identity}}
			l := newCell(t, rand.New(rand.NewPCG(23, 24)), c, masked, heap)
			l.forward()
			good := slices.Clone(l.y)
			l.x[(1*3+1)*4] = float32(bad) // of the second step of the second sequence
			l.forward()
			for j, v := range l.y {
				step, row := j/(3*20), j/20%3
				switch spoilt := step >= 1 && row == 1; {
				case !spoilt && v != good[j]:
					t.Fatalf("%v in another sequence or later changes y[%d] from %v to %v", bad, j, good[j], v)
				case spoilt && math.IsNaN(bad) && v == v:
					t.Fatalf("y[%d] is %v after a NaN", j, v)
				}
			}
			l.backward()
			if math.IsNaN(bad) {
				for j, v := range l.grad.H0 {
					if spoilt := j/20 == 1; spoilt != (v != v) {
						t.Fatalf("gradient of h0[%d] is %v", j, v)
					}
				}
			}
		}
	}
}

func TestDARTSCellAllocatesNothing(t *testing.T) {
	l := newCell(t, rand.New(rand.NewPCG(25, 26)), DARTSCell{Steps: 3, Batch: 4, Input: 9, Hidden: 20}, true, heap)
	run := func() { l.forward(); l.backward() }
	run()
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDARTSCellPanics(t *testing.T) {
	for want, spoil := range map[string]func(*cell){
		"W0 of 23 elements, want 24":           func(l *cell) { l.w.W0 = l.w.W0[:23] },
		"W of 7 elements, want 8":              func(l *cell) { l.w.W[1] = l.w.W[1][:7] },
		"x of 15 elements, want 16":            func(l *cell) { l.x = l.x[1:] },
		"h0 of 3 elements, want 4":             func(l *cell) { l.h0 = l.h0[1:] },
		"mask of x of 1 elements, want 8":      func(l *cell) { l.maskX = l.maskX[:1] },
		"mask of h of 0 elements, want 4":      func(l *cell) { l.maskH = l.maskH[:0] },
		"y of 7 elements, want 8":              func(l *cell) { l.y = l.y[1:] },
		"dy of 7 elements, want 8":             func(l *cell) { l.dy = l.dy[1:] },
		"gradient of x of 1 elements, want 16": func(l *cell) { l.grad.X = l.grad.X[:1] },
		"gradient of h0 of 1 elements, want 4": func(l *cell) { l.grad.H0 = l.grad.H0[:1] },
		"W of 1 elements, want 8":              func(l *cell) { l.grad.W[0] = l.grad.W[0][:1] },
		"inner step 1 that reads state 2":      func(l *cell) { l.Switch[1] = 2 },
		"has activation 5, want a state from 0 to 0 and Identity, ReLU, Tanh or Sigmoid": func(l *cell) { l.Act[0] = 5 },
		"with 1 matrices beside W0": func(l *cell) { l.w.W = l.w.W[:1] },
	} {
		c := DARTSCell{Steps: 2, Batch: 2, Input: 4, Hidden: 2, Switch: []int{0, 1},
			Act: []activation.Func{activation.Tanh, activation.ReLU}}
		l := newCell(t, rand.New(rand.NewPCG(27, 28)), c, true, heap)
		l.forward()
		spoil(l)
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("panicked with %q, want %q", got, want)
				}
			}()
			l.backward()
			l.forward()
		}()
	}
}

func FuzzDARTSCell(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(2), uint8(5), uint8(7))
	f.Fuzz(func(t *testing.T, seed uint64, steps, batch, in, h uint8) {
		c := DARTSCell{Steps: 1 + int(steps)%4, Batch: 1 + int(batch)%5, Input: 1 + int(in)%24, Hidden: 1 + int(h)%24}
		checkCell(t, newCell(t, rand.New(rand.NewPCG(seed, 2)), c, seed%2 == 1, guard.Sides[seed/2%2]))
	})
}
