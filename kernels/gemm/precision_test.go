package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// rounded is the product of what BF16 multiplies.
func (p product) rounded() product {
	r := p
	r.alpha = 1
	r.a.Data, r.b.Data = slices.Clone(p.a.Data), slices.Clone(p.b.Data)
	for i, v := range r.b.Data {
		r.b.Data[i] = p.alpha * v
	}
	bf16.Round(r.a.Data, r.a.Data)
	bf16.Round(r.b.Data, r.b.Data)
	if p.alpha == 0 {
		r.k = 0
	}
	return r
}

// paths runs a test with every instruction set, and on tiles, which are those of the specification where there are none of the machine.
func paths(t *testing.T, f func(t *testing.T, ks *kernels)) {
	defer func(before bool) { onTiles = before }(onTiles)
	onTiles = false
	isas(t, f)
	onTiles = true
	t.Run("tiles", func(t *testing.T) { f(t, &active) })
}

// run computes a product with given kernels.
func (p product) run(ks *kernels, precision Precision, bias []float32) {
	k := task{precision: precision, bias: bias}
	k.run(ks, p.m, p.n, p.k, p.alpha, p.a, p.b, nil, p.beta, p.c)
}

func TestBF16(t *testing.T) {
	paths(t, func(t *testing.T, ks *kernels) {
		rng := rand.New(rand.NewPCG(1, 2))
		for i, s := range sizes {
			for trans := range 4 {
				scales := [][2]float32{{1, 0}, {1, 1}, {-0.7, 2}, {0, 0.25}}[(i+trans)%4]
				p := newProduct(t, rng, s[0], s[1], s[2], []int{0, 3}[(i+trans)/2%2], trans&1 != 0, trans&2 != 0, scales[0], scales[1],
					guard.Sides[i%2])
				t.Run(p.String(), func(t *testing.T) {
					want, bound := p.rounded().oracle()
					p.run(ks, BF16, nil)
					p.check(t, want, bound)
				})
			}
		}
	})
}

func TestBF16Packed(t *testing.T) {
	paths(t, func(t *testing.T, ks *kernels) {
		b := &Packed{Precision: BF16} // whose memory is used again
		rng := rand.New(rand.NewPCG(3, 4))
		for i, s := range sizes {
			p := newProduct(t, rng, s[0], s[1], s[2], i%3, i%4 == 1, i%2 == 1, 1.5, float32(i%3)/2, guard.Float32)
			t.Run(p.String(), func(t *testing.T) {
				want, bound := p.rounded().oracle()
				defer func(before kernels) { active = before }(active)
				active = *ks
				b.Set(p.n, p.k, p.alpha, p.b)
				b.Mul(p.m, p.a, p.beta, p.c)
				p.check(t, want, bound)
			})
		}
	})
}

// TestBF16MulBias: a bias, which is not rounded, is what C may hold in every row, to the bit.
func TestBF16MulBias(t *testing.T) {
	paths(t, func(t *testing.T, ks *kernels) {
		rng := rand.New(rand.NewPCG(15, 16))
		for i, s := range append(sizes, [3]int{500, 40, step + 9}) { // several strips of rows
			p := newProduct(t, rng, s[0], s[1], s[2], i%3, i%4 == 1, i%2 == 1, 1, 1, guard.Float32)
			t.Run(p.String(), func(t *testing.T) {
				bias := guard.Float32(t, p.n)
				for j := range bias {
					bias[j] = float32(rng.NormFloat64())
				}
				q := p
				q.c.Data = slices.Clone(p.c.Data)
				for r := range p.m {
					for j := range p.n {
						q.c.Data[r*p.c.LD+j] = bias[j]
						p.c.Data[r*p.c.LD+j] = float32(math.NaN())
					}
				}
				p.run(ks, BF16, bias)
				q.run(ks, BF16, nil)
				if !slices.Equal(p.c.Data, q.c.Data) {
					t.Errorf("got %v, want %v", p.c.Data[:min(8, len(q.c.Data))], q.c.Data[:min(8, len(q.c.Data))])
				}
			})
		}
	})
}

// TestTiled: the shape alone decides whether a product is computed on tiles, and Packed remembers.
func TestTiled(t *testing.T) {
	defer func(before bool) { onTiles = before }(onTiles)
	onTiles = true
	for k, want := range map[int]bool{0: false, shallow - 1: false, shallow: true, 1000: true} {
		if got := BF16.tiled(k); got != want {
			t.Errorf("k = %d: on tiles = %v", k, got)
		}
		if Float32.tiled(k) {
			t.Errorf("k = %d: float32 on tiles", k)
		}
		b := &Packed{Precision: BF16}
		b.Set(3, k, 1, Matrix{Data: make([]float32, 3*k), LD: 3})
		if got := len(b.tiles) > 0; got != want {
			t.Errorf("k = %d: packed for tiles = %v", k, got)
		}
		onTiles = false
		c := slices.Repeat([]float32{5}, 6)
		b.Mul(2, Matrix{Data: make([]float32, 2*k), LD: k}, 0, Matrix{Data: c, LD: 3})
		if !slices.Equal(c, make([]float32, 6)) {
			t.Errorf("k = %d: C = %v", k, c)
		}
		onTiles = true
	}
	// As a recurrent layer does whose inner dimension is short in one direction.
	b, x := &Packed{Precision: BF16}, Matrix{Data: make([]float32, 3*shallow), LD: 3}
	turns := func() {
		b.Set(3, shallow, 1, x)
		b.Set(3, shallow-1, 1, x)
	}
	turns()
	if n := testing.AllocsPerRun(20, turns); n != 0 {
		t.Errorf("%v allocations where products are computed on tiles and not by turns", n)
	}
}

