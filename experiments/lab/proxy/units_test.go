package proxy

import (
	"math/rand/v2"
	"testing"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Distances and patterns are what counting one unit after the other says: for any number of samples and units, also where rows have gaps,
// and of several activations together.
func TestUnits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var u units
	for _, c := range []struct{ n, rows, cols int }{{2, 1, 1}, {5, 3, 7}, {63, 2, 33}, {64, 8, 8}, {65, 1, 130}, {130, 3, 50}} {
		u.reset(c.n)
		seen, apart, patterns := 0, make([]int, c.n*c.n), make(map[string]bool)
		for times := 1; times <= 2; times++ {
			x := tensor.New(c.n, c.rows, c.cols+3).Window(1, 1+c.cols)
			for i := range x.Data { // the gaps, too
				x.Data[i] = []float32{-1, float32(1 / rng.NormFloat64()), 0, 2}[rng.IntN(4)]
			}
			x.Data[0] *= -0 // negative zero is not active
			u.add(x, times, true, true)
			seen += times * c.rows * c.cols
			for row := range c.rows {
				for col := range c.cols {
					active := make([]byte, c.n)
					for i := range c.n {
						if x.At(i, row, col) > 0 {
							active[i] = 1
						}
						for j := range i {
							if active[j] != active[i] {
								apart[i*c.n+j] += times
							}
						}
					}
					patterns[string(active)] = true
				}
			}
		}
		if u.seen != seen || u.distinct() != len(patterns) {
			t.Errorf("%+v: %d units of %d patterns, want %d of %d", c, u.seen, u.distinct(), seen, len(patterns))
		}
		for i := range apart {
			if u.apart[i] != apart[i] {
				t.Fatalf("%+v: samples %d and %d differ by %d, want %d", c, i/c.n, i%c.n, u.apart[i], apart[i])
			}
		}
	}
}
