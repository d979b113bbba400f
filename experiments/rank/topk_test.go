package rank

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Every way of breaking the ties of small tables, against the bounds, the mean and the array order.
func TestTiesAgainstEnumeration(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 150 {
		n := 2 + rng.IntN(4)
		x, y := few(rng, n, 1+rng.IntN(n)), few(rng, n, 1+rng.IntN(n))
		k, top, bottom := 1+rng.IntN(n), 1+rng.IntN(n), 1+rng.IntN(n)
		p := mustNew(x, y)
		metrics := []struct {
			name     string
			got      func(Ties) float64
			of       func(atCut) float64
			moreGood bool
		}{
			{"P@k", func(b Ties) float64 { return p.PrecisionAt(k, b) }, func(c atCut) float64 { return c.precision }, true},
			{"loss", func(b Ties) float64 { return p.PruningLoss(top, bottom, b) }, func(c atCut) float64 { return c.loss }, false},
			{"BR@k", func(b Ties) float64 { return p.BestRankAt(k, b) }, func(c atCut) float64 { return c.best }, false},
			{"WR@k", func(b Ties) float64 { return p.WorstRankAt(k, b) }, func(c atCut) float64 { return c.worst }, false},
		}
		for _, m := range metrics {
			low, high, sum, ways := math.Inf(1), math.Inf(-1), 0.0, 0
			byOrder := math.NaN()
			for i, predicted := range orderings(x) {
				for j, truly := range orderings(y) {
					v := m.of(bruteCut(predicted, truly, k, top, bottom))
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
