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

func random(rng *rand.Rand, x []float32) []float32 {
	for i := range x {
		x[i] = float32(rng.NormFloat64() / 2)
	}
	return x
}

func heap(_ testing.TB, n int) []float32 { return make([]float32, n) }

// layer is an LSTM with operands that end (or begin) at inaccessible pages.
type layer struct {
	LSTM
	w                   LSTMWeights
	x, h0, c0, y        []float32
	dy, dc              []float32
	grad                LSTMGradients
	memory              LSTMMemory
	steps, batch, in, h int
}

func newLayer(t testing.TB, rng *rand.Rand, steps, batch, in, h int, alloc func(testing.TB, int) []float32) *layer {
	make := func(n int) []float32 { return random(rng, alloc(t, n)) }
	weights := func() LSTMWeights { return LSTMWeights{make(in * 4 * h), make(h * 4 * h), make(4 * h)} }
	return &layer{
		LSTM: LSTM{Steps: steps, Batch: batch, Input: in, Hidden: h}, w: weights(),
		x: make(steps * batch * in), h0: make(batch * h), c0: make(batch * h), y: make(steps * batch * h),
		dy: make(steps * batch * h), dc: make(batch * h),
		grad:  LSTMGradients{LSTMWeights: weights(), X: make(steps * batch * in), H0: make(batch * h), C0: make(batch * h)},
		steps: steps, batch: batch, in: in, h: h,
	}
}

