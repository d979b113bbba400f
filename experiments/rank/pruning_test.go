package rank

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestPruningCurve(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 100 {
		n := 2 + rng.IntN(40)
		p := mustNew(few(rng, n, 1+rng.IntN(20)), few(rng, n, 1+rng.IntN(20)))
		top := 1 + rng.IntN(n)
		bottoms := make([]int, n+1)
		for b := range bottoms {
			bottoms[b] = b
		}
		curve := p.PruningCurve(top, bottoms...)
		if curve[0] != 0 || curve[n] != 1 {
			t.Fatalf("dropping nothing loses %v and all %v", curve[0], curve[n])
		}
		for b, loss := range curve {
			if b > 0 && loss < curve[b-1]-1e-12 {
				t.Fatalf("dropping %d loses %v, one less %v", b, loss, curve[b-1])
			}
			if low, high := p.PruningLoss(top, b, Optimistic), p.PruningLoss(top, b, Pessimistic); !(low-1e-12 <= loss && loss <= high+1e-12) {
				t.Fatalf("dropping %d of %d loses %v, which is not in [%v, %v]", b, n, loss, low, high)
			}
			if b == n {
				continue // nothing is kept
			}
			if kept := p.shared(n-b, top) / float64(top); math.Abs(loss+kept-1) > 1e-12 {
				t.Fatalf("dropping %d of %d loses %v and keeps %v", b, n, loss, kept)
			}
		}
	}
}

// A score that says nothing loses what is dropped.
func TestPruningOfEqualScores(t *testing.T) {
	p := mustNew(make([]float64, 20), few(rand.New(rand.NewPCG(8, 8)), 20, 5))
	for b := range 21 {
		if got, want := p.PruningLoss(3, b, Average), float64(b)/20; !same(got, want) {
			t.Errorf("dropping %d of 20 at random loses %v, want %v", b, got, want)
		}
	}
}
