package norm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// TestRows checks the loops over a single row against their definitions, for rows that end at an inaccessible page.
func TestRows(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		for _, c := range []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 64, 100, 1000} {
			rng := rand.New(rand.NewPCG(1, uint64(c)))
			x, g, scale, shift, dst := vector(t, rng, c), vector(t, rng, c), vector(t, rng, c), vector(t, rng, c), vector(t, rng, c)
			what := fmt.Sprintf("%d floats: ", c)

			var sum, sumsq, magnitude float64
			for _, v := range x {
				sum, sumsq, magnitude = sum+float64(v), sumsq+float64(v)*float64(v), magnitude+math.Abs(float64(v))
			}
			gotSum, gotSq := active.rowSums(x)
			close64(t, what+"Σx", gotSum, sum, 1e-9*magnitude) // in float64
			close64(t, what+"Σx²", gotSq, sumsq, 1e-9*sumsq)

			var dot, all float64
			sum, magnitude = 0, 0
			for j := range g {
				v, h := float64(scale[j])*float64(g[j]), 1.5*float64(x[j])-0.25
				sum, magnitude = sum+v, magnitude+math.Abs(v)
				dot, all = dot+v*h, all+math.Abs(v*h)
			}
			gotSum, gotDot := active.rowDots(g, x, scale, 1.5, -0.25)
			close64(t, what+"Σγg", gotSum, sum, magnitude)
			close64(t, what+"Σγgh", gotDot, dot, all)

			active.rowScale(dst, x, scale, shift, 1.5, -0.25)
			for j, v := range dst {
				close64(t, what+"scaled", float64(v), float64(scale[j])*(1.5*float64(x[j])-0.25)+float64(shift[j]), 10)
			}
			sumG, sumGH := vector(t, rng, c), vector(t, rng, c)
			for _, add := range []bool{false, true} {
				before, beforeG, beforeGH := slices.Clone(dst), slices.Clone(sumG), slices.Clone(sumGH)
				active.rowGrad(dst, g, x, scale, sumG, sumGH, 1.5, -0.25, 0.5, 0.75, -2, add)
				for j, v := range dst {
					h := 1.5*float64(x[j]) - 0.25
					want := 0.5*float64(scale[j])*float64(g[j]) + 0.75*h - 2
					if add {
						want += float64(before[j])
					}
					close64(t, what+"gradient", float64(v), want, 10)
					close64(t, what+"Σg", float64(sumG[j]), float64(beforeG[j])+float64(g[j]), 10)
					close64(t, what+"Σgh", float64(sumGH[j]), float64(beforeGH[j])+float64(g[j])*h, 20)
				}
			}
		}
	})
}

// normed is a norm at work on values of which some, members of one set, share mean and variance.
type normed struct {
	rows, c       int
	set           func(r, j int) int // of the value in row r and channel j
	rms           bool
	forward       func(y, x matrix)
	backward      func(dx, g, x matrix, add bool, dgamma, dbeta []float32)
	gamma, beta   []float32 // nil: ones and zeros
	eps, accuracy float64
}

// check compares a norm with its definition.
func (n *normed) check(t *testing.T, rng *rand.Rand, gap int, add bool) {
	t.Helper()
	x, y := newMatrix(t, rng, n.rows, n.c, gap), newMatrix(t, rng, n.rows, n.c, 2*gap)
	g, dx := newMatrix(t, rng, n.rows, n.c, gap), newMatrix(t, rng, n.rows, n.c, 3*gap)
	dgamma, dbeta := vector(t, rng, n.c), vector(t, rng, n.c)
	before, beforeGamma, beforeBeta := slices.Clone(dx.s), slices.Clone(dgamma), slices.Clone(dbeta)
	n.forward(y, x)
	n.backward(dx, g, x, add, dgamma, dbeta)

	type moments struct{ count, mean, square, sum, dot float64 }
	sets := map[int]*moments{}
	each := func(f func(m *moments, r, j int)) {
		for r := range n.rows {
			for j := range n.c {
				k := n.set(r, j)
				if sets[k] == nil {
					sets[k] = new(moments)
				}
				f(sets[k], r, j)
			}
		}
	}
	each(func(m *moments, r, j int) { m.count, m.mean = m.count+1, m.mean+x.at(r, j) })
	for _, m := range sets {
		if m.mean /= m.count; n.rms {
			m.mean = 0
		}
	}
	each(func(m *moments, r, j int) { m.square += (x.at(r, j) - m.mean) * (x.at(r, j) - m.mean) / m.count })
	sigma := func(m *moments) float64 { return math.Sqrt(m.square + n.eps) }
	hat := func(m *moments, r, j int) float64 { return (x.at(r, j) - m.mean) / sigma(m) }
	wantGamma, wantBeta := make([]float64, n.c), make([]float64, n.c)
	each(func(m *moments, r, j int) {
		close64(t, "y", y.at(r, j), at(n.gamma, j, 1)*hat(m, r, j)+at(n.beta, j, 0), n.accuracy)
		wantBeta[j] += g.at(r, j)
		wantGamma[j] += g.at(r, j) * hat(m, r, j)
		m.sum += at(n.gamma, j, 1) * g.at(r, j) / m.count
		m.dot += at(n.gamma, j, 1) * g.at(r, j) * hat(m, r, j) / m.count
	})
	each(func(m *moments, r, j int) {
		mean := m.sum
		if n.rms {
			mean = 0
		}
		want := (at(n.gamma, j, 1)*g.at(r, j) - mean - hat(m, r, j)*m.dot) / sigma(m)
		if add {
			want += float64(before[r*dx.ld+j])
		}
		close64(t, "dx", dx.at(r, j), want, 10*n.accuracy)
	})
	for j := range n.c {
		close64(t, "dγ", float64(dgamma[j]), wantGamma[j]+float64(beforeGamma[j]), n.accuracy*float64(n.rows))
		close64(t, "dβ", float64(dbeta[j]), wantBeta[j]+float64(beforeBeta[j]), n.accuracy*float64(n.rows))
	}
}