func sigma(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// run is the layer in float64, one sequence at a time: the outputs, and the loss Σ dy⊙y + Σ dc⊙c_T whose gradients Backward computes.
func (l *layer) run(w LSTMWeights, x, h0, c0 []float32) (y []float64, loss float64) {
	y = make([]float64, len(l.y))
	for b := range l.batch {
		h, c := make([]float64, l.h), make([]float64, l.h)
		for j := range l.h {
			h[j], c[j] = float64(h0[b*l.h+j]), float64(c0[b*l.h+j])
		}
		for s := range l.steps {
			z := make([]float64, 4*l.h)
			for j := range z {
				z[j] = float64(w.Bias[j])
				for i := range l.in {
					z[j] += float64(x[(s*l.batch+b)*l.in+i]) * float64(w.WIH[i*4*l.h+j])
				}
				for i, v := range h {
					z[j] += v * float64(w.WHH[i*4*l.h+j])
				}
			}
			for j := range l.h {
				c[j] = sigma(z[l.h+j])*c[j] + sigma(z[j])*math.Tanh(z[2*l.h+j])
			}
			for j := range l.h {
				h[j] = sigma(z[3*l.h+j]) * math.Tanh(c[j])
				at := (s*l.batch+b)*l.h + j
				y[at] = h[j]
				loss += h[j] * float64(l.dy[at])
			}
		}
		for j := range l.h {
			loss += c[j] * float64(l.dc[b*l.h+j])
		}
	}
	return y, loss
}

func near(t *testing.T, what string, got, want, bound float64) {
	t.Helper()
	if !(math.Abs(got-want) <= bound) {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

func TestLSTM(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i, s := range [][4]int{{1, 1, 1, 1}, {3, 2, 5, 4}, {4, 3, 1, 7}, {2, 5, 17, 33}} {
		l := newLayer(t, rng, s[0], s[1], s[2], s[3], guard.Sides[i%2])
		before := l.grad
		l.grad.Set = i%2 == 1
		for k, g := range []*[]float32{&before.WIH, &before.WHH, &before.Bias, &before.X, &before.H0, &before.C0} {
			if *g = slices.Clone(*g); l.grad.Set && k < 3 {
				clear(*g)
			}
		}
		y, _ := l.run(l.w, l.x, l.h0, l.c0)
		l.Forward(l.w, l.x, l.h0, l.c0, l.y, &l.memory)
		for j, v := range l.y {
			near(t, fmt.Sprintf("%v: y[%d]", s, j), float64(v), y[j], 2e-6)
		}
		l.Backward(l.w, l.x, l.h0, l.y, l.dy, l.dc, &l.memory, l.grad)
		for name, p := range map[string][3][]float32{
			"WIH": {l.w.WIH, l.grad.WIH, before.WIH}, "WHH": {l.w.WHH, l.grad.WHH, before.WHH},
			"bias": {l.w.Bias, l.grad.Bias, before.Bias},
			"x":    {l.x, l.grad.X, before.X}, "h0": {l.h0, l.grad.H0, before.H0}, "c0": {l.c0, l.grad.C0, before.C0},
		} {
			for range 10 {
				j := rng.IntN(len(p[0]))
				v := p[0][j]
				const eps = 1. / 128
				p[0][j] = v + eps
				_, up := l.run(l.w, l.x, l.h0, l.c0)
				p[0][j] = v - eps
				_, down := l.run(l.w, l.x, l.h0, l.c0)
				p[0][j] = v
				want := (up-down)/(2*eps) + float64(p[2][j])
				near(t, fmt.Sprintf("%v: gradient of %s[%d]", s, name, j), float64(p[1][j]), want, 1e-3*(1+math.Abs(want)))
			}
		}
	}
}

// TestLSTMWithoutState: gradients that nobody wants are not computed, and the others are the same.
func TestLSTMWithoutState(t *testing.T) {
	run := func(all bool) LSTMWeights {
		l := newLayer(t, rand.New(rand.NewPCG(3, 4)), 3, 2, 4, 5, heap)
		if !all {
			l.grad.X, l.grad.H0, l.grad.C0 = nil, nil, nil
		}
		l.Forward(l.w, l.x, l.h0, l.c0, l.y, &l.memory)
		l.Backward(l.w, l.x, l.h0, l.y, l.dy, nil, &l.memory, l.grad)
		return l.grad.LSTMWeights
	}
	a, b := run(true), run(false)
	if !slices.Equal(a.WIH, b.WIH) || !slices.Equal(a.WHH, b.WHH) || !slices.Equal(a.Bias, b.Bias) {
		t.Error("gradients of the weights differ")
	}
}

func TestHighway(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, f := range activations {
		for i, size := range [][2]int{{1, 1}, {3, 7}, {5, 33}, {3, 20000}} {
			checkHighway(t, rng, size[0], size[1], f, i%2 == 1, guard.Sides[i%2])
		}
	}
}

// activations are those that a cell may have.
var activations = []activation.Func{activation.Tanh, activation.ReLU, activation.Sigmoid, activation.Identity}

func checkHighway(t *testing.T, rng *rand.Rand, batch, h int, f activation.Func, add bool, alloc func(testing.TB, int) []float32) {
	vector := func(n int) []float32 { return random(rng, alloc(t, n)) }
	ch, s, dy, ds, y := vector(batch*2*h), vector(batch*h), vector(batch*h), vector(batch*h), vector(batch*h)
	pre, before := slices.Clone(ch), slices.Clone(ds)
	act := func(x float64) (v, slope float64) {
		switch f {
		case activation.Tanh:
			v = math.Tanh(x)
			return v, 1 - v*v
		case activation.ReLU:
			if x > 0 {
				return x, 1
			}
			return 0, 0
		case activation.Sigmoid:
			v = sigma(x)
			return v, v * (1 - v)
		}
		return x, 1
	}
	Highway(y, ch, s, batch, h, f)
	HighwayBackward(ds, ch, s, dy, batch, h, f, add)
	for r := range batch {
		for j := range h {
			at := r*h + j
			g := sigma(float64(pre[r*2*h+j]))
			v, slope := act(float64(pre[r*2*h+h+j]))
			state, d := float64(s[at]), float64(dy[at])
			near(t, fmt.Sprintf("%v: y", f), float64(y[at]), state+g*(v-state), 1e-6)
			want := d * (1 - g)
			if add {
				want += float64(before[at])
			}
			near(t, fmt.Sprintf("%v: ds", f), float64(ds[at]), want, 1e-6)
			near(t, fmt.Sprintf("%v: dc", f), float64(ch[r*2*h+j]), d*(v-state)*g*(1-g), 1e-6)
			near(t, fmt.Sprintf("%v: dh", f), float64(ch[r*2*h+h+j]), d*g*slope, 1e-6)
		}
	}
}

func FuzzHighway(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(20), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, batch, h, act uint8) {
		checkHighway(t, rand.New(rand.NewPCG(seed, 1)), int(batch%9), 1+int(h), activations[act%4], seed%2 == 1, guard.Sides[seed/2%2])
	})
}

func TestEmbedding(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for i, width := range []int{1, 7, 64, 100, 150, 20000} {
		for _, scaled := range []bool{false, true} {
			checkEmbedding(t, rng, 11, 200000/(1000+width), width, scaled, guard.Sides[i%2])
		}
	}
}

// checkEmbedding looks up count of all rows but the last.
func checkEmbedding(t *testing.T, rng *rand.Rand, rows, count, width int, scaled bool, alloc func(testing.TB, int) []float32) {
	table, index := random(rng, alloc(t, rows*width)), make([]int32, count)
	for j := range index {
		index[j] = int32(rng.IntN(rows - 1))
	}
	var scale []float32
	if scaled {
		scale = alloc(t, rows)
		Mask(scale, 0.5, rng)
	}
	factor := func(row int32) float32 {
		if scale == nil {
			return 1
		}
		return scale[row]
	}
	y, dTable := alloc(t, count*width), random(rng, alloc(t, rows*width))
	Embedding(y, table, index, width, scale)
	for j, v := range y {
		if want := factor(index[j/width]) * table[int(index[j/width])*width+j%width]; v != want {
			t.Fatalf("width %d: y[%d] is %v, want %v", width, j, v, want)
		}
	}
	want := make([]float64, len(dTable))
	for j, v := range dTable {
		want[j] = float64(v)
	}
	for j, v := range y {
		want[int(index[j/width])*width+j%width] += float64(factor(index[j/width])) * float64(v)
	}
	EmbeddingBackward(dTable, y, index, width, scale)
	for j, v := range dTable {
		near(t, fmt.Sprintf("width %d: gradient %d", width, j), float64(v), want[j], 1e-5*(1+math.Abs(want[j])))
	}
}

func FuzzEmbedding(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(20), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, rows, count, width uint8) {
		checkEmbedding(t, rand.New(rand.NewPCG(seed, 1)), 2+int(rows), int(count), 1+int(width), seed%2 == 1, guard.Sides[seed/2%2])
	})
}

