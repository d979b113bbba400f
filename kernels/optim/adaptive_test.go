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

// adaptive are the steps with their definitions in float64, from which p, a and b come back.
var adaptive = []struct {
	name   string
	apply  func(t int, p, a, b, g []float32)
	oracle func(t int, p, a, b, g float64) (float64, float64, float64)
}{
	{"Adam", func(t int, p, a, b, g []float32) {
		Adam{LR: 1e-2, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 1e-3, T: t, GradScale: 0.5}.Apply(p, a, b, g)
	}, func(t int, p, m, v, g float64) (float64, float64, float64) {
		g = 0.5*g + 1e-3*p
		m, v = 0.9*m+0.1*g, 0.999*v+0.001*g*g
		mean, square := m/(1-math.Pow(0.9, float64(t))), v/(1-math.Pow(0.999, float64(t)))
		return p - 1e-2*mean/(math.Sqrt(square)+1e-8), m, v
	}},
	{"RMSProp", func(_ int, p, a, b, g []float32) {
		RMSProp{LR: 0.1, Rho: 0.9, Momentum: 0.9, Eps: 1, WeightDecay: 1e-4, GradScale: 1}.Apply(p, a, b, g)
	}, func(_ int, p, ms, mom, g float64) (float64, float64, float64) {
		g += 1e-4 * p
		ms = 0.9*ms + 0.1*g*g
		mom = 0.9*mom + 0.1*g/math.Sqrt(ms+1)
		return p - mom, ms, mom
	}},
	{"ASGD", func(t int, p, a, _, g []float32) {
		ASGD{LR: 0.5, Lambda: 1e-2, Alpha: 0.75, WeightDecay: 1e-3, T: t, T0: 2, GradScale: 0.1}.Apply(p, a, g)
	}, func(t int, p, ax, b, g float64) (float64, float64, float64) {
		g = 0.1*g + 1e-3*p
		eta := 0.5 / math.Pow(1+1e-2*0.5*float64(t-1), 0.75)
		p = p*(1-1e-2*eta) - eta*g
		return p, ax + (p-ax)/max(1, float64(t-1-2)), b
	}},
}

func TestAdaptive(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, s := range adaptive {
			for n := range 70 {
				alloc := guard.Sides[n%2]
				p, a, b, g := fill(r, alloc(t, n)), alloc(t, n), alloc(t, n), alloc(t, n)
				want := make([][3]float64, n)
				for i := range want {
					want[i][0] = float64(p[i])
				}
				for step := 1; step <= 8; step++ {
					fill(r, g)
					before := slices.Clone(g)
					s.apply(step, p, a, b, g)
					if !slices.Equal(g, before) {
						t.Fatalf("%s: the gradient changed", s.name)
					}
					for i := range want {
						w := &want[i]
						w[0], w[1], w[2] = s.oracle(step, w[0], w[1], w[2], float64(g[i]))
						for j, got := range []float32{p[i], a[i], b[i]} {
							if !(math.Abs(float64(got)-w[j]) <= 4e-6*(1+math.Abs(w[j]))) {
								t.Fatalf("%s, n = %d, step %d: element %d: %v, want %v", s.name, n, step, i,
									[]float32{p[i], a[i], b[i]}, *w)
							}
						}
					}
				}
			}
		}
	})
}

// TestAdaptiveSameBits: a trajectory depends neither on the instruction set nor on the number of threads.
func TestAdaptiveSameBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	defer func(k kernels) { active = k }(active)
	for _, s := range adaptive {
		trajectory := func() []float32 {
			r := rand.New(rand.NewPCG(3, 4))
			n := 2*block + 41
			p, a, b, g := fill(r, make([]float32, n)), make([]float32, n), make([]float32, n), make([]float32, n)
			for step := 1; step <= 6; step++ {
				s.apply(step, p, a, b, fill(r, g))
			}
			return append(p, a...)
		}
		active = generic
		want := trajectory()
		for _, isa := range cpu.Available() {
			active = kernelsFor(isa)
			for _, procs := range []int{1, 2, 5} {
				runtime.GOMAXPROCS(procs)
				if !slices.Equal(trajectory(), want) {
					t.Errorf("%s, %v, GOMAXPROCS %d: other bits", s.name, isa, procs)
				}
			}
		}
	}
}