func TestLayerNorm(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		for i, s := range shapes {
			if s[0]*s[1] > 50000 {
				continue
			}
			rng := rand.New(rand.NewPCG(uint64(i), 3))
			n := LayerNorm{Rows: s[0], Channels: s[1], Eps: 0.01, RMS: i%3 == 2}
			if i%4 < 3 {
				n.Gamma = vector(t, rng, s[1])
			}
			if i%4 < 2 {
				n.Beta = vector(t, rng, s[1])
			}
			var m Memory
			check := normed{rows: s[0], c: s[1], rms: n.RMS, gamma: n.Gamma, beta: n.Beta, eps: n.Eps, accuracy: 10,
				set:     func(r, _ int) int { return r },
				forward: func(y, x matrix) { n.Forward(y.s, y.ld, x.s, x.ld, &m) },
				backward: func(dx, g, x matrix, add bool, dgamma, dbeta []float32) {
					n.Backward(dx.s, dx.ld, add, g.s, g.ld, x.s, x.ld, &m, dgamma, dbeta)
				}}
			check.check(t, rng, s[2], i%2 == 1)
		}
	})
}

func TestGroupNorm(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		for i, s := range []struct{ n, rows, c, groups, gap int }{
			{0, 3, 4, 2, 0}, {1, 1, 6, 3, 0}, {2, 9, 12, 1, 1}, {3, 16, 12, 4, 0}, {2, 25, 7, 7, 3},
			{1, 3000, 16, 4, 0}, {5, 49, 48, 8, 16},
		} {
			rng := rand.New(rand.NewPCG(uint64(i), 4))
			n := GroupNorm{Samples: s.n, Rows: s.rows, Channels: s.c, Groups: s.groups, Eps: 0.01}
			if i%3 < 2 {
				n.Gamma = vector(t, rng, s.c)
			}
			if i%3 < 1 {
				n.Beta = vector(t, rng, s.c)
			}
			var m Memory
			check := normed{rows: s.n * s.rows, c: s.c, gamma: n.Gamma, beta: n.Beta, eps: n.Eps, accuracy: 10,
				set:     func(r, j int) int { return r/s.rows*s.groups + j/(s.c/s.groups) },
				forward: func(y, x matrix) { n.Forward(y.s, y.ld, x.s, x.ld, &m) },
				backward: func(dx, g, x matrix, add bool, dgamma, dbeta []float32) {
					n.Backward(dx.s, dx.ld, add, g.s, g.ld, x.s, x.ld, &m, dgamma, dbeta)
				}}
			check.check(t, rng, s.gap, i%2 == 1)
		}
	})
}

