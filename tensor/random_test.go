package tensor

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Draws have the mean and the deviation that were asked for, within five standard errors, and depend on the seed alone.
func TestRandom(t *testing.T) {
	const n = 40000
	for name, c := range map[string]struct {
		draw      func(rng *rand.Rand) Tensor
		mean, std float64
		lo, hi    float32
	}{
		"Uniform": {func(rng *rand.Rand) Tensor { return Uniform(rng, -1, 3, n/8, 8) }, 1, 4 / math.Sqrt(12), -1, 3},
		"Normal":  {func(rng *rand.Rand) Tensor { return Normal(rng, 2, 0.5, n/8, 8) }, 2, 0.5, -1, 5},
	} {
		x := c.draw(rand.New(rand.NewPCG(1, 2)))
		if !slices.Equal(x.Shape(), []int{n / 8, 8}) {
			t.Errorf("%s: shape %v", name, x.Shape())
		}
		if lo, hi := slices.Min(x.Data), slices.Max(x.Data); lo < c.lo || hi > c.hi {
			t.Errorf("%s: values from %v to %v, want %v to %v at most", name, lo, hi, c.lo, c.hi)
		}
		var sum, squares float64
		for _, v := range x.Data {
			sum += float64(v)
			squares += (float64(v) - c.mean) * (float64(v) - c.mean)
		}
		if mean := sum / n; math.Abs(mean-c.mean) > 5*c.std/math.Sqrt(n) {
			t.Errorf("%s: mean %v, want %v", name, mean, c.mean)
		}
		if std := math.Sqrt(squares / n); math.Abs(std/c.std-1) > 5/math.Sqrt(2*n) {
			t.Errorf("%s: deviation %v, want %v", name, std, c.std)
		}
		if again := c.draw(rand.New(rand.NewPCG(1, 2))); !slices.Equal(x.Data, again.Data) {
			t.Errorf("%s: the same seed, and other values", name)
		}
		if other := c.draw(rand.New(rand.NewPCG(1, 3))); slices.Equal(x.Data, other.Data) {
			t.Errorf("%s: another seed, and the same values", name)
		}
		if err := Catch(func() { c.draw(nil) }); err == nil {
			t.Errorf("%s of no source of random numbers", name)
		}
	}
}