// TestBF16Propagation: a NaN or an infinity, also one that rounding makes, reaches its row and column of C, and nothing else.
func TestBF16Propagation(t *testing.T) {
	paths(t, func(t *testing.T, ks *kernels) {
		for _, k := range []int{20, 33, step + 1} {
			p := newProduct(t, rand.New(rand.NewPCG(7, 8)), 37, 45, k, 0, k == 33, k == 33, 1, 0, heap)
			set := func(x Matrix, i, j int, v float64) {
				if x.Trans {
					i, j = j, i
				}
				x.Data[i*x.LD+j] = float32(v)
			}
			set(p.a, 3, k-1, math.NaN())
			set(p.b, 11, 40, math.Inf(1))
			set(p.b, 0, 44, math.MaxFloat32)
			p.run(ks, BF16, nil)
			for i := range p.m {
				for j := range p.n {
					v := p.c.at(i, j)
					if bad := math.IsNaN(v) || math.IsInf(v, 0); bad != (i == 3 || j == 40 || j == 44) {
						t.Fatalf("k = %d: C[%d][%d] = %v", k, i, j, v)
					}
				}
			}
		}
	})
}

// TestBF16Threads: the bits depend on neither the number of threads nor, therefore, on how C is cut into blocks.
func TestBF16Threads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	paths(t, func(t *testing.T, ks *kernels) {
		for _, s := range [][3]int{{300, 200, 2*step + 7}, {16, 5000, 30}, {2000, 10, 64}} {
			var first []float32
			for _, threads := range []int{1, 2, 5} {
				runtime.GOMAXPROCS(threads)
				p := newProduct(t, rand.New(rand.NewPCG(9, 10)), s[0], s[1], s[2], 1, false, true, 0.5, 0.5, heap)
				p.run(ks, BF16, nil)
				if first == nil {
					first = p.c.Data
				} else if !slices.Equal(first, p.c.Data) {
					t.Errorf("%v: %d threads give other bits than one", s, threads)
				}
			}
		}
	})
}

// TestBF16API: every way to a product takes its precision along, and leaves none behind for those that come later.
func TestBF16API(t *testing.T) {
	defer func(before bool) { onTiles = before }(onTiles)
	for _, onTiles = range []bool{false, true} {
		t.Run(fmt.Sprintf("tiles=%v", onTiles), testBF16API)
	}
}

func testBF16API(t *testing.T) {
	p := newProduct(t, rand.New(rand.NewPCG(11, 12)), 70, 50, 60, 0, false, false, 1, 0, heap)
	want, bound := p.rounded().oracle()
	exact, exactBound := p.oracle()
	c := func() product { q := p; q.c.Data = make([]float32, len(p.c.Data)); return q }
	zeros := make([]float32, p.n)
	packed := &Packed{Precision: BF16}
	packed.Set(p.n, p.k, 1, p.b)
	for name, run := range map[string]func(q product){
		"Mul":     func(q product) { BF16.Mul(q.m, q.n, q.k, 1, q.a, q.b, 0, q.c) },
		"MulBias": func(q product) { BF16.MulBias(q.m, q.n, q.k, q.a, q.b, zeros, q.c) },
		"Packed":  func(q product) { packed.Mul(q.m, q.a, 0, q.c) },
		"Local": func(q product) {
			l := &locals{products: []product{q}, local: []Local{{Precision: BF16}}}
			parallel.Run(1, 1, l)
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := c()
			run(q)
			q.check(t, want, bound)
			q = c()
			Mul(q.m, q.n, q.k, 1, q.a, q.b, 0, q.c)
			q.check(t, exact, exactBound)
			q = c()
			MulBatch(1, 1, q.m, q.n, q.k, 1, Batch{Matrix: q.a}, Batch{Matrix: q.b}, 0, Batch{Matrix: q.c})
			q.check(t, exact, exactBound)
			if n := testing.AllocsPerRun(20, func() { run(q) }); n > 0 && name != "Local" {
				t.Errorf("%v allocations a product", n)
			}
		})
	}
}

func TestParsePrecision(t *testing.T) {
	for _, p := range []Precision{Float32, BF16} {
		if got, err := ParsePrecision(p.String()); got != p || err != nil {
			t.Errorf("ParsePrecision(%q) = %v, %v", p, got, err)
		}
	}
	if _, err := ParsePrecision("half"); err == nil || err.Error() != `precision "half": want one of float32, bf16` {
		t.Errorf("ParsePrecision of nonsense: %v", err)
	}
}
