package rank

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAdjustedPValues(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		p, holm, bh []float64
	}{
		{nil, []float64{}, []float64{}},
		{[]float64{0.03}, []float64{0.03}, []float64{0.03}},
		{[]float64{0.04, 0.01, 0.03, 0.02}, []float64{0.06, 0.04, 0.06, 0.06}, []float64{0.04, 0.04, 0.04, 0.04}},
		{[]float64{nan, 0.5, 0.01}, []float64{nan, 0.5, 0.02}, []float64{nan, 0.5, 0.02}}, // two tests, not three
		{[]float64{0.9, 0.8}, []float64{1, 1}, []float64{0.9, 0.9}},
	} {
		if got := Holm(c.p); !slices.EqualFunc(got, c.holm, same) {
			t.Errorf("Holm of %v: %v, want %v", c.p, got, c.holm)
		}
		if got := BenjaminiHochberg(c.p); !slices.EqualFunc(got, c.bh, same) {
			t.Errorf("Benjamini and Hochberg of %v: %v, want %v", c.p, got, c.bh)
		}
	}
}

func TestPValues(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"none as far", PermutationPValue(3, []float64{1, -2, 0}), 1.0 / 4},
		{"both sides count", PermutationPValue(2, []float64{1, -2, 2, 0, nan}), 3.0 / 5},
		{"equal but for rounding", PermutationPValue(0.3, []float64{0.1 + 0.2, 0.3 * (1 - 1e-15)}), 1},
		{"undefined", PermutationPValue(nan, []float64{1}), nan},
		{"all above 0", BootstrapPValue([]float64{1, 2, 3}, 0), 2.0 / 4},
		{"about 2", BootstrapPValue([]float64{1, 2, 3}, 2), 1},
		{"none", BootstrapPValue([]float64{nan}, 0), nan},
	} {
		if !same(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

// Of tables where score and truth have nothing to do with each other, a share α must have a p-value of at most α: of 400, 40
// ± 6 at 0.1. Where they are related, it must be small.
func TestPermute(t *testing.T) {
	tau := func(p *Pairs) []float64 { return []float64{p.Kendall()} }
	const tables = 400
	called := 0
	for i := range tables {
		rng := rand.New(rand.NewPCG(uint64(i), 9))
		p := mustNew(few(rng, 25, 9), few(rng, 25, 40))
		if PermutationPValue(p.Kendall(), p.Permute(99, uint64(i), tau)[0]) <= 0.1 {
			called++
		}
	}
	if called < 20 || called > 60 {
		t.Errorf("%d of %d unrelated tables have p ≤ 0.1", called, tables)
	}
	p := related(1, 60)
	if got := PermutationPValue(p.Kendall(), p.Permute(199, 1, tau)[0]); got != 1.0/200 {
		t.Errorf("p of related lists is %v, want 1/200", got)
	}
	// What is dealt is the truth, whole.
	p.Permute(5, 1, func(q *Pairs) []float64 {
		if !slices.Equal(q.score.value, p.score.value) || slices.Equal(q.truth.value, p.truth.value) {
			t.Error("the scores were dealt, or the truths were not")
		}
		if !slices.Equal(slices.Sorted(slices.Values(q.truth.value)), slices.Sorted(slices.Values(p.truth.value))) {
			t.Error("other truths")
		}
		return nil
	})
}
