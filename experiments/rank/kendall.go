package rank

import (
	"fmt"
	"math"
)

// Kendall returns τ-b (Kendall 1945): with C concordant and D discordant pairs of architectures among N = n(n−1)/2,
//
//	τ-b = (C − D) / √((N − ties in score)·(N − ties in truth))
//
// NaN if either list is constant. The time is O(n log n).
func (p *Pairs) Kendall() float64 { return kendall(&p.score, &p.truth, p.Len())[0] }

// KendallAt returns τ-b among the k architectures of the highest scores; those that tie with the k-th count as well, so
// that the array order plays no part. It is NaN if they are fewer than two or constant on either side. (The code of aw_nas
// has another τ of the top, among those of the predicted best k that are truly among the best k.)
func (p *Pairs) KendallAt(k int) float64 { return p.KendallCurve(k)[0] }

// KendallCurve returns [Pairs.KendallAt] for several k, in the time of the largest.
func (p *Pairs) KendallCurve(ks ...int) []float64 {
	for _, k := range ks {
		p.check("k", k)
	}
	return kendall(&p.score, &p.truth, ks...)
}

// kendall looks at ranks only. It walks the architectures by falling score and asks, of those with a higher score, how
// many have a lower and how many a higher truth. A tree of partial sums (Fenwick 1994) answers in O(log n).
func kendall(score, truth *column, ks ...int) []float64 {
	tau := make([]float64, len(ks))
	tree := make([]int32, truth.ranks+1) // tree[j] sums the truth ranks in (j − (j & −j), j], counted from 1
	times := make([]int32, truth.ranks)  // how often each truth has come
	var above, balance int               // those with a higher score, and their concordant − discordant pairs
	var tiedScore, tiedTruth int         // pairs
	for r := score.ranks - 1; r >= 0; r-- {
		group := score.of(r)
		if len(group) == 0 {
			continue
		}
		// All of a group ask before any is entered: pairs tied in score count for neither side.
		for _, i := range group {
			t, less := truth.rank[i], 0
			for j := t; j > 0; j &= j - 1 {
				less += int(tree[j])
			}
			balance += above - int(times[t]) - 2*less
		}
		for _, i := range group {
			t := truth.rank[i]
			tiedTruth += int(times[t])
			times[t]++
			for j := int(t) + 1; j < len(tree); j += j & -j {
				tree[j]++
			}
		}
		tiedScore += pairs(len(group))
		before := above
		above += len(group)
		more := false
		for i, k := range ks {
			if before < k && k <= above {
				// Not a number where nothing is untied.
				tau[i] = float64(balance) / math.Sqrt(float64(pairs(above)-tiedScore)*float64(pairs(above)-tiedTruth))
			}
			more = more || above < k
		}
		if !more {
			break
		}
	}
	return tau
}

// pairs returns the number of pairs among n.
func pairs(n int) int { return n * (n - 1) / 2 }

// check panics unless 1 ≤ k ≤ n.
func (p *Pairs) check(name string, k int) {
	if k < 1 || k > p.Len() {
		panic(fmt.Sprintf("rank: %s = %d of %d architectures", name, k, p.Len()))
	}
}
