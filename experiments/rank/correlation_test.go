package rank

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/quick"
)

// Values printed in public documentation.
func TestPublishedCorrelations(t *testing.T) {
	for _, c := range []struct {
		source    string
		x, y      []float64
		statistic Statistic
		want, tol float64
	}{
		// SciPy reference, example of scipy.stats.kendalltau.
		{"scipy kendalltau", []float64{12, 2, 1, 12, 2}, []float64{1, 4, 7, 1, 0}, (*Pairs).Kendall, -0.47140452079103173, 1e-15},
		// R's example of cor.test: Hollander & Wolfe (1973), p. 187, lightness and quality of tuna.
		{"R cor.test", []float64{44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1}, []float64{2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8},
			(*Pairs).Kendall, 4.0 / 9, 1e-15},
		// SciPy reference, example of scipy.stats.spearmanr.
		{"scipy spearmanr", []float64{1, 2, 3, 4, 5}, []float64{5, 6, 7, 8, 7}, (*Pairs).Spearman, 0.82078268166812329, 1e-15},
		// Wikipedia, "Spearman's rank correlation coefficient": IQ and hours of television, ρ = −29/165.
		{"Wikipedia", []float64{106, 100, 86, 101, 99, 103, 97, 113, 112, 110}, []float64{7, 27, 2, 50, 28, 29, 20, 12, 6, 17},
			(*Pairs).Spearman, -29.0 / 165, 1e-15},
		// SciPy reference, example of scipy.stats.pearsonr.
		{"scipy pearsonr", []float64{1, 2, 3, 4, 5}, []float64{10, 9, 2.5, 6, 4}, (*Pairs).Pearson, -0.7426106572325057, 1e-15},
		// Anscombe, "Graphs in Statistical Analysis" (1973), the first of the four sets: r = 0.816.
		{"Anscombe", []float64{10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5}, []float64{8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68},
			(*Pairs).Pearson, 0.816, 5e-4},
	} {
		if got := c.statistic(mustNew(c.x, c.y)); math.Abs(got-c.want) > c.tol {
			t.Errorf("%s: %v, want %v", c.source, got, c.want)
		}
	}
}

func TestAgainstDefinitions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		n := 2 + rng.IntN(60)
		x, y := few(rng, n, 1+rng.IntN(40)), few(rng, n, 1+rng.IntN(40))
		p := mustNew(x, y)
		if got, want := p.Kendall(), bruteKendall(x, y); !same(got, want) {
			t.Fatalf("τ-b %v, by looking at all pairs %v\n%v\n%v", got, want, x, y)
		}
		if got, want := p.Spearman(), pearson(bruteRanks(x), bruteRanks(y)); !same(got, want) {
			t.Fatalf("ρ %v, by counting %v\n%v\n%v", got, want, x, y)
		}
	}
}

// r does not depend on the unit, up to the largest and down to the smallest numbers there are; nor do its intervals.
func TestExtremeValues(t *testing.T) {
	x, y := make([]float64, 40), make([]float64, 40)
	rng := rand.New(rand.NewPCG(10, 10))
	for i := range x {
		x[i] = rng.NormFloat64()
		y[i] = x[i] + rng.NormFloat64()
	}
	z := few(rng, len(x), 6)
	times := func(v []float64, unit float64) []float64 {
		scaled := make([]float64, len(v))
		for i := range v {
			scaled[i] = v[i] * unit
		}
		return scaled
	}
	all := func(x, y, z []float64) []float64 {
		p, err := mustNew(x, y).Given(z, x)
		if err != nil {
			t.Fatal(err)
		}
		stats := []Statistic{(*Pairs).Pearson, (*Pairs).Spearman, func(p *Pairs) float64 { return p.PartialSpearman(0) }}
		var v []float64
		for i, interval := range p.Bootstrap(50, 0.9, 1, stats...) {
			v = append(v, stats[i](p), interval.Low, interval.High)
		}
		return v
	}
	want := all(x, y, z)
	if r := want[0]; r < 0.5 || r > 0.9 {
		t.Fatalf("r = %v of the table itself", r)
	}
	for _, unit := range []float64{1e160, 1e-160, 1e-170, 3e307, 1e-300} {
		for name, got := range map[string][]float64{
			"scores": all(times(x, unit), y, z),
			"truths": all(x, times(y, unit), z),
			"all":    all(times(x, unit), times(y, unit), times(z, unit)),
		} {
			for i := range want {
				if !(math.Abs(got[i]-want[i]) <= 1e-12) {
					t.Errorf("%s in units of %g: r, ρ and partial ρ with intervals\n%v, want\n%v", name, unit, got, want)
					break
				}
			}
		}
	}
	for _, c := range []struct {
		x, y []float64
		want float64
	}{
		{[]float64{1e160, 2e160, 3e160}, []float64{1, 2, 3}, 1},
		{[]float64{1e-170, 2e-170, 3e-170}, []float64{1, 2, 3}, 1},
		{[]float64{1.7e308, 1.6e308, -1.7e308}, []float64{1.7e308, 1.6e308, -1.7e308}, 1},
		{[]float64{1e-323, 2e-323, 3e-323}, []float64{3, 2, 1}, -1}, // subnormal
		{[]float64{1e160, 1e160, 1e160 + 1e145}, []float64{0, 0, 1e-170}, 1},
	} {
		if got := mustNew(c.x, c.y).Pearson(); !same(got, c.want) {
			t.Errorf("r of %v and %v is %v, want %v", c.x, c.y, got, c.want)
		}
	}
}