// Whatever nobody wants changes nothing else, nor does the number of threads.
func TestRowAndGroupNormThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	const n, rows, c = 3, 1500, 24
	rng := rand.New(rand.NewPCG(1, 2))
	x, g, gamma := newMatrix(t, rng, n*rows, c, 0).s, newMatrix(t, rng, n*rows, c, 0).s, vector(t, rng, c)
	layer := LayerNorm{Rows: n * rows, Channels: c, Gamma: gamma}
	group := GroupNorm{Samples: n, Rows: rows, Channels: c, Groups: 4, Gamma: gamma}
	var layerMemory Memory
	var groupMemory Memory
	run := func(dx, affine bool) []float32 {
		y, d, dgamma, dbeta := make([]float32, 2*len(x)), make([]float32, 2*len(x)), make([]float32, 2*c), make([]float32, 2*c)
		part := func(v []float32, i int, wanted bool) []float32 {
			if !wanted {
				return nil
			}
			return v[i*len(v)/2:][:len(v)/2]
		}
		layer.Forward(y, c, x, c, &layerMemory)
		layer.Backward(part(d, 0, dx), c, false, g, c, x, c, &layerMemory, part(dgamma, 0, affine), part(dbeta, 0, affine))
		group.Forward(y[len(x):], c, x, c, &groupMemory)
		group.Backward(part(d, 1, dx), c, false, g, c, x, c, &groupMemory, part(dgamma, 1, affine), part(dbeta, 1, affine))
		return slices.Concat(y, d, dgamma, dbeta)
	}
	runtime.GOMAXPROCS(1)
	want := run(true, true)
	for _, procs := range []int{2, 5} {
		runtime.GOMAXPROCS(procs)
		if !slices.Equal(run(true, true), want) {
			t.Errorf("GOMAXPROCS %d changes the result", procs)
		}
	}
	if got := run(false, true); !slices.Equal(got[4*len(x):], want[4*len(x):]) {
		t.Error("other gradients of γ and β without that of x")
	}
	if got := run(true, false); !slices.Equal(got[:4*len(x)], want[:4*len(x)]) {
		t.Error("another gradient of x without those of γ and β")
	}
	if k := testing.AllocsPerRun(5, func() {
		layer.Forward(x, c, x, c, &layerMemory)
		layer.Backward(g, c, true, g, c, x, c, &layerMemory, gamma, gamma)
		group.Forward(x, c, x, c, &groupMemory)
		group.Backward(g, c, true, g, c, x, c, &groupMemory, gamma, gamma)
	}); k != 0 {
		t.Errorf("%v allocations", k)
	}
}

// A NaN spoils its row of a layer norm, and its group of a group norm, and nothing else.
func TestRowAndGroupNormNonFinite(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		const rows, c, bad = 6, 10, 2*10 + 7
		x, y := make([]float32, rows*c), make([]float32, rows*c)
		for i := range x {
			x[i] = float32(i * i % 17)
		}
		x[bad] = float32(math.NaN())
		spoilt := func(what string, in func(r, j int) bool) {
			for i, v := range y {
				if (v != v) != in(i/c, i%c) {
					t.Errorf("%s: value %d is %v", what, i, v)
				}
			}
		}
		LayerNorm{Rows: rows, Channels: c}.Forward(y, c, x, c, new(Memory))
		spoilt("layer norm", func(r, _ int) bool { return r == 2 })
		GroupNorm{Samples: 2, Rows: 3, Channels: c, Groups: 2, Eps: 1}.Forward(y, c, x, c, new(Memory))
		spoilt("group norm", func(r, j int) bool { return r < 3 && j >= 5 })
	})
}

// BenchmarkLayerNorm times the rows of a transformer, BenchmarkGroupNorm images of a ResNet in 32 groups. GB/s count what must be read and
// written at least, two passes over the data forward and three backward; %stream relates them to the copying bandwidth of as many threads.
func BenchmarkLayerNorm(b *testing.B) {
	for _, c := range []int{64, 512, 1024} {
		rows := 1 << 21 / c
		n := LayerNorm{Rows: rows, Channels: c, Gamma: make([]float32, c), Beta: make([]float32, c), Eps: 1e-5}
		var m Memory
		benchmarkNorm(b, fmt.Sprintf("%dx%d", rows, c), rows*c, c, func(y, x []float32) { n.Forward(y, c, x, c, &m) },
			func(dx, g, x, dgamma []float32) { n.Backward(dx, c, false, g, c, x, c, &m, dgamma, dgamma) })
	}
}

func BenchmarkGroupNorm(b *testing.B) {
	for _, s := range [][2]int{{32 * 32, 64}, {8 * 8, 256}} {
		rows, c := s[0], s[1]
		n := GroupNorm{Samples: 1 << 21 / (rows * c), Rows: rows, Channels: c, Groups: 32, Eps: 1e-5}
		n.Gamma, n.Beta = make([]float32, c), make([]float32, c)
		var m Memory
		benchmarkNorm(b, fmt.Sprintf("%dx%dx%d", n.Samples, rows, c), n.Samples*rows*c, c,
			func(y, x []float32) { n.Forward(y, c, x, c, &m) },
			func(dx, g, x, dgamma []float32) { n.Backward(dx, c, false, g, c, x, c, &m, dgamma, dgamma) })
	}
}

func benchmarkNorm(b *testing.B, name string, size, c int, forward func(y, x []float32), backward func(dx, g, x, dgamma []float32)) {
	x, y, g, dgamma := memory.Aligned(size), memory.Aligned(size), memory.Aligned(size), make([]float32, c)
	for i := range x {
		x[i], g[i] = float32(i%13), float32(i%7)
	}
	forward(y, x)
	for _, pass := range []struct {
		name   string
		passes int
		run    func()
	}{{"fwd", 2, func() { forward(y, x) }}, {"bwd", 3, func() { backward(y, g, x, dgamma) }}} {
		b.Run(name+"/"+pass.name, func(b *testing.B) {
			pass.run()
			b.ResetTimer()
			for range b.N {
				pass.run()
			}
			limits.ReportBytes(b, 4*float64(pass.passes*size), runtime.GOMAXPROCS(0))
		})
	}
}
