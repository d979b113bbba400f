package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// product is one call with operands that end (or begin) at an inaccessible page.
type product struct {
	m, n, k     int
	alpha, beta float32
	a, b, c     Matrix
}

func (p product) String() string {
	return fmt.Sprintf("m%d_n%d_k%d_%v%v_lda%d_ldb%d_ldc%d_alpha%v_beta%v", p.m, p.n, p.k, letter(p.a), letter(p.b), p.a.LD, p.b.LD,
		p.c.LD, p.alpha, p.beta)
}

func letter(x Matrix) string {
	if x.Trans {
		return "T"
	}
	return "N"
}

func newProduct(t testing.TB, rng *rand.Rand, m, n, k, gap int, transA, transB bool, alpha, beta float32,
	alloc func(testing.TB, int) []float32) product {
	matrix := func(rows, cols int, trans bool) Matrix {
		if trans {
			rows, cols = cols, rows
		}
		x := Matrix{LD: max(cols, 1) + gap, Trans: trans}
		if rows > 0 && cols > 0 {
			x.Data = alloc(t, (rows-1)*x.LD+cols)
			for i := range x.Data {
				x.Data[i] = float32(rng.NormFloat64())
			}
		}
		return x
	}
	return product{m, n, k, alpha, beta, matrix(m, k, transA), matrix(k, n, transB), matrix(m, n, false)}
}

func (x Matrix) at(i, j int) float64 {
	if x.Trans {
		i, j = j, i
	}
	return float64(x.Data[i*x.LD+j])
}

// oracle returns the product in float64 and, element by element, what its error may be.
func (p product) oracle() (want, bound []float64) {
	for i := range p.m {
		for j := range p.n {
			var s, abs float64
			for l := range p.k {
				v := p.a.at(i, l) * p.b.at(l, j)
				s += v
				abs += math.Abs(v)
			}
			alpha, scaled := float64(p.alpha), 0.0
			if p.beta != 0 {
				scaled = float64(p.beta) * p.c.at(i, j)
			}
			want = append(want, alpha*s+scaled)
			bound = append(bound, 0x1p-24*(float64(p.k+2)*math.Abs(alpha)*abs+float64(p.k+2)*math.Abs(scaled)))
		}
	}
	return want, bound
}

func (p product) check(t *testing.T, want, bound []float64) {
	t.Helper()
	for i := range p.m {
		for j := range p.n {
			got := p.c.at(i, j)
			if e := i*p.n + j; !(math.Abs(got-want[e]) <= bound[e]+1e-37) {
				t.Fatalf("C[%d][%d] = %v, want %v ± %.2g", i, j, got, want[e], bound[e])
			}
		}
	}
}

// isas runs f for every instruction set of this machine. Short tests, such as those of an emulated processor, leave out portable code where
// there is another.
func isas(t *testing.T, f func(t *testing.T, ks *kernels)) {
	sets := cpu.Available()
	if testing.Short() && len(sets) > 1 {
		sets = sets[1:]
	}
	for _, isa := range sets {
		t.Run(isa.String(), func(t *testing.T) {
			ks := kernelsFor(isa)
			f(t, &ks)
		})
	}
}

// step is the longest step of any kernel, so that sizes around it take several.
const step = 256

var sizes = [][3]int{
	{1, 1, 1}, {1, 16, 1}, {16, 16, 4}, {8, 32, 192}, {7, 5, 3}, {17, 33, 9}, {31, 100, 65}, {3, 129, step + 1}, {40, 17, 2*step + 5},
	{33, 64, 193}, {1, 70, 50}, {70, 1, 50}, {130, 150, 20}, {2, 2*colsPerBlock + 9, 3}, {0, 3, 4}, {3, 0, 4}, {3, 4, 0},
}

func TestMul(t *testing.T) {
	isas(t, func(t *testing.T, ks *kernels) {
		rng := rand.New(rand.NewPCG(1, 2))
		for i, s := range sizes {
			for trans := range 4 {
				scales := [][2]float32{{1, 0}, {1, 1}, {-0.5, 2}, {0, 0.25}}[(i+trans)%4]
				p := newProduct(t, rng, s[0], s[1], s[2], []int{0, 3}[(i+trans)/2%2], trans&1 != 0, trans&2 != 0, scales[0], scales[1],
					guard.Sides[i%2])
				t.Run(p.String(), func(t *testing.T) {
					want, bound := p.oracle()
					var k task
					k.run(ks, p.m, p.n, p.k, p.alpha, p.a, p.b, nil, p.beta, p.c)
					p.check(t, want, bound)
				})
			}
		}
	})
}

