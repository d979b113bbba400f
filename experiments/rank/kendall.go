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
func (p *Pairs) Kendall() float64 { return kendall(&p.score, &p.truth) }

// KendallAt returns τ-b among the k architectures of the highest scores; those that tie with the k-th count as well, so
// that the array order plays no part. It is NaN if they are fewer than two or constant on either side. (The code of aw_nas
// has another τ of the top, among those of the predicted best k that are truly among the best k.)
func (p *Pairs) KendallAt(k int) float64 {
	p.check("k", k)
	edge := p.score.cut(k).edge
	top := p.score.index[p.score.start[edge]:]
	score, truth := column{ranks: p.score.ranks - edge}, column{ranks: p.truth.ranks}
	for _, i := range top {
		score.rank = append(score.rank, p.score.rank[i]-int32(edge))
		truth.rank = append(truth.rank, p.truth.rank[i])
	}
	score.group()
	truth.group()
	return kendall(&score, &truth)
}

// kendall looks at ranks only. It walks the architectures by rising score and asks, of those with a smaller score, how
// many have a smaller and how many a larger truth. A tree of partial sums (Fenwick 1994) answers in O(log n).
func kendall(score, truth *column) float64 {
	n := len(score.rank)
	below := make([]int32, truth.ranks+1) // below[j] sums the truth ranks in (j − (j & −j), j], counted from 1
	balance := 0                          // concordant − discordant
	for r := range score.ranks {
		start := int(score.start[r]) // as many have a smaller score
		// All of a group ask before any is entered: pairs tied in score count for neither side.
		for _, i := range score.of(r) {
			less, lessOrEqual := 0, 0
			for j := truth.rank[i]; j > 0; j &= j - 1 {
				less += int(below[j])
			}
			for j := truth.rank[i] + 1; j > 0; j &= j - 1 {
				lessOrEqual += int(below[j])
			}
			balance += less - (start - lessOrEqual)
		}
		for _, i := range score.of(r) {
			for j := int(truth.rank[i]) + 1; j < len(below); j += j & -j {
				below[j]++
			}
		}
	}
	untiedScore, untiedTruth := pairs(n)-score.tiedPairs(), pairs(n)-truth.tiedPairs()
	if untiedScore == 0 || untiedTruth == 0 {
		return math.NaN()
	}
	return float64(balance) / math.Sqrt(float64(untiedScore)*float64(untiedTruth))
}

func (c *column) tiedPairs() int {
	tied := 0
	for r := range c.ranks {
		tied += pairs(c.size(r))
	}
	return tied
}

// pairs returns the number of pairs among n.
func pairs(n int) int { return n * (n - 1) / 2 }

// check panics unless 1 ≤ k ≤ n.
func (p *Pairs) check(name string, k int) {
	if k < 1 || k > p.Len() {
		panic(fmt.Sprintf("rank: %s = %d of %d architectures", name, k, p.Len()))
	}
}
