package norm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// slope is the derivative of an activation, by its output.
func slope(a activation.Func, y float64) float64 {
	if a == activation.Identity || y > 0 && (a == activation.ReLU || y < 6) {
		return 1
	}
	return 0
}

func activated(a activation.Func, x float64) float64 {
	switch a {
	case activation.ReLU:
		return max(x, 0)
	case activation.ReLU6:
		return min(max(x, 0), 6)
	}
	return x
}

func TestBatchNorm(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		for i, s := range shapes {
			rows, c, gap := s[0], s[1], s[2]
			if rows < 2 {
				continue
			}
			for act := activation.Identity; act <= activation.ReLU6; act++ {
				rng := rand.New(rand.NewPCG(uint64(i), 7))
				x, y, z, g := newMatrix(t, rng, rows, c, gap), newMatrix(t, rng, rows, c, 2*gap), newMatrix(t, rng, rows, c, gap),
					newMatrix(t, rng, rows, c, gap)
				dx, add := newMatrix(t, rng, rows, c, gap), i%2 == 1
				n := BatchNorm{Gamma: vector(t, rng, c), Beta: vector(t, rng, c), Eps: 0.01, Act: act}
				n.Forward(y.s, y.ld, x.s, x.ld, rows, c, Term{X: z.s, LD: z.ld})
				before := slices.Clone(dx.s)
				dgamma, dbeta := make([]float32, c), make([]float32, c)
				n.Backward(dx.s, dx.ld, g.s, g.ld, y.s, y.ld, x.s, x.ld, rows, c, dgamma, dbeta, add)
				what := fmt.Sprintf("%v, activation %d", s, act)
				for j := range c {
					var mean, square, sumG, sumGX float64
					for r := range rows {
						mean += x.at(r, j) / float64(rows)
					}
					for r := range rows {
						square += (x.at(r, j) - mean) * (x.at(r, j) - mean) / float64(rows)
					}
					sigma := math.Sqrt(square + 0.01)
					hat := func(r int) float64 { return (x.at(r, j) - mean) / sigma }
					passed := func(r int) float64 { return g.at(r, j) * slope(act, y.at(r, j)) }
					for r := range rows {
						sumG += passed(r)
						sumGX += passed(r) * hat(r)
						want := activated(act, float64(n.Gamma[j])*hat(r)+float64(n.Beta[j])+z.at(r, j))
						close64(t, what+": y", y.at(r, j), want, 20)
					}
					close64(t, what+": dγ", float64(dgamma[j]), sumGX, 20*float64(rows))
					close64(t, what+": dβ", float64(dbeta[j]), sumG, 20*float64(rows))
					for r := range rows {
						want := float64(n.Gamma[j]) / sigma * (passed(r) - sumG/float64(rows) - hat(r)*sumGX/float64(rows))
						if add {
							want += float64(before[r*dx.ld+j])
						}
						close64(t, what+": dx", dx.at(r, j), want, 200)
					}
				}
			}
		}
	})
}

func TestBatchNormAllocatesNothing(t *testing.T) {
	const rows, c = 500, 24
	x, y, g := make([]float32, rows*c), make([]float32, rows*c), make([]float32, rows*c)
	n := BatchNorm{Eps: 1e-5, Act: activation.ReLU6}
	run := func() {
		n.Forward(y, c, x, c, rows, c)
		n.Backward(g, c, g, c, y, c, x, c, rows, c, nil, nil, false)
	}
	run()
	if k := testing.AllocsPerRun(20, run); k != 0 {
		t.Errorf("%v allocations", k)
	}
}

// FuzzBatchNorm: whatever the shape, the output of every channel has mean β and variance γ².
func FuzzBatchNorm(f *testing.F) {
	f.Add(uint64(1), uint16(20), uint8(17))
	f.Fuzz(func(t *testing.T, seed uint64, rows uint16, c uint8) {
		n, k := 8+int(rows)%3000, 1+int(c)%80
		rng := rand.New(rand.NewPCG(seed, 0))
		x := make([]float32, n*k)
		for i := range x {
			x[i] = float32(3 + rng.NormFloat64())
		}
		bn := BatchNorm{Eps: 1e-12}
		bn.Forward(x, k, x, k, n, k)
		for j := range k {
			var mean, square float64
			for r := range n {
				v := float64(x[r*k+j])
				mean += v / float64(n)
				square += v * v / float64(n)
			}
			if math.Abs(mean) > 1e-4 || math.Abs(square-1) > 1e-3 {
				t.Fatalf("%d×%d: channel %d has mean %v and mean square %v", n, k, j, mean, square)
			}
		}
	})
}

// TestLarge: what is too large for the caches is written past them, with the same numbers.
func TestLarge(t *testing.T) {
	const rows, c = 300, 48
	rng := rand.New(rand.NewPCG(3, 4))
	x, g, y, dx := memory.Aligned(rows*c), memory.Aligned(rows*c), memory.Aligned(rows*c), memory.Aligned(rows*c)
	for i := range x {
		x[i], g[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
	}
	for _, act := range []activation.Func{activation.Identity, activation.ReLU, activation.ReLU6} {
		n := BatchNorm{Eps: 1e-5, Act: act}
		run := func() (a, b []float32) {
			n.Forward(y, c, x, c, rows, c)
			n.Backward(dx, c, g, c, y, c, x, c, rows, c, nil, nil, false)
			return slices.Clone(y), slices.Clone(dx)
		}
		wantY, wantDX := run()
		l3 := cpu.Caches.L3
		cpu.Caches.L3 = 0
		gotY, gotDX := run()
		cpu.Caches.L3 = l3
		if !slices.Equal(gotY, wantY) || !slices.Equal(gotDX, wantDX) {
			t.Errorf("activation %d: other results past the caches", act)
		}
	}
}

// BenchmarkBN times whole batch norms in training mode. GB/s count three passes over the data forward and five backward; %stream
// relates them to the copying bandwidth of as many threads.
func BenchmarkBN(b *testing.B) {
	for _, wl := range []struct {
		name    string
		rows, c int
	}{{"bn_16_32", 64 * 32 * 32, 16}, {"bn_64_8", 64 * 8 * 8, 64}, {"bn_128_32", 32 * 32 * 32, 128}} {
		x, y, g := memory.Aligned(wl.rows*wl.c), memory.Aligned(wl.rows*wl.c), memory.Aligned(wl.rows*wl.c)
		for i := range x {
			x[i], g[i] = float32(i%13), float32(i%7)
		}
		for act, suffix := range []string{"", "_relu"} {
			n := BatchNorm{Eps: 1e-5, Act: activation.Func(act)}
			for _, pass := range []struct {
				name   string
				passes int
				run    func()
			}{
				{"fwd", 3, func() { n.Forward(y, wl.c, x, wl.c, wl.rows, wl.c) }},
				{"bwd", 5, func() { n.Backward(y, wl.c, g, wl.c, y, wl.c, x, wl.c, wl.rows, wl.c, nil, nil, false) }},
			} {
				b.Run(wl.name+suffix+"/"+pass.name, func(b *testing.B) {
					pass.run()
					b.ResetTimer()
					for range b.N {
						pass.run()
					}
					limits.ReportBytes(b, 4*float64(pass.passes*len(x)), runtime.GOMAXPROCS(0))
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}
