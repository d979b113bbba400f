package rank

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// residuals of a least-squares fit of y on z and a constant.
func residuals(y, z []float64) []float64 {
	my, mz := scaledMean(y, 1), scaledMean(z, 1)
	var yz, zz float64
	for i := range y {
		yz += (y[i] - my) * (z[i] - mz)
		zz += (z[i] - mz) * (z[i] - mz)
	}
	left := make([]float64, len(y))
	for i := range y {
		left[i] = y[i] - my - yz/zz*(z[i]-mz)
	}
	return left
}

// The partial correlation is the correlation of the residuals, by definition.
func TestPartialSpearmanAgainstResiduals(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		n := 5 + rng.IntN(60)
		s, truth, z := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			z[i] = float64(rng.IntN(12)) // with ties
			truth[i] = z[i] + 5*rng.NormFloat64()
			s[i] = math.Round(truth[i] + 4*rng.NormFloat64())
		}
		p, err := New(s, truth)
		if err != nil {
			t.Fatal(err)
		}
		if p, err = p.Given(z); err != nil {
			t.Fatal(err)
		}
		ranks := bruteRanks
		want := pearson(residuals(ranks(s), ranks(z)), residuals(ranks(truth), ranks(z)))
		if got := p.PartialSpearman(0); math.Abs(got-want) > 1e-9 {
			t.Errorf("n = %d: %v, want %v", n, got, want)
		}
	}
}

func TestPartialSpearmanEdges(t *testing.T) {
	s, truth := []float64{1, 3, 2, 4}, []float64{1, 2, 3, 4}
	p, err := New(s, truth)
	if err != nil {
		t.Fatal(err)
	}
	g, err := p.Given([]float64{7, 7, 7, 7}, truth, []float64{4, 1, 3, 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.PartialSpearman(0); !same(got, p.Spearman()) {
		t.Errorf("given a constant: %v, want %v", got, p.Spearman())
	}
	if got := g.PartialSpearman(1); !math.IsNaN(got) {
		t.Errorf("given the truth itself: %v, want NaN", got)
	}
	if iv := g.Bootstrap(200, 0.9, 1, func(p *Pairs) float64 { return p.PartialSpearman(2) }); !(iv[0].Low <= iv[0].High) {
		t.Errorf("interval %+v", iv[0])
	}
	if _, err := p.Given([]float64{1}); err == nil {
		t.Error("a list that is too short was accepted")
	}
	if _, err := p.Given([]float64{1, 2, math.NaN(), 3}); err == nil {
		t.Error("NaN was accepted")
	}
}

// Lists that change places give the bits of pairs that are made so; several choices together those of each alone.
func TestListsChangePlaces(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	lists := make([][]float64, 4) // with ties
	for i := range lists {
		for range 40 {
			lists[i] = append(lists[i], float64(rng.IntN(30)))
		}
	}
	given := func(score, truth []float64, numbers ...[]float64) *Pairs {
		p, err := mustNew(score, truth).Given(numbers...)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	partials := func(p *Pairs) []float64 {
		return append(p.PartialSpearmans([]int{1}, nil, []int{1, 0}, []int{0, 1}), p.Spearman())
	}
	resampled := func(p *Pairs, of func(*Pairs) []float64) []float64 { return slices.Concat(p.Resample(20, 5, of)...) }
	s, truth, y, z := lists[0], lists[1], lists[2], lists[3]
	p := given(s, truth, y, z)
	fromScore := resampled(p, func(p *Pairs) []float64 { return partials(p.ScoreFrom(1)) })
	if want := resampled(given(z, truth, y, s), partials); !slices.Equal(fromScore, want) {
		t.Errorf("score from a list: %v, want %v", fromScore, want)
	}
	fromTruth := resampled(p, func(p *Pairs) []float64 { return partials(p.TruthFrom(0)) })
	if want := resampled(given(s, y, truth, z), partials); !slices.Equal(fromTruth, want) {
		t.Errorf("truth from a list: %v, want %v", fromTruth, want)
	}
	each := []float64{p.PartialSpearman(1), p.PartialSpearman(), p.PartialSpearman(1, 0), p.PartialSpearman(0, 1), p.Spearman()}
	if together := partials(p); !slices.Equal(together, each) {
		t.Errorf("together %v, each alone %v", together, each)
	}
}
