package gemm

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// lead is how many matrices an operand has along both axes of a batch: 1 where one serves for all.
type lead struct{ outer, inner int }

// newBatch makes the matrices of an operand, the last of which ends at an inaccessible page.
func newBatch(t testing.TB, rng *rand.Rand, l lead, rows, cols, gap int, trans bool, alloc func(testing.TB, int) []float32) Batch {
	if trans {
		rows, cols = cols, rows
	}
	ld := cols + gap
	size := rows*ld + gap
	b := Batch{Matrix: Matrix{LD: ld, Trans: trans}}
	if l.outer > 1 {
		b.Outer = l.inner * size
	}
	if l.inner > 1 {
		b.Inner = size
	}
	if rows > 0 && cols > 0 {
		b.Data = alloc(t, (l.outer*l.inner-1)*size+(rows-1)*ld+cols)
	}
	for i := range b.Data {
		b.Data[i] = float32(rng.NormFloat64())
	}
	return b
}

// TestMulBatch compares every product with Mul, to the bit, and those that meet in one C with their sum.
func TestMulBatch(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rng := rand.New(rand.NewPCG(1, 2))
	for i, c := range []struct {
		outer, inner int
		a, b, c      lead
		m, n, k      int
	}{
		{1, 1, lead{1, 1}, lead{1, 1}, lead{1, 1}, 5, 7, 3},
		{2, 3, lead{2, 3}, lead{2, 3}, lead{2, 3}, 17, 33, 9},
		{3, 1, lead{3, 1}, lead{1, 1}, lead{3, 1}, 40, 17, step + 5},
		{2, 3, lead{1, 3}, lead{2, 1}, lead{2, 3}, 7, 20, 30},
		{2, 3, lead{2, 3}, lead{2, 3}, lead{1, 3}, 7, 20, 30}, // summed along the first axis
		{2, 3, lead{2, 3}, lead{1, 3}, lead{2, 1}, 7, 20, 30}, // along the second
		{3, 2, lead{3, 2}, lead{3, 2}, lead{1, 1}, 70, 65, 64},
		{1, 3, lead{1, 3}, lead{1, 3}, lead{1, 3}, 70, 65, 64}, // too few for two threads
		{2, 2, lead{2, 2}, lead{2, 2}, lead{2, 2}, 3, 4, 0},
		{2, 2, lead{2, 2}, lead{2, 2}, lead{2, 2}, 0, 4, 3},
		{0, 2, lead{1, 2}, lead{1, 2}, lead{1, 2}, 3, 4, 5},
	} {
		for trans := range 4 {
			t.Run(fmt.Sprintf("%+v_%d", c, trans), func(t *testing.T) {
				gap, alpha, beta := []int{0, 3}[(i+trans)%2], float32(1), []float32{0, 1, 0.5}[(i+trans)%3]
				if i%2 == 1 {
					alpha = -0.5
				}
				a := newBatch(t, rng, c.a, c.m, c.k, gap, trans&1 != 0, guard.Sides[i%2])
				b := newBatch(t, rng, c.b, c.k, c.n, gap, trans&2 != 0, guard.Sides[i%2])
				y := newBatch(t, rng, c.c, c.m, c.n, gap, false, guard.Sides[i%2])
				before := slices.Clone(y.Data)
				want := y
				want.Data = slices.Clone(y.Data)
				seen := map[int]bool{}
				for o := range c.outer {
					for j := range c.inner {
						scale := float32(1)
						if at := o*y.Outer + j*y.Inner; !seen[at] {
							scale, seen[at] = beta, true
						}
						Mul(c.m, c.n, c.k, alpha, a.at(o, j), b.at(o, j), scale, want.at(o, j))
					}
				}
				for _, procs := range []int{1, 2} {
					runtime.GOMAXPROCS(procs)
					copy(y.Data, before)
					MulBatch(c.outer, c.inner, c.m, c.n, c.k, alpha, a, b, beta, y)
					if !slices.Equal(y.Data, want.Data) {
						t.Errorf("%d threads: not the bits of Mul", procs)
					}
				}
			})
		}
	}
}

func TestMulBatchAllocatesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	matrices := func(rows, cols int) Batch { return newBatch(t, rng, lead{2, 2}, rows, cols, 0, false, heap) }
	a, b, c := matrices(30, 20), matrices(20, 40), matrices(30, 40)
	run := func() { MulBatch(2, 2, 30, 40, 20, 1, a, b, 0, c) }
	run()
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMulBatchPanics(t *testing.T) {
	m := func(n, outer, inner int) Batch { return Batch{Matrix{Data: make([]float32, n), LD: 4}, outer, inner} }
	for name, f := range map[string]func(){
		"negative number":   func() { MulBatch(-1, 2, 4, 4, 4, 1, m(16, 0, 0), m(16, 0, 0), 0, m(16, 0, 0)) },
		"negative size":     func() { MulBatch(1, 1, -4, 4, 4, 1, m(16, 0, 0), m(16, 0, 0), 0, m(16, 0, 0)) },
		"negative distance": func() { MulBatch(2, 1, 4, 4, 4, 1, m(64, -16, 0), m(16, 0, 0), 0, m(64, 16, 0)) },
		"short A":           func() { MulBatch(2, 2, 4, 4, 4, 1, m(63, 32, 16), m(64, 32, 16), 0, m(64, 32, 16)) },
		"very short B":      func() { MulBatch(2, 2, 4, 4, 4, 1, m(64, 32, 16), m(16, 32, 16), 0, m(64, 32, 16)) },
		"short C":           func() { MulBatch(2, 2, 4, 4, 4, 1, m(64, 32, 16), m(64, 32, 16), 0, m(63, 32, 16)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}
