package vec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/memory"
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

// special are the values that arithmetic treats in its own way.
var special = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
	math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
}

// fill writes normal random numbers, and special ones every seventh place or so if asked.
func fill(r *rand.Rand, x []float32, specials bool) []float32 {
	for i := range x {
		x[i] = float32(r.NormFloat64())
		if specials && r.IntN(7) == 0 {
			x[i] = special[r.IntN(len(special))]
		}
	}
	return x
}

// same reports whether two results are the same bits, or both NaN.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// operation is a function of one element of each operand.
type operation struct {
	name string
	run  func(dst, a, b []float32)
	want func(dst, a, b float64) float64
}

// operations are checked against arithmetic in doubles: the product or the sum of two float32, rounded once to float32, is what
// float32 arithmetic yields too.
var operations = append([]operation{
	{"Add", Add, func(_, a, b float64) float64 { return a + b }},
	{"AddTo", func(dst, a, _ []float32) { AddTo(dst, a) }, func(dst, a, _ float64) float64 { return dst + a }},
	{"Axpy", func(dst, a, _ []float32) { Axpy(dst, 0.37, a) },
		func(dst, a, _ float64) float64 { return dst + float64(float32(float64(float32(0.37))*a)) }},
	{"Scale", func(dst, a, _ []float32) { Scale(dst, -1.9, a) },
		func(_, a, _ float64) float64 { return float64(float32(-1.9)) * a }},
	{"ReLU", func(dst, a, _ []float32) { ReLU(dst, a) }, func(_, a, _ float64) float64 { return relu(a) }},
	{"Mul", Mul, func(_, a, b float64) float64 { return float64(float32(a) * float32(b)) }},
	{"ReLU6", func(dst, a, _ []float32) { ReLU6(dst, a) }, func(_, a, _ float64) float64 { return relu6(a) }},
	{"ReLU6Backward", func(dst, a, b []float32) { ReLU6Backward(dst, a, b, false) }, func(_, a, b float64) float64 {
		if a > 0 && a < 6 {
			return b
		}
		return 0
	}},
	{"ReLU6Backward/accumulate", func(dst, a, b []float32) { ReLU6Backward(dst, a, b, true) }, func(dst, a, b float64) float64 {
		if a > 0 && a < 6 {
			return dst + b
		}
		return dst + 0
	}},
	{"ReLUBackward", func(dst, a, b []float32) { ReLUBackward(dst, a, b, false) },
		func(_, a, b float64) float64 { return gate(a, b) }},
	{"ReLUBackward/accumulate", func(dst, a, b []float32) { ReLUBackward(dst, a, b, true) },
		func(dst, a, b float64) float64 {
			if a > 0 {
				return dst + b
			}
			return dst
		}},
}, arithmeticOperations...)

func relu6(a float64) float64 {
	if a > 6 {
		return 6
	}
	return relu(a)
}

func relu(a float64) float64 {
	if a < 0 {
		return 0
	}
	return a
}

func gate(x, dy float64) float64 {
	if x > 0 {
		return dy
	}
	return 0
}

func TestElementwise(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for i := range operations {
			t.Run(operations[i].name, func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 2))
				for n := range 301 {
					checkElementwise(t, i, r, n, 0, guard.Sides[n%2])
				}
			})
		}
	})
}

// checkElementwise runs an operation on n elements that begin offset elements behind what alloc aligns.
func checkElementwise(t *testing.T, operation int, r *rand.Rand, n, offset int, alloc func(testing.TB, int) []float32) {
	op := &operations[operation]
	make32 := func() []float32 { return fill(r, alloc(t, offset+n)[offset:], true) }
	a, b, dst := make32(), make32(), make32()
	want := make([]float32, n)
	for i := range want {
		want[i] = float32(op.want(float64(dst[i]), float64(a[i]), float64(b[i])))
	}
	op.run(dst, a, b)
	for i := range want {
		if !same(dst[i], want[i]) {
			t.Fatalf("%s of %d: element %d of a = %v, b = %v: got %v, want %v", op.name, n, i, a[i], b[i], dst[i], want[i])
		}
	}
}

func FuzzElementwise(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, offset uint8) {
		eachISA(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			for i := range operations {
				checkElementwise(t, i, r, int(n%5000), int(offset%17), guard.Sides[seed%2])
			}
		})
	})
}

func TestElementwiseInPlace(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, op := range operations {
			a, b := fill(r, make([]float32, 1000), true), fill(r, make([]float32, 1000), true)
			x, want := append([]float32(nil), a...), append([]float32(nil), a...)
			op.run(want, a, b)
			op.run(x, x, b)
			for i := range x {
				if !same(x[i], want[i]) {
					t.Fatalf("%s: element %d: got %v, want %v", op.name, i, x[i], want[i])
				}
			}
		}
	})
}