func TestPacked(t *testing.T) {
	isas(t, func(t *testing.T, ks *kernels) {
		b := new(Packed) // whose memory is used again
		rng := rand.New(rand.NewPCG(3, 4))
		for i, s := range sizes {
			p := newProduct(t, rng, s[0], s[1], s[2], i%3, i%4 == 1, i%2 == 1, 1.5, float32(i%3)/2, guard.Float32)
			t.Run(p.String(), func(t *testing.T) {
				want, bound := p.oracle()
				ks.pack(b, p.n, p.k, p.alpha, p.b)
				var k task
				k.run(ks, p.m, p.n, p.k, 1, p.a, Matrix{}, b, p.beta, p.c)
				p.check(t, want, bound)
			})
		}
	})
}

// TestMulBias: a bias is what C may hold in every row, to the bit; what C held is not read, nor what lies between its rows written.
// TestLocalPanels: every float is where it belongs, zeros stand beyond the last column, and nothing is read or written outside.
func TestLocalPanels(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	isas(t, func(t *testing.T, ks *kernels) {
		for _, width := range []int{4, 5, 16, 32} {
			for _, size := range [][2]int{{1, 1}, {3, 40}, {19, 16}, {37, 33}, {8, 64}, {50, 7}} {
				for _, trans := range []bool{false, true} {
					k, n := size[0], size[1]
					b := newProduct(t, rng, 1, n, k, size[0]%3, false, trans, 1, 0, guard.Float32).b
					dst := guard.Float32(t, roundUp(n, width)*k)
					for i := range dst {
						dst[i] = -1
					}
					ks.localPanels(dst, width, k, n, b)
					for e, v := range dst {
						i, j := e/width%k, e/(width*k)*width+e%width
						want := 0.0
						if j < n {
							want = b.at(i, j)
						}
						if float64(v) != want {
							t.Fatalf("width %d, %d×%d, transposed %v: row %d, column %d is %v, want %v", width, k, n, trans, i, j, v, want)
						}
					}
				}
			}
		}
	})
}

func TestMulBias(t *testing.T) {
	isas(t, func(t *testing.T, ks *kernels) {
		rng := rand.New(rand.NewPCG(15, 16))
		for i, s := range append(sizes, [3]int{500, 40, step + 9}) { // several strips of rows
			p := newProduct(t, rng, s[0], s[1], s[2], i%3, i%4 == 1, i%2 == 1, 1, 1, guard.Float32)
			t.Run(p.String(), func(t *testing.T) {
				k := task{bias: guard.Float32(t, p.n)}
				for j := range k.bias {
					k.bias[j] = float32(rng.NormFloat64())
				}
				want := slices.Clone(p.c.Data)
				for r := range p.m {
					for j := range p.n {
						want[r*p.c.LD+j] = k.bias[j]
						p.c.Data[r*p.c.LD+j] = float32(math.NaN())
					}
				}
				k.run(ks, p.m, p.n, p.k, 1, p.a, p.b, nil, 1, p.c)
				new(task).run(ks, p.m, p.n, p.k, 1, p.a, p.b, nil, 1, Matrix{Data: want, LD: p.c.LD})
				if !slices.Equal(p.c.Data, want) {
					t.Errorf("got %v, want %v", p.c.Data[:min(8, len(want))], want[:min(8, len(want))])
				}
			})
		}
	})
	// It is gone with its call.
	c, one := make([]float32, 4), []float32{1, 1, 1, 1}
	MulBias(2, 2, 2, Matrix{Data: one, LD: 2}, Matrix{Data: one, LD: 2}, []float32{5, 7}, Matrix{Data: c, LD: 2})
	Mul(2, 2, 2, 1, Matrix{Data: one, LD: 2}, Matrix{Data: one, LD: 2}, 1, Matrix{Data: c, LD: 2})
	if want := []float32{9, 11, 9, 11}; !slices.Equal(c, want) {
		t.Errorf("got %v, want %v", c, want)
	}
}

