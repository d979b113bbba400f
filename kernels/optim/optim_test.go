package optim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// eachISA runs f with every instruction set of this machine as the active one.
func eachISA(t *testing.T, f func(t *testing.T)) {
	for _, isa := range cpu.Available() {
		t.Run(isa.String(), func(t *testing.T) {
			defer func(k kernels) { active = k }(active)
			active = kernelsFor(isa)
			f(t)
		})
	}
}

func fill(r *rand.Rand, x []float32) []float32 {
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// steps are the recipes: NAS-Bench-201, DARTS, language model, nothing but the gradient.
var steps = []SGD{
	{LR: 0.1, Momentum: 0.9, WeightDecay: 5e-4, Nesterov: true, GradScale: 0.37},
	{LR: 0.025, Momentum: 0.9, WeightDecay: 3e-4, GradScale: 1},
	{LR: 20, WeightDecay: 8e-7, GradScale: 0.01},
	{LR: 1, GradScale: 1},
}

// oracle applies s in float64.
func oracle(p, v, g float64, s SGD) (p1, v1 float64) {
	d := float64(s.GradScale)*g + float64(s.WeightDecay)*p
	v = float64(s.Momentum)*v + d
	if s.Nesterov {
		d += float64(s.Momentum) * v
	} else {
		d = v
	}
	return p - float64(s.LR)*d, v
}

func TestSGD(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, s := range steps {
			for n := range 301 {
				alloc := guard.Sides[n%2]
				p, v, g := fill(r, alloc(t, n)), fill(r, alloc(t, n)), fill(r, alloc(t, n))
				p0, v0, g0 := slices.Clone(p), slices.Clone(v), slices.Clone(g)
				s.Apply(p, v, g)
				if !slices.Equal(g, g0) {
					t.Fatalf("%+v, n = %d: the gradient changed", s, n)
				}
				for i := range p {
					wantP, wantV := oracle(float64(p0[i]), float64(v0[i]), float64(g[i]), s)
					scale := (math.Abs(float64(p0[i])) + math.Abs(float64(v0[i])) + math.Abs(float64(g[i]))) * 8 * 0x1p-24
					if math.Abs(float64(v[i])-wantV) > scale || math.Abs(float64(p[i])-wantP) > scale*max(1, 2*float64(s.LR)) {
						t.Fatalf("%+v, n = %d: element %d: got p %v, v %v, want %v, %v", s, n, i, p[i], v[i], wantP, wantV)
					}
				}
			}
		}
	})
}

// TestSameBits: a trajectory depends neither on the instruction set nor on the number of threads.
func TestSameBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	defer func(k kernels) { active = k }(active)
	trajectory := func() []float32 {
		r := rand.New(rand.NewPCG(3, 4))
		n := 3*block + 41
		p, v, g := fill(r, make([]float32, n)), make([]float32, n), make([]float32, n)
		for i := range 8 {
			steps[i%len(steps)].Apply(p, v, fill(r, g))
		}
		return p
	}
	active = generic
	want := trajectory()
	for _, isa := range cpu.Available() {
		active = kernelsFor(isa)
		for _, procs := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(procs)
			if !slices.Equal(trajectory(), want) {
				t.Errorf("%v, GOMAXPROCS %d: the parameters differ", isa, procs)
			}
		}
	}
}

// Three steps of the definition worked out by hand for p = 1, g = 0.5, 0.25, 0, learning rate 0.1, momentum 0.9, weight
// decay 0.01. Either way v is 0.51 after the first.
func TestThreeStepsByHand(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, c := range []struct {
			nesterov bool
			want     []float64
		}{
			{false, []float64{0.949, 0.8771510, 0.8116099}},
			{true, []float64{0.9031, 0.8125741, 0.7528697}},
		} {
			p, v := []float32{1}, []float32{0}
			for i, g := range []float32{0.5, 0.25, 0} {
				SGD{LR: 0.1, Momentum: 0.9, WeightDecay: 0.01, Nesterov: c.nesterov, GradScale: 1}.Apply(p, v, []float32{g})
				if math.Abs(float64(p[0])-c.want[i]) > 1e-6 {
					t.Errorf("nesterov %v: p after step %d is %v, want %v", c.nesterov, i+1, p[0], c.want[i])
				}
			}
		}
	})
}

func TestNaNSpreadsNoFurther(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		p, v, g := make([]float32, 40), make([]float32, 40), make([]float32, 40)
		g[17], g[39] = float32(math.NaN()), float32(math.Inf(1))
		steps[0].Apply(p, v, g)
		for i := range p {
			if bad := p[i]-p[i] != 0; bad != (i == 17 || i == 39) {
				t.Errorf("element %d is %v", i, p[i])
			}
		}
	})
}

func TestClipFactor(t *testing.T) {
	for _, c := range []struct{ sumSq, max, want float64 }{
		{0, 5, 1}, {16, 5, 1}, {100, 5, 0.5}, {math.Inf(1), 5, 0},
	} {
		if got := ClipFactor(c.sumSq, c.max); math.Abs(float64(got)-c.want) > 1e-6 {
			t.Errorf("ClipFactor(%v, %v) = %v, want %v", c.sumSq, c.max, got, c.want)
		}
	}
	if got := ClipFactor(math.NaN(), 5); got == got {
		t.Errorf("ClipFactor(NaN) = %v", got)
	}
}

func TestPanics(t *testing.T) {
	defer func() {
		want := "optim.SGD.Apply: got a parameter of 3 elements, a gradient of 2 and a state of 3, want the same length"
		if got := fmt.Sprint(recover()); got != want {
			t.Errorf("panicked with %q, want %q", got, want)
		}
	}()
	x := make([]float32, 3)
	SGD{}.Apply(x, x, x[1:])
}

func TestNoAllocation(t *testing.T) {
	p, v, g := make([]float32, 3*block), make([]float32, 3*block), make([]float32, 3*block)
	if n := testing.AllocsPerRun(50, func() { steps[0].Apply(p, v, g) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkSGD counts three reads and two writes of four bytes for each element.
func BenchmarkSGD(b *testing.B) {
	for _, n := range []int{16 * 16 * 9, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			p, v, g := make([]float32, n), make([]float32, n), make([]float32, n)
			for i := range p {
				p[i], g[i] = 1, 1e-3
			}
			for b.Loop() {
				steps[0].Apply(p, v, g)
			}
			limits.ReportBytes(b, float64(20*n), runtime.GOMAXPROCS(0))
		})
	}
}
