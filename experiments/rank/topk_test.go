package rank

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Every way of breaking the ties of small tables, against the bounds, the mean and the array order.
func TestTiesAgainstEnumeration(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 80 {
		n := 2 + rng.IntN(4)
		x, y := few(rng, n, 1+rng.IntN(n)), few(rng, n, 1+rng.IntN(n))
		k, top, bottom := 1+rng.IntN(n), 1+rng.IntN(n), rng.IntN(n+1)
		p := mustNew(x, y)
		var random []float64
		for _, c := range choices(n, k) {
			random = append(random, bestOf(y, c))
		}
		type metric struct {
			name     string
			got      func(Ties) float64
			of       func(atCut) float64
			moreGood bool
		}
		metrics := []metric{
			{"best truth", func(b Ties) float64 { return p.BestTruthAt(k, b) }, func(c atCut) float64 { return c.found }, true},
			{"beats random", func(b Ties) float64 { return p.BeatsRandomAt(k, b) }, func(c atCut) float64 { return c.wins }, true},
			{"P@k", func(b Ties) float64 { return p.PrecisionAt(k, b) }, func(c atCut) float64 { return c.precision }, true},
			{"loss", func(b Ties) float64 { return p.PruningLoss(top, bottom, b) }, func(c atCut) float64 { return c.loss }, false},
			{"BR@k", func(b Ties) float64 { return p.BestRankAt(k, b) }, func(c atCut) float64 { return c.best }, false},
			{"WR@k", func(b Ties) float64 { return p.WorstRankAt(k, b) }, func(c atCut) float64 { return c.worst }, false},
		}
		if sorted := slices.Sorted(slices.Values(y)); quantile(sorted, 0.2) < sorted[n-1] { // or nDCG is undefined
			ideal := bruteCut(y, random, orderings(y)[0], orderings(y)[0], k, top, bottom).dcg
			metrics = append(metrics, metric{"nDCG@k", func(b Ties) float64 { return p.NDCGAt(k, b) }, func(c atCut) float64 { return c.dcg / ideal }, true})
		}
		for _, m := range metrics {
			low, high, sum, ways := math.Inf(1), math.Inf(-1), 0.0, 0
			byOrder := math.NaN()
			for i, predicted := range orderings(x) {
				for j, truly := range orderings(y) {
					v := m.of(bruteCut(y, random, predicted, truly, k, top, bottom))
					low, high, sum, ways = min(low, v), max(high, v), sum+v, ways+1
					if i == 0 && j == 0 { // orderings lists the array order first
						byOrder = v
					}
				}
			}
			if !m.moreGood {
				low, high = high, low
			}
			for _, c := range []struct {
				ties Ties
				want float64
			}{{Optimistic, high}, {Pessimistic, low}, {ByOrder, byOrder}, {Average, sum / float64(ways)}} {
				if got := m.got(c.ties); math.Abs(got-c.want) > 1e-9 {
					t.Fatalf("%s with ties %d: %v, by enumeration %v\nscore %v\ntruth %v\nk %d, top %d, bottom %d",
						m.name, c.ties, got, c.want, x, y, k, top, bottom)
				}
			}
		}
	}
}

// Without ties every rule gives the same.
func TestTopWithoutTies(t *testing.T) {
	score := []float64{5, 4, 3, 2, 1, 0}
	truth := []float64{60, 20, 50, 40, 30, 10} // true ranks 1 5 2 3 4 6
	p := mustNew(score, truth)
	for ties := ByOrder; ties <= Average; ties++ {
		for _, c := range []struct {
			name      string
			got, want float64
		}{
			{"P@2", p.PrecisionAt(2, ties), 0.5},
			{"BR@2", p.BestRankAt(2, ties), 1},
			{"WR@2", p.WorstRankAt(2, ties), 5},
			{"loss of the top 3 when the bottom 4 go", p.PruningLoss(3, 4, ties), 2.0 / 3},
			{"P@1 from the bottom", p.Reversed().PrecisionAt(1, ties), 1},
		} {
			if !same(c.got, c.want) {
				t.Errorf("ties %d: %s = %v, want %v", ties, c.name, c.got, c.want)
			}
		}
	}
}

func TestKendallAt(t *testing.T) {
	// The third and fourth scores tie, so the top 3 are four: truths 4, 3, 1, 2.
	p := mustNew([]float64{9, 8, 7, 7, 1}, []float64{4, 3, 1, 2, 100})
	if got, want := p.KendallAt(3), bruteKendall([]float64{9, 8, 7, 7}, []float64{4, 3, 1, 2}); got != want {
		t.Errorf("τ in the top 3 is %v, want %v", got, want)
	}
	if got := p.KendallAt(1); !math.IsNaN(got) {
		t.Errorf("τ of one architecture is %v, want NaN", got)
	}
	if got := p.KendallAt(5); got != p.Kendall() {
		t.Errorf("τ in the top 5 of 5 is %v, overall %v", got, p.Kendall())
	}
}

