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
func (p *Pairs) Kendall() float64 { return kendall(p.score, p.truth) }

// KendallAt returns τ-b among the k architectures of the highest scores; those that tie with the k-th count as well, so
// that the array order plays no part. It is NaN if they are fewer than two or constant on either side.
func (p *Pairs) KendallAt(k int) float64 {
	p.check("k", k)
	size := p.score.sizes()
	least := p.score.ranks
	for above := 0; above < k; {
		least--
		above += size[least]
	}
	score, truth := column{ranks: p.score.ranks}, column{ranks: p.truth.ranks}
	for i, r := range p.score.rank {
		if int(r) >= least {
			score.rank = append(score.rank, r)
			truth.rank = append(truth.rank, p.truth.rank[i])
		}
	}
	return kendall(score, truth)
}

// kendall looks at ranks only. It walks the architectures by rising score and asks, of those with a smaller score, how
// many have a smaller and how many a larger truth. A tree of partial sums (Fenwick 1994) answers in O(log n).
func kendall(score, truth column) float64 {
	n := len(score.rank)
	group, end := score.grouped()
	below := make([]int32, truth.ranks+1) // below[j] sums the truth ranks in (j − (j & −j), j], counted from 1
	balance := 0                          // concordant − discordant
	start := 0
	for _, stop := range end {
		// All of a group ask before any is entered: pairs tied in score count for neither side.
		for _, i := range group[start:stop] {
			less, lessOrEqual := 0, 0
			for j := truth.rank[i]; j > 0; j &= j - 1 {
				less += int(below[j])
			}
			for j := truth.rank[i] + 1; j > 0; j &= j - 1 {
				lessOrEqual += int(below[j])
			}
			balance += less - (start - lessOrEqual)
		}
		for _, i := range group[start:stop] {
			for j := int(truth.rank[i]) + 1; j < len(below); j += j & -j {
				below[j]++
			}
		}
		start = stop
	}
	untiedScore, untiedTruth := pairs(n)-score.tiedPairs(), pairs(n)-truth.tiedPairs()
	if untiedScore == 0 || untiedTruth == 0 {
		return math.NaN()
	}
	return float64(balance) / math.Sqrt(float64(untiedScore)*float64(untiedTruth))
}

// grouped returns the indices by rising rank, in array order where ranks are equal, and where each rank's group ends.
func (c column) grouped() (index []int32, end []int) {
	end = make([]int, c.ranks)
	at := 0
	for r, size := range c.sizes() {
		end[r] = at // for now where it starts
		at += size
	}
	index = make([]int32, len(c.rank))
	for i, r := range c.rank {
		index[end[r]] = int32(i)
		end[r]++
	}
	return index, end
}

func (c column) tiedPairs() int {
	tied := 0
	for _, size := range c.sizes() {
		tied += pairs(size)
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
