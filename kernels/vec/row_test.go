package vec

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// Every row is what the product of two vectors is, and nothing between rows is touched.
func TestMulRow(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(15, 16))
		for _, c := range []struct{ rows, cols, ldd, lda int }{
			{0, 5, 5, 5}, {1, 1, 1, 1}, {3, 17, 17, 17}, {3, 17, 20, 18}, {300, 24, 24, 40}, {3, block + 5, block + 5, block + 5},
			{2, 0, 3, 3},
		} {
			for _, accumulate := range []bool{false, true} {
				for _, alloc := range guard.Sides {
					size := func(ld int) int { return max(0, (c.rows-1)*ld+c.cols) }
					dst, a, row := fill(r, alloc(t, size(c.ldd)), true), fill(r, alloc(t, size(c.lda)), true),
						fill(r, alloc(t, c.cols), true)
					want := slices.Clone(dst)
					for i := range c.rows {
						product := make([]float32, c.cols)
						Mul(product, a[i*c.lda:][:c.cols], row)
						if accumulate {
							AddTo(want[i*c.ldd:][:c.cols], product)
						} else {
							copy(want[i*c.ldd:], product)
						}
					}
					MulRow(dst, c.ldd, a, c.lda, row, c.rows, accumulate)
					for i, w := range want {
						if !same(dst[i], w) {
							t.Fatalf("%+v, accumulate %v: element %d is %v, want %v", c, accumulate, i, dst[i], w)
						}
					}
				}
			}
		}
	})
	x := make([]float32, 3*block)
	if n := testing.AllocsPerRun(10, func() { MulRow(x, 60, x, 60, x[:50], 500, true) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