// TestAgainstGonum compares random products, whose sizes cross every block boundary, with an implementation that is not ours.
func TestAgainstGonum(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 12 {
		p := newProduct(t, rng, 1+rng.IntN(2*rowsPerBlock/3), 1+rng.IntN(200), 1+rng.IntN(2*step), rng.IntN(2), rng.IntN(2) == 1,
			rng.IntN(2) == 1, 2, -1, heap)
		trans := func(x Matrix) blas.Transpose {
			if x.Trans {
				return blas.Trans
			}
			return blas.NoTrans
		}
		want := slices.Clone(p.c.Data)
		gonum.Implementation{}.Sgemm(trans(p.a), trans(p.b), p.m, p.n, p.k, p.alpha, p.a.Data, p.a.LD, p.b.Data, p.b.LD, p.beta, want,
			p.c.LD)
		Mul(p.m, p.n, p.k, p.alpha, p.a, p.b, p.beta, p.c)
		for i, v := range p.c.Data {
			if d := math.Abs(float64(v - want[i])); d > 1e-4*math.Sqrt(float64(p.k)) {
				t.Fatalf("%v: element %d is %v, gonum says %v", p, i, v, want[i])
			}
		}
	}
}

func heap(_ testing.TB, n int) []float32 { return make([]float32, n) }

// TestNotRead: a matrix that is scaled by zero may hold anything.
func TestNotRead(t *testing.T) {
	nan := float32(math.NaN())
	isas(t, func(t *testing.T, ks *kernels) {
		var k task
		c := slices.Repeat([]float32{nan}, 40)
		ones := slices.Repeat([]float32{1}, 40)
		k.run(ks, 5, 8, 5, 1, Matrix{Data: ones, LD: 5}, Matrix{Data: ones, LD: 8}, nil, 0, Matrix{Data: c, LD: 8})
		if want := slices.Repeat([]float32{5}, 40); !slices.Equal(c, want) {
			t.Errorf("beta = 0: %v", c)
		}
		nans := slices.Repeat([]float32{nan}, 40)
		k.run(ks, 5, 8, 5, 0, Matrix{Data: nans, LD: 5}, Matrix{Data: nans, LD: 8}, nil, 2, Matrix{Data: c, LD: 8})
		if want := slices.Repeat([]float32{10}, 40); !slices.Equal(c, want) {
			t.Errorf("alpha = 0: %v", c)
		}
		k.run(ks, 5, 8, 0, 1, Matrix{LD: 1}, Matrix{LD: 8}, nil, 0, Matrix{Data: nans, LD: 8})
		if want := make([]float32, 40); !slices.Equal(nans, want) {
			t.Errorf("beta = 0 and k = 0: %v", nans)
		}
	})
}

// TestPropagation: a NaN or an infinity reaches its row and column of C, and nothing else.
func TestPropagation(t *testing.T) {
	isas(t, func(t *testing.T, ks *kernels) {
		rng := rand.New(rand.NewPCG(7, 8))
		p := newProduct(t, rng, 37, 45, 20, 0, false, false, 1, 0, heap)
		p.a.Data[3*p.a.LD+7] = float32(math.NaN())
		p.b.Data[11*p.b.LD+40] = float32(math.Inf(1))
		var k task
		k.run(ks, p.m, p.n, p.k, p.alpha, p.a, p.b, nil, p.beta, p.c)
		for i := range p.m {
			for j := range p.n {
				v := p.c.at(i, j)
				if bad := math.IsNaN(v) || math.IsInf(v, 0); bad != (i == 3 || j == 40) {
					t.Fatalf("C[%d][%d] = %v", i, j, v)
				}
			}
		}
	})
}

// TestThreads: the bits depend on neither the number of threads nor, therefore, on how C is cut into blocks.
func TestThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	isas(t, func(t *testing.T, ks *kernels) {
		for _, s := range [][3]int{{300, 200, 2*step + 7}, {16, 5000, 30}, {2000, 10, 64}} {
			var first []float32
			for _, threads := range []int{1, 2, 5} {
				runtime.GOMAXPROCS(threads)
				p := newProduct(t, rand.New(rand.NewPCG(9, 10)), s[0], s[1], s[2], 1, false, true, 0.5, 0.5, heap)
				var k task
				k.run(ks, p.m, p.n, p.k, p.alpha, p.a, p.b, nil, p.beta, p.c)
				if first == nil {
					first = p.c.Data
				} else if !slices.Equal(first, p.c.Data) {
					t.Errorf("%v: %d threads give other bits than one", s, threads)
				}
			}
		}
	})
}