func TestUndefined(t *testing.T) {
	// The mean of three 0.1 is not 0.1, so a naive variance is not zero.
	p := mustNew([]float64{0.1, 0.1, 0.1}, []float64{1, 2, 3})
	for name, v := range map[string]float64{"τ": p.Kendall(), "ρ": p.Spearman(), "r": p.Pearson(), "sparse τ": mustNew([]float64{1, 2}, []float64{.1, .2}).SparseKendall(1)} {
		if !math.IsNaN(v) {
			t.Errorf("%s of a constant list is %v, want NaN", name, v)
		}
	}
}

func TestInfinitiesAreRanked(t *testing.T) {
	p := mustNew([]float64{math.Inf(-1), 0, 1, math.Inf(1)}, []float64{1, 2, 3, 4})
	if p.Kendall() != 1 || p.Spearman() != 1 {
		t.Errorf("τ %v, ρ %v of equal orders, want 1", p.Kendall(), p.Spearman())
	}
	if r := p.Pearson(); !math.IsNaN(r) {
		t.Errorf("r with infinities is %v, want NaN", r)
	}
}

// Laws that hold for any lists.
func TestLaws(t *testing.T) {
	law := func(seed uint64, size, different uint8) bool {
		rng := rand.New(rand.NewPCG(seed, 2))
		n := 2 + int(size)
		x, y := few(rng, n, 1+int(different)), few(rng, n, 1+int(different))
		mapped := make([]float64, n) // strictly increasing in x
		for i, v := range x {
			mapped[i] = math.Exp(v/3) - 5
		}
		p, swapped, increasing := mustNew(x, y), mustNew(y, x), mustNew(mapped, y)
		half := mustNew(x, y)
		half.score = half.score.negated()
		for _, f := range []Statistic{(*Pairs).Kendall, (*Pairs).Spearman, (*Pairs).Pearson} {
			v := f(p)
			if !math.IsNaN(v) && (v < -1 || v > 1) {
				t.Errorf("%v is out of bounds", v)
			}
			if !same(v, f(swapped)) {
				t.Errorf("not symmetric: %v and %v", v, f(swapped))
			}
			if !same(v, -f(half)) {
				t.Errorf("reversing one list does not change the sign: %v and %v", v, f(half))
			}
			if !same(v, f(p.Reversed())) {
				t.Errorf("reversing both lists changes %v to %v", v, f(p.Reversed()))
			}
		}
		// Rank statistics see the order only.
		for _, f := range []Statistic{(*Pairs).Kendall, (*Pairs).Spearman} {
			if !same(f(p), f(increasing)) {
				t.Errorf("an increasing map changes %v to %v", f(p), f(increasing))
			}
		}
		if self := mustNew(x, x); !constant(x) && (self.Kendall() != 1 || !same(self.Spearman(), 1)) {
			t.Errorf("a list with itself: τ %v, ρ %v", self.Kendall(), self.Spearman())
		}
		return !t.Failed()
	}
	if err := quick.Check(law, nil); err != nil {
		t.Error(err)
	}
}

func TestSparseKendall(t *testing.T) {
	// Truths 94.31 and 94.28 fall in one bin of 0.1 and are swapped by the score; so are 93.01 and 92.99.
	score := []float64{4, 3, 1, 2}
	truth := []float64{94.28, 94.31, 93.01, 92.99}
	p := mustNew(score, truth)
	// Plain: 4 pairs count, all concordant; score unties 6, truth 4.
	if got, want := p.SparseKendall(0.1), 4/math.Sqrt(6*4); !same(got, want) {
		t.Errorf("sparse τ %v, want %v", got, want)
	}
	// Inherited: both lists read 93.0 93.0 94.3 94.3.
	if got := p.InheritedSparseKendall(0.1); got != 1 {
		t.Errorf("inherited sparse τ %v, want 1", got)
	}
	// A bin finer than every difference changes nothing; without ties the conventions then agree.
	if a, b, c := p.Kendall(), p.SparseKendall(0.001), p.InheritedSparseKendall(0.001); a != b || a != c {
		t.Errorf("τ %v, sparse %v, inherited %v: want all equal", a, b, c)
	}
}

func FuzzKendall(f *testing.F) {
	f.Add([]byte{1, 1, 2, 2, 3, 1, 3, 3})
	f.Add([]byte{0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		n := min(len(data)/2, 200)
		if n < 2 {
			return
		}
		x, y := make([]float64, n), make([]float64, n)
		for i := range n {
			x[i], y[i] = float64(int8(data[2*i])), float64(data[2*i+1]%16)
		}
		if got, want := mustNew(x, y).Kendall(), bruteKendall(x, y); !same(got, want) {
			t.Errorf("τ-b %v, by looking at all pairs %v", got, want)
		}
	})
}