func TestMask(t *testing.T) {
	m := make([]float32, 10000)
	Mask(m, 0.3, rand.New(rand.NewPCG(9, 10)))
	dropped := 0
	for _, v := range m {
		switch v {
		case 0:
			dropped++
		case float32(1 / 0.7):
		default:
			t.Fatalf("a factor is %v", v)
		}
	}
	if math.Abs(float64(dropped)-3000) > 5*math.Sqrt(10000*0.3*0.7) {
		t.Errorf("%d of 10000 are dropped with probability 0.3", dropped)
	}
	x := []float32{1, 2, 3, 4, 5, 6}
	Dropout(x, x, []float32{0, 2})
	if want := []float32{0, 4, 0, 8, 0, 12}; !slices.Equal(x, want) {
		t.Errorf("Dropout gives %v, want %v", x, want)
	}
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	var first [][]float32
	for _, threads := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(threads)
		rng := rand.New(rand.NewPCG(11, 12))
		l := newLayer(t, rng, 5, 7, 20, 40, heap)
		l.Forward(l.w, l.x, l.h0, l.c0, l.y, &l.memory)
		l.Backward(l.w, l.x, l.h0, l.y, l.dy, l.dc, &l.memory, l.grad)
		table, index := make([]float32, 9*200), make([]int32, 100)
		for i := range index {
			index[i] = int32(rng.IntN(9))
		}
		EmbeddingBackward(table, random(rng, make([]float32, 100*200)), index, 200, nil)
		s, ch, ds := random(rng, make([]float32, 7*40)), random(rng, make([]float32, 7*80)), make([]float32, 7*40)
		Highway(s, ch, s, 7, 40, activation.Tanh)
		HighwayBackward(ds, ch, s, s, 7, 40, activation.Tanh, false)
		rows := random(rng, make([]float32, 100*200))
		Dropout(rows, rows, table[:200])
		got := [][]float32{s, ch, ds, rows, l.y, l.grad.WIH, l.grad.WHH, l.grad.Bias, l.grad.X, l.grad.H0, l.grad.C0, table}
		if first == nil {
			first = got
		}
		for i := range got {
			if !slices.Equal(first[i], got[i]) {
				t.Errorf("result %d: %d threads give other bits than one", i, threads)
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	l := newLayer(t, rand.New(rand.NewPCG(13, 14)), 3, 4, 20, 40, heap)
	ch, s := make([]float32, 4*80), make([]float32, 4*40)
	index := []int32{1, 2}
	run := func() {
		l.Forward(l.w, l.x, l.h0, l.c0, l.y, &l.memory)
		l.Backward(l.w, l.x, l.h0, l.y, l.dy, l.dc, &l.memory, l.grad)
		Highway(s, ch, s, 4, 40, activation.ReLU)
		HighwayBackward(s, ch, s, s, 4, 40, activation.ReLU, true)
		Embedding(s, ch, index, 40, nil)
		EmbeddingBackward(ch, s, index, 40, nil)
	}
	run()
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPanics(t *testing.T) {
	x := make([]float32, 100)
	for want, f := range map[string]func(){
		"rnn.Embedding: got 5 as index 1, want one of the 4 rows of the table (or its scale)": func() {
			Embedding(x, x[:8],
				[]int32{0, 5}, 2, nil)
		},
		"rnn.LSTM.Forward: got WHH of 3 elements, want 4": func() {
			LSTM{Steps: 1, Batch: 1, Input: 1, Hidden: 1}.Forward(LSTMWeights{x, x[:3], x}, x, x, x, x, new(LSTMMemory))
		},
		"rnn.LSTM.Backward: got gradient of h0 of 3 elements, want 4": func() {
			l := newLayer(t, rand.New(rand.NewPCG(1, 1)), 2, 2, 2, 2, heap)
			l.Forward(l.w, l.x, l.h0, l.c0, l.y, &l.memory)
			l.grad.H0 = l.grad.H0[1:]
			l.Backward(l.w, l.x, l.h0, l.y, l.dy, l.dc, &l.memory, l.grad)
		},
		"rnn.LSTM.Forward: got layer {Steps:1 Batch:1 Input:1 Hidden:0 Precision:float32}, want at least one of everything": func() {
			LSTM{Steps: 1, Batch: 1, Input: 1}.Forward(LSTMWeights{x, x, x}, x, x, x, x, new(LSTMMemory))
		},
		"rnn.GRU.Forward: got bias of hn of 0 elements, want 1": func() {
			GRU{Steps: 1, Batch: 1, Input: 1, Hidden: 1}.Forward(GRUWeights{x, x, x, nil}, x, x, x, new(GRUMemory))
		},
		"rnn.GRU.Backward: got memory of a forward pass of 0 elements, want 3": func() {
			w := GRUWeights{x, x, x, x}
			GRU{Steps: 1, Batch: 1, Input: 1, Hidden: 1}.Backward(w, x, x, x, x, new(GRUMemory), GRUGradients{GRUWeights: w})
		},
		"rnn.Elman.Forward: got layer {Steps:1 Batch:1 Input:1 Hidden:1 Act:sigmoid Precision:float32}, want at least one of everything, and Tanh or ReLU": func() {
			l := Elman{Steps: 1, Batch: 1, Input: 1, Hidden: 1, Act: activation.Sigmoid}
			l.Forward(ElmanWeights{x, x, x}, x, x, x, new(ElmanMemory))
		},
		"rnn.Highway: got ch of 3 elements, want 4":   func() { Highway(x, x[:3], x, 1, 2, activation.Tanh) },
		"rnn.Mask: got probability 1, want 0 ≤ p < 1": func() { Mask(x, 1, nil) },
		"rnn.Dropout: got 100 results of 100 values and a mask of 3, want as many results as values, a multiple of the mask": func() { Dropout(x, x, x[:3]) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("panicked with %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

func FuzzLSTM(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(2), uint8(5), uint8(7))
	f.Fuzz(func(t *testing.T, seed uint64, steps, batch, in, h uint8) {
		l := newLayer(t, rand.New(rand.NewPCG(seed, 0)), 1+int(steps)%5, 1+int(batch)%5, 1+int(in)%40, 1+int(h)%40, guard.Float32)
		y, _ := l.run(l.w, l.x, l.h0, l.c0)
		l.Forward(l.w, l.x, l.h0, l.c0, l.y, &l.memory)
		for j, v := range l.y {
			near(t, fmt.Sprintf("%+v: y[%d]", l.LSTM, j), float64(v), y[j], 4e-6)
		}
		l.Backward(l.w, l.x, l.h0, l.y, l.dy, l.dc, &l.memory, l.grad)
	})
}
