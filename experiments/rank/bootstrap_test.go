package rank

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// related returns n pairs of correlation about 0.7.
func related(seed uint64, n int) *Pairs {
	rng := rand.New(rand.NewPCG(seed, 4))
	x, y := make([]float64, n), make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
		y[i] = 0.7*x[i] + math.Sqrt(1-0.49)*rng.NormFloat64()
	}
	return mustNew(x, y)
}

func TestBootstrapIgnoresThreads(t *testing.T) {
	p := related(1, 200)
	run := func(threads int) []Interval {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		return p.Bootstrap(300, 0.95, 7, (*Pairs).Kendall, (*Pairs).Pearson)
	}
	want := run(1)
	for _, threads := range []int{2, 5} {
		if got := run(threads); !slices.Equal(got, want) {
			t.Errorf("%d threads: %v, one thread: %v", threads, got, want)
		}
	}
	if other := p.Bootstrap(300, 0.95, 8, (*Pairs).Kendall); other[0] == want[0] {
		t.Errorf("seeds 7 and 8 give the same interval %v", other[0])
	}
}

// A resample must be what New makes of the same values: the ranks it takes over serve every statistic.
func TestResampleEqualsNew(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 50 {
		n := 5 + rng.IntN(30)
		p := mustNew(few(rng, n, 9), few(rng, n, 9))
		re := p.resampler()
		re.draw(p, rng)
		fresh := mustNew(re.pairs.score.value, re.pairs.truth.value)
		k := 1 + rng.IntN(n)
		for _, f := range []Statistic{
			(*Pairs).Kendall, (*Pairs).Spearman, (*Pairs).Pearson,
			func(p *Pairs) float64 { return p.KendallAt(k) },
			func(p *Pairs) float64 { return p.PrecisionAt(k, ByOrder) },
			func(p *Pairs) float64 { return p.BestRankAt(k, Average) },
			func(p *Pairs) float64 { return p.WorstRankAt(k, Pessimistic) },
			func(p *Pairs) float64 { return p.WorstRankAt(k, Average) },
			func(p *Pairs) float64 { return p.NDCGAt(k, Average) },
			func(p *Pairs) float64 { return p.BestTruthAt(k, Average) },
			func(p *Pairs) float64 { return p.RandomBestAt(k) },
			func(p *Pairs) float64 { return p.BeatsRandomAt(k, Average) },
			func(p *Pairs) float64 { return p.PruningLoss(k, n/2, Average) },
			func(p *Pairs) float64 { return p.InheritedSparseKendall(0.3) },
			func(p *Pairs) float64 { return p.Reversed().PrecisionAt(k, ByOrder) },
		} {
			if got, want := f(&re.pairs), f(fresh); !same(got, want) {
				t.Fatalf("%v on the resample, %v on a copy of it", got, want)
			}
		}
	}
}

// Of many samples from a population with r = 0.7, about 90 % of the 90 % intervals must hold 0.7. With 200 samples the
// share has a standard deviation of 0.021; percentile intervals on 60 pairs cover a little less than they should.
func TestBootstrapCoverage(t *testing.T) {
	const samples = 200
	covered := 0
	for s := range samples {
		ci := related(uint64(100+s), 60).Bootstrap(200, 0.90, 1, (*Pairs).Pearson)[0]
		if ci.Low <= 0.7 && 0.7 <= ci.High {
			covered++
		}
	}
	if share := float64(covered) / samples; share < 0.82 || share > 0.96 {
		t.Errorf("90 %% intervals cover the truth in %.0f %% of samples", 100*share)
	}
}

func TestBootstrapUndefined(t *testing.T) {
	// Half of the resamples of two architectures are one of them twice.
	ci := mustNew([]float64{1, 2}, []float64{1, 2}).Bootstrap(1000, 0.95, 1, (*Pairs).Kendall)[0]
	if ci.Low != 1 || ci.High != 1 || ci.Undefined < 400 || ci.Undefined > 600 {
		t.Errorf("%+v, want [1, 1] with about 500 undefined", ci)
	}
	ci = mustNew([]float64{1, 2}, []float64{3, 3}).Bootstrap(10, 0.95, 1, (*Pairs).Kendall)[0]
	if !math.IsNaN(ci.Low) || !math.IsNaN(ci.High) || ci.Undefined != 10 {
		t.Errorf("%+v, want NaN with all 10 undefined", ci)
	}
}

func TestQuantile(t *testing.T) {
	// numpy.quantile([1, 2, 4, 8], q), its default method.
	for _, c := range []struct{ q, want float64 }{{0, 1}, {0.025, 1.075}, {0.5, 3}, {0.9, 6.8}, {1, 8}} {
		if got := quantile([]float64{1, 2, 4, 8}, c.q); !same(got, c.want) {
			t.Errorf("quantile %v is %v, want %v", c.q, got, c.want)
		}
	}
}

func BenchmarkBootstrap(b *testing.B) {
	p := related(1, 15625)
	for _, c := range []struct {
		name string
		stat Statistic
	}{
		{"Kendall", (*Pairs).Kendall},
		{"Spearman", (*Pairs).Spearman},
		{"PrecisionAt", func(p *Pairs) float64 { return p.PrecisionAt(1562, ByOrder) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				p.Bootstrap(1000, 0.95, 1, c.stat)
			}
		})
	}
}

// What the analysis of the top computes, of all of NAS-Bench-201: for a score with hardly any ties, and for a count with many.
func BenchmarkTop(b *testing.B) {
	fine := related(1, 15625)
	coarse := make([]float64, fine.Len())
	for i, v := range fine.score.value {
		coarse[i] = math.Round(v)
	}
	for name, p := range map[string]*Pairs{"fine": fine, "coarse": mustNew(coarse, fine.truth.value)} {
		ks := []int{1, p.Share(0.001), p.Share(0.01), p.Share(0.05), p.Share(0.10), p.Share(0.25), p.Share(0.50)}
		each := func(stat func(k int) float64) func() {
			return func() {
				for _, k := range ks {
					stat(k)
				}
			}
		}
		for stat, f := range map[string]func(){
			"P":       each(func(k int) float64 { return p.PrecisionAt(k, Average) }),
			"NDCG":    func() { p.NDCGCurve(ks...) },
			"Kendall": func() { p.KendallCurve(ks...) },
			"Best":    each(func(k int) float64 { return p.BestRankAt(k, Average) }),
			"Worst":   each(func(k int) float64 { return p.WorstRankAt(k, Average) }),
			"Regret":  each(func(k int) float64 { return p.RegretAt(k, Average) }),
			"Random":  each(p.RandomRegretAt),
			"Beats":   each(func(k int) float64 { return p.BeatsRandomAt(k, Average) }),
		} {
			b.Run(name+"/"+stat, func(b *testing.B) {
				for b.Loop() {
					f()
				}
			})
		}
	}
}