// FuzzSteps: every instruction set takes the steps that the portable code takes, bit by bit.
func FuzzSteps(f *testing.F) {
	f.Add(uint64(1), uint16(50), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, offset uint8) {
		defer func(k kernels) { active = k }(active)
		size, at := int(n%4000), int(offset%17)
		run := func() []float32 {
			r := rand.New(rand.NewPCG(seed, 1))
			vector := func() []float32 { return guard.Sides[seed%2](t, at+size)[at:] }
			p, a, b, g := fill(r, vector()), vector(), vector(), fill(r, vector())
			for _, s := range adaptive {
				clear(a)
				clear(b)
				s.apply(1, p, a, b, g)
				s.apply(2, p, a, b, g)
			}
			for _, s := range steps {
				s.Apply(p, a, g)
			}
			return slices.Concat(p, a, b)
		}
		active = generic
		want := run()
		for _, isa := range cpu.Available() {
			active = kernelsFor(isa)
			if !slices.Equal(run(), want) {
				t.Fatalf("%v: %d elements: other bits than the portable code", isa, size)
			}
		}
	})
}

// Two steps of Adam on one parameter: the first moves by the learning rate, whatever the gradient.
func TestAdamByHand(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		p, m, v := []float32{1}, []float32{0}, []float32{0}
		for i, want := range []float64{0.9, 0.9 - 0.1*(0.27/0.19)/math.Sqrt(0.999*0.009/(1-0.999*0.999))} {
			Adam{LR: 0.1, Beta1: 0.9, Beta2: 0.999, T: i + 1, GradScale: 1}.Apply(p, m, v, [][]float32{{3}, {0}}[i])
			if math.Abs(float64(p[0])-want) > 1e-6 {
				t.Errorf("p after step %d is %v, want %v", i+1, p[0], want)
			}
		}
	})
}

func TestAdaptivePanics(t *testing.T) {
	x := make([]float32, 3)
	for want, f := range map[string]func(){
		"optim.Adam.Apply: got a parameter of 3 elements, a gradient of 3 and a state of 2, want the same length": func() { Adam{T: 1}.Apply(x, x, x[1:], x) },
		"optim.Adam.Apply: got step 0, want 1 or more":                                                            func() { Adam{}.Apply(x, x, x, x) },
		"optim.ASGD.Apply: got step 0, want 1 or more":                                                            func() { ASGD{}.Apply(x, x, x) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("panicked with %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

func TestAdaptiveNoAllocation(t *testing.T) {
	p, a, b, g := make([]float32, 3*block), make([]float32, 3*block), make([]float32, 3*block), make([]float32, 3*block)
	for _, s := range adaptive {
		if n := testing.AllocsPerRun(50, func() { s.apply(1, p, a, b, g) }); n != 0 {
			t.Errorf("%s: %v allocations", s.name, n)
		}
	}
}

// BenchmarkAdaptive counts what each step reads and writes: seven times four bytes for each element, five for ASGD.
func BenchmarkAdaptive(b *testing.B) {
	const n = 1 << 20
	p, x, y, g := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range p {
		p[i], x[i], y[i], g[i] = 1, 1, 1, 1e-3
	}
	for _, s := range adaptive {
		b.Run(s.name, func(b *testing.B) {
			passes := 7
			if s.name == "ASGD" {
				passes = 5
			}
			for b.Loop() {
				s.apply(1, p, x, y, g)
			}
			limits.ReportBytes(b, float64(4*passes*n), runtime.GOMAXPROCS(0))
		})
	}
}