func TestReductions(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		sizes := []int{block - 1, block, block + 1, 3*block + 77}
		for n := range 301 {
			sizes = append(sizes, n)
		}
		for i, n := range sizes {
			a, b := fill(r, guard.Sides[i%2](t, n), false), fill(r, guard.Sides[i%2](t, n), false)
			var sum, dot, sumSq, sumAbs, dotAbs float64
			for i := range a {
				x, y := float64(a[i]), float64(b[i])
				sum, dot, sumSq = sum+x, dot+x*y, sumSq+x*x
				sumAbs, dotAbs = sumAbs+math.Abs(x), dotAbs+math.Abs(x*y)
			}
			for _, c := range []struct {
				name             string
				got, want, scale float64
			}{{"Sum", Sum(a), sum, sumAbs}, {"Dot", Dot(a, b), dot, dotAbs}, {"SumSq", SumSq(a), sumSq, sumSq}} {
				if math.Abs(c.got-c.want) > 1e-13*c.scale {
					t.Errorf("%s of %d elements: got %v, want %v", c.name, n, c.got, c.want)
				}
			}
		}
	})
}

func TestReductionsPropagateNaNAndInf(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, at := range []int{0, 31, 32, 99, 4 * block} {
			x := make([]float32, 4*block+1)
			x[at] = float32(math.Inf(-1))
			if s := Sum(x); !math.IsInf(s, -1) {
				t.Errorf("-Inf at %d: sum %v", at, s)
			}
			x[at] = float32(math.NaN())
			if s := SumSq(x); !math.IsNaN(s) {
				t.Errorf("NaN at %d: sum of squares %v", at, s)
			}
		}
	})
}

// TestSameBits: results depend neither on the instruction set nor on the number of threads.
func TestSameBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	r := rand.New(rand.NewPCG(7, 8))
	n := 5*block + 123
	a, b := fill(r, make([]float32, n), false), fill(r, make([]float32, n), false)
	run := func() (x []float32, sums [3]float64) {
		x = make([]float32, n)
		Add(x, a, b)
		Axpy(x, 0.3, a)
		ReLUBackward(x, b, a, true)
		return x, [3]float64{Sum(x), SumSq(x), Dot(x, a)}
	}
	runtime.GOMAXPROCS(1)
	x, sums := run()
	eachISA(t, func(t *testing.T) {
		for _, procs := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(procs)
			y, got := run()
			if got != sums {
				t.Errorf("GOMAXPROCS %d: sums %v, want %v", procs, got, sums)
			}
			for i := range x {
				if !same(x[i], y[i]) {
					t.Fatalf("GOMAXPROCS %d: element %d is %v, want %v", procs, i, y[i], x[i])
				}
			}
		}
	})
}

func TestRows(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for _, c := range []struct{ rows, cols, ldDst, ldA int }{
			{0, 5, 5, 5}, {1, 1, 1, 1}, {3, 17, 17, 17}, {3, 17, 20, 17}, {5, 16, 16, 48}, {7, 33, 64, 40}, {3000, 24, 32, 24},
			{1, 300, 500, 300},
		} {
			size := func(ld int) int { return max(0, (c.rows-1)*ld+c.cols) }
			for _, alloc := range guard.Sides {
				a := fill(r, alloc(t, size(c.ldA)), true)
				cp, sum := fill(r, alloc(t, size(c.ldDst)), true), fill(r, alloc(t, size(c.ldDst)), true)
				wantCp, wantSum := append([]float32(nil), cp...), append([]float32(nil), sum...)
				for i := range c.rows {
					for j := range c.cols {
						wantCp[i*c.ldDst+j] = a[i*c.ldA+j]
						wantSum[i*c.ldDst+j] += a[i*c.ldA+j]
					}
				}
				CopyRows(cp, c.ldDst, a, c.ldA, c.rows, c.cols)
				AddToRows(sum, c.ldDst, a, c.ldA, c.rows, c.cols)
				for i := range wantCp {
					if !same(cp[i], wantCp[i]) || !same(sum[i], wantSum[i]) {
						t.Fatalf("%+v: element %d: copied %v, want %v; added %v, want %v", c, i, cp[i], wantCp[i], sum[i], wantSum[i])
					}
				}
			}
		}
	})
}