// locals multiplies in chunks of its own, each a different matrix.
type locals struct {
	products []product
	local    []Local
}

func (l *locals) Chunk(w *parallel.Worker, i int) {
	p := &l.products[i]
	l.local[i].Mul(w, p.m, p.n, p.k, p.alpha, p.a, p.b, p.beta, p.c)
}

func TestLocal(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	l := &locals{local: make([]Local, 4)}
	var want, bound [][]float64
	for i := range l.local {
		p := newProduct(t, rng, 30+i, 40+i, step+9*i, i, i%2 == 1, i > 1, 1, 1, heap)
		l.products = append(l.products, p)
		w, b := p.oracle()
		want, bound = append(want, w), append(bound, b)
	}
	parallel.Run(len(l.products), 1<<20, l)
	for i, p := range l.products {
		p.check(t, want[i], bound[i])
	}
}

func TestNoAllocation(t *testing.T) {
	p := newProduct(t, rand.New(rand.NewPCG(11, 12)), 100, 100, 100, 0, false, false, 1, 0, heap)
	run := func() { Mul(p.m, p.n, p.k, p.alpha, p.a, p.b, p.beta, p.c) }
	run()
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("%v allocations a product", n)
	}
	bias := make([]float32, p.n)
	if n := testing.AllocsPerRun(20, func() { MulBias(p.m, p.n, p.k, p.a, p.b, bias, p.c) }); n != 0 {
		t.Errorf("%v allocations a product with bias", n)
	}
}

func TestPanics(t *testing.T) {
	x := func(n, ld int) Matrix { return Matrix{Data: make([]float32, n), LD: ld} }
	for name, c := range map[string]struct {
		want string
		call func()
	}{
		"short A": {"gemm.Mul: got A of 5 elements, want 6: 2 rows of 3, 3 apart",
			func() { Mul(2, 2, 3, 1, x(5, 3), x(6, 2), 0, x(4, 2)) }},
		"narrow B": {"gemm.Mul: got B with rows 1 apart, want at least 2", func() { Mul(2, 2, 3, 1, x(6, 3), x(6, 1), 0, x(4, 2)) }},
		"short bias": {"gemm.MulBias: got bias of 1 elements, want 2",
			func() { MulBias(2, 2, 3, x(6, 3), x(6, 2), make([]float32, 1), x(4, 2)) }},
		"negative": {"gemm.Mul: got m = -1, n = 2, k = 3, want none negative",
			func() { Mul(-1, 2, 3, 1, x(6, 3), x(6, 2), 0, x(4, 2)) }},
		"transposed C": {"gemm.Mul: got a transposed C, want Cᵀ = op(B)ᵀ·op(A)ᵀ computed instead",
			func() { Mul(2, 2, 3, 1, x(6, 3), x(6, 2), 0, Matrix{make([]float32, 4), 2, true}) }},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); got != c.want {
					t.Errorf("panic %v, want %q", got, c.want)
				}
			}()
			c.call()
		})
	}
}

// FuzzMul draws sizes, leading dimensions, transposition and scales from the fuzzer's bytes.
func FuzzMul(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(5), uint16(7), uint8(0))
	f.Add(uint64(2), uint8(65), uint8(33), uint16(step+1), uint8(0xff))
	f.Fuzz(func(t *testing.T, seed uint64, m, n uint8, k uint16, flags uint8) {
		rng := rand.New(rand.NewPCG(seed, 0))
		p := newProduct(t, rng, int(m), int(n), int(k)%(2*step), int(flags>>4&3), flags&1 != 0, flags&2 != 0,
			[]float32{1, 0, -2, 0.1}[flags>>2&3], []float32{0, 1, 0.5, -1}[flags>>6], guard.Float32)
		want, bound := p.oracle()
		Mul(p.m, p.n, p.k, p.alpha, p.a, p.b, p.beta, p.c)
		p.check(t, want, bound)
	})
}