// Curves are what their points are, and τ at the top is that of the definition.
func TestCurves(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 12))
	for range 100 {
		n := 2 + rng.IntN(30)
		x, y := few(rng, n, 1+rng.IntN(12)), few(rng, n, 1+rng.IntN(12))
		p := mustNew(x, y)
		ks := []int{n, 1, 1 + rng.IntN(n), 1 + rng.IntN(n)}
		kendall, ndcg := p.KendallCurve(ks...), p.NDCGCurve(ks...)
		for i, k := range ks {
			least := slices.Sorted(slices.Values(x))[n-k]
			var topX, topY []float64
			for j := range x {
				if x[j] >= least {
					topX, topY = append(topX, x[j]), append(topY, y[j])
				}
			}
			if want := bruteKendall(topX, topY); !same(kendall[i], want) {
				t.Fatalf("τ in the top %d of %d: %v, by looking at all pairs %v\n%v\n%v", k, n, kendall[i], want, x, y)
			}
			if want := p.NDCGAt(k, Average); !same(ndcg[i], want) {
				t.Fatalf("nDCG at %d is %v on the curve and %v alone", k, ndcg[i], want)
			}
		}
	}
}

// Random search against every choice of k of n, and against a score that says nothing.
func TestRandomSearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for range 60 {
		n := 2 + rng.IntN(8)
		y := few(rng, n, 1+rng.IntN(8))
		k := 1 + rng.IntN(n)
		p := mustNew(make([]float64, n), y)
		want, all := 0.0, choices(n, k)
		for _, c := range all {
			want += bestOf(y, c) / float64(len(all))
		}
		best := slices.Max(y)
		for _, c := range []struct {
			name      string
			got, want float64
		}{
			{"expected best", p.RandomBestAt(k), want},
			{"best of equal scores", p.BestTruthAt(k, Average), want},
			{"regret", p.RandomRegretAt(k), best - want},
			{"regret of equal scores", p.RegretAt(k, Average), best - want},
			{"equal scores beat random search", p.BeatsRandomAt(k, Average), 0.5},
			{"P@k of equal scores", p.PrecisionAt(k, Average), float64(k) / float64(n)},
		} {
			if math.Abs(c.got-c.want) > 1e-12 {
				t.Fatalf("%s: %v, want %v\ntruth %v, k %d", c.name, c.got, c.want, y, k)
			}
		}
	}
}

// Perfect and reversed scores, where everything is known.
func TestTopOfPerfectAndReversed(t *testing.T) {
	const n, k = 1000, 10
	y := make([]float64, n)
	for i := range y {
		y[i] = float64(i * i)
	}
	perfect := mustNew(y, y)
	reversed := mustNew(perfect.score.negated().value, y)
	// Random search finds the best with probability k/n, and then it is even.
	if got, want := perfect.BeatsRandomAt(k, Average), 1-float64(k)/n/2; !same(got, want) {
		t.Errorf("perfect scores beat random search with %v, want %v", got, want)
	}
	// The worst ten against ten: even if random search draws the best of these and none above, to wit those very ten.
	if got := reversed.BeatsRandomAt(k, Average); got <= 0 || got > 1e-20 {
		t.Errorf("reversed scores beat random search with %v, want ½ / C(1000, 10)", got)
	}
	for ties := ByOrder; ties <= Average; ties++ {
		for _, c := range []struct {
			name      string
			got, want float64
		}{
			{"nDCG of perfect scores", perfect.NDCGAt(k, ties), 1},
			{"nDCG of reversed scores", reversed.NDCGAt(k, ties), 0},
			{"regret of perfect scores", perfect.RegretAt(1, ties), 0},
			{"regret of reversed scores", reversed.RegretAt(k, ties), 999*999 - 9*9},
		} {
			if !same(c.got, c.want) {
				t.Errorf("ties %d: %s is %v, want %v", ties, c.name, c.got, c.want)
			}
		}
	}
}

func TestNDCGIsUndefinedWithoutRange(t *testing.T) {
	low := math.Inf(-1)
	for _, y := range [][]float64{{3, 3, 3}, {1, 3, 3, 3, 3, 3, 3}, {low, low, 1, 2}} {
		if got := mustNew(make([]float64, len(y)), y).NDCGAt(2, Average); !math.IsNaN(got) {
			t.Errorf("nDCG of truths %v is %v, want NaN", y, got)
		}
	}
	// One diverged run of many is only the worst.
	y := []float64{low, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	if got := mustNew(y, y).NDCGAt(3, Average); got != 1 {
		t.Errorf("nDCG of itself with one diverged run is %v, want 1", got)
	}
	// Differences that overflow.
	y = []float64{-1.7e308, -1.6e308, 0, 1.6e308, 1.7e308}
	if got := mustNew(y, y).NDCGAt(3, Average); got != 1 {
		t.Errorf("nDCG of itself with huge truths is %v, want 1", got)
	}
}