// rowOperations are the activations over matrices, with the function that does the same to one row.
var rowOperations = []struct {
	name string
	rows func(dst, a, b matrix, rows, cols int)
	row  func(dst, a, b []float32)
}{
	{"ReLU", func(dst, a, _ matrix, rows, cols int) { ReLURows(dst.data, dst.ld, a.data, a.ld, rows, cols) },
		func(dst, a, _ []float32) { ReLU(dst, a) }},
	{"ReLU6", func(dst, a, _ matrix, rows, cols int) { ReLU6Rows(dst.data, dst.ld, a.data, a.ld, rows, cols) },
		func(dst, a, _ []float32) { ReLU6(dst, a) }},
	{"ReLUBackward", func(dst, a, b matrix, rows, cols int) {
		ReLUBackwardRows(dst.data, dst.ld, a.data, a.ld, b.data, b.ld, rows, cols, false)
	}, func(dst, a, b []float32) { ReLUBackward(dst, a, b, false) }},
	{"ReLUBackward/accumulate", func(dst, a, b matrix, rows, cols int) {
		ReLUBackwardRows(dst.data, dst.ld, a.data, a.ld, b.data, b.ld, rows, cols, true)
	}, func(dst, a, b []float32) { ReLUBackward(dst, a, b, true) }},
	{"ReLU6Backward", func(dst, a, b matrix, rows, cols int) {
		ReLU6BackwardRows(dst.data, dst.ld, a.data, a.ld, b.data, b.ld, rows, cols, false)
	}, func(dst, a, b []float32) { ReLU6Backward(dst, a, b, false) }},
	{"ReLU6Backward/accumulate", func(dst, a, b matrix, rows, cols int) {
		ReLU6BackwardRows(dst.data, dst.ld, a.data, a.ld, b.data, b.ld, rows, cols, true)
	}, func(dst, a, b []float32) { ReLU6Backward(dst, a, b, true) }},
	{"Scale", func(dst, a, _ matrix, rows, cols int) { ScaleRows(dst.data, dst.ld, -1.9, a.data, a.ld, rows, cols) },
		func(dst, a, _ []float32) { Scale(dst, -1.9, a) }},
	{"Axpy", func(dst, a, _ matrix, rows, cols int) { AxpyRows(dst.data, dst.ld, 0.37, a.data, a.ld, rows, cols) },
		func(dst, a, _ []float32) { Axpy(dst, 0.37, a) }},
	{"Sigmoid", func(dst, a, _ matrix, rows, cols int) { SigmoidRows(dst.data, dst.ld, a.data, a.ld, rows, cols) },
		func(dst, a, _ []float32) { Sigmoid(dst, a) }},
	{"Tanh", func(dst, a, _ matrix, rows, cols int) { TanhRows(dst.data, dst.ld, a.data, a.ld, rows, cols) },
		func(dst, a, _ []float32) { Tanh(dst, a) }},
	{"SigmoidBackward", func(dst, a, b matrix, rows, cols int) {
		SigmoidBackwardRows(dst.data, dst.ld, a.data, a.ld, b.data, b.ld, rows, cols, false)
	}, func(dst, a, b []float32) { SigmoidBackward(dst, a, b, false) }},
	{"SigmoidBackward/accumulate", func(dst, a, b matrix, rows, cols int) {
		SigmoidBackwardRows(dst.data, dst.ld, a.data, a.ld, b.data, b.ld, rows, cols, true)
	}, func(dst, a, b []float32) { SigmoidBackward(dst, a, b, true) }},
	{"TanhBackward", func(dst, a, b matrix, rows, cols int) {
		TanhBackwardRows(dst.data, dst.ld, a.data, a.ld, b.data, b.ld, rows, cols, false)
	}, func(dst, a, b []float32) { TanhBackward(dst, a, b, false) }},
	{"TanhBackward/accumulate", func(dst, a, b matrix, rows, cols int) {
		TanhBackwardRows(dst.data, dst.ld, a.data, a.ld, b.data, b.ld, rows, cols, true)
	}, func(dst, a, b []float32) { TanhBackward(dst, a, b, true) }},
	{"Fill", func(dst, _, _ matrix, rows, cols int) { FillRows(dst.data, dst.ld, 0.7, rows, cols, false) },
		func(dst, _, _ []float32) {
			for i := range dst {
				dst[i] = 0.7
			}
		}},
	{"Fill/accumulate", func(dst, _, _ matrix, rows, cols int) { FillRows(dst.data, dst.ld, 0.7, rows, cols, true) },
		func(dst, _, _ []float32) {
			for i := range dst {
				dst[i] += 0.7
			}
		}},
	{"Mul", func(dst, a, b matrix, rows, cols int) {
		MulRows(dst.data, dst.ld, a.data, a.ld, b.data, b.ld, rows, cols, false)
	}, Mul},
	{"Mul/accumulate", func(dst, a, b matrix, rows, cols int) {
		MulRows(dst.data, dst.ld, a.data, a.ld, b.data, b.ld, rows, cols, true)
	}, func(dst, a, b []float32) {
		for i := range dst {
			dst[i] += float32(a[i] * b[i])
		}
	}},
}

// TestActivationRows: over rows an activation gives what it gives on each of them, in place too, and touches nothing between them.
func TestActivationRows(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for _, c := range []struct{ rows, cols, ldd, lda, ldb int }{
			{0, 5, 5, 5, 5}, {1, 1, 1, 1, 1}, {3, 17, 17, 17, 17}, {3, 17, 20, 17, 17}, {5, 16, 16, 48, 16}, {7, 33, 33, 33, 40},
			{3000, 24, 32, 24, 40}, {3000, 24, 24, 24, 24}, {2, 3*block + 5, 4 * block, 3*block + 5, 3*block + 6},
		} {
			size := func(ld int) int { return max(0, (c.rows-1)*ld+c.cols) }
			for i, alloc := range guard.Sides {
				a, b := fill(r, alloc(t, size(c.lda)), true), fill(r, alloc(t, size(c.ldb)), true)
				for _, op := range rowOperations {
					dst := matrix{fill(r, alloc(t, size(c.ldd)), true), c.ldd}
					from := matrix{a, c.lda}
					if i == 1 { // in place
						from = dst
					}
					want := slices.Clone(dst.data)
					for r := range c.rows {
						op.row(want[r*c.ldd:][:c.cols], slices.Clone(from.row(r, c.cols)), b[r*c.ldb:][:c.cols])
					}
					op.rows(dst, from, matrix{b, c.ldb}, c.rows, c.cols)
					for j := range want {
						if !same(dst.data[j], want[j]) {
							t.Fatalf("%s of %+v: element %d is %v, want %v", op.name, c, j, dst.data[j], want[j])
						}
					}
				}
			}
		}
	})
}

func TestPanics(t *testing.T) {
	x := make([]float32, 10)
	for name, f := range map[string]func(){
		"vec.Add: got slices of [10 10 9] elements, want the same length":         func() { Add(x, x, x[1:]) },
		"vec.Dot: got slices of [9 10] elements, want the same length":            func() { Dot(x[1:], x) },
		"vec.CopyRows: got operand of 10 elements, want 11: 2 rows of 5, 6 apart": func() { CopyRows(x, 5, x, 6, 2, 5) },
		"vec.AddToRows: got destination with rows 4 apart, want at least 5":       func() { AddToRows(x, 4, x, 5, 2, 5) },
		"vec.ReLUBackwardRows: got gradient of 0 elements, want 10: 2 rows of 5, 5 apart": func() {
			ReLUBackwardRows(x, 5, x, 5, nil,
				5, 2, 5, false)
		},
		"vec.WeightedSum: got 2 factors for term 0, want one for each of 1 groups of rows": func() {
			WeightedSum(x, 5, 1, 2, 5,
				[]Weighted{{x, 5, x[:2]}}, false)
		},
		"vec.WeightedSum: got term of 9 elements, want 10: 2 rows of 5, 5 apart": func() {
			WeightedSum(x, 5, 1, 2, 5,
				[]Weighted{{x[1:], 5, nil}}, false)
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != name {
					t.Errorf("panicked with %q, want %q", got, name)
				}
			}()
			f()
		}()
	}
}

func TestNoAllocation(t *testing.T) {
	x, y := make([]float32, 3*block), make([]float32, 3*block)
	terms := []Weighted{{y, 40, y[:10]}, {y, 48, nil}}
	for name, f := range map[string]func(){
		"Add":              func() { AddTo(x, y) },
		"small Add":        func() { AddTo(x[:9], y[:9]) },
		"SumSq":            func() { SumSq(x) },
		"AddToRows":        func() { AddToRows(x, 48, y, 48, 1000, 40) },
		"ReLUBackwardRows": func() { ReLUBackwardRows(x, 48, y, 48, y, 40, 1000, 40, true) },
		"MulRows":          func() { MulRows(x, 48, y, 48, y, 40, 1000, 40, true) },
		"WeightedSum":      func() { WeightedSum(x, 48, 10, 100, 40, terms, true) },
	} {
		if n := testing.AllocsPerRun(50, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// What goes past the caches is the same, to whole vectors and ragged ends, and nothing else is touched.
func TestPast(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, isa := range cpu.Available() {
		k := kernelsFor(isa)
		for name, pair := range map[string][2]elementwiseKernel{"ReLU": {k.relu, k.reluNonTemporal},
			"ReLUBackward": {k.reluBackward, k.reluBackwardNonTemporal}} {
			if pair[1] == nil {
				continue
			}
			for n := range 200 {
				a, b := make([]float32, n), make([]float32, n)
				for i := range a {
					a[i], b[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
				}
				want, got := make([]float32, n+16), memory.Aligned(n+16)
				pair[0](want[:n], a, b, 0)
				pair[1](got[:n], a, b, 0)
				if !slices.Equal(got, want) {
					t.Fatalf("%v %s of %d elements: %v, want %v", isa, name, n, got, want)
				}
			}
		}
	}
}
