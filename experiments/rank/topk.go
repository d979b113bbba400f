package rank

import (
	"fmt"
	"iter"
	"math"
	"slices"
)

// Ties says how equal values are put in order where only some of them fit.
type Ties int

const (
	// ByOrder ranks the one that comes first in the arrays higher.
	ByOrder Ties = iota
	// Optimistic breaks the ties of score and truth in the way most favourable to the prediction.
	Optimistic
	// Pessimistic breaks them in the least favourable way.
	Pessimistic
	// Average is the mean over all ways of breaking the ties, those of the score independent of those of the truth. It is
	// exact, by counting, not by drawing.
	Average
)

// PrecisionAt returns P@k: the share of the predicted best k that is among the truly best k. The expected value of a
// random prediction is k/n.
func (p *Pairs) PrecisionAt(k int, ties Ties) float64 {
	p.check("k", k)
	if ties == Average {
		return p.shared(k, k) / float64(k)
	}
	predicted, truly := p.orders(ties)
	return float64(overlap(p.Len(), predicted[:k], truly[:k])) / float64(k)
}

// BestRankAt returns BR@k: the best true rank among the predicted best k, counted from 1, the truly best. Divide by n
// to compare tables of different length.
func (p *Pairs) BestRankAt(k int, ties Ties) float64 {
	p.check("k", k)
	if ties == Average {
		return p.averageBestRank(k, false)
	}
	return float64(slices.Min(p.trueRanks(k, ties)))
}

// WorstRankAt returns WR@k: the worst true rank among the predicted best k, counted from 1, the truly best.
func (p *Pairs) WorstRankAt(k int, ties Ties) float64 {
	p.check("k", k)
	if ties == Average {
		return float64(p.Len()+1) - p.averageBestRank(k, true)
	}
	return float64(slices.Max(p.trueRanks(k, ties)))
}

// NDCGAt returns nDCG@k, the normalised discounted cumulative gain (Järvelin and Kekäläinen 2002), with the gain of AceNAS
// (Zhang et al. 2021): architectures have the relevance
//
//	rel = 20 · clip((truth − q20) / (best truth − q20), 0, 1)
//
// where q20 is the 20 % quantile of all truths, interpolated linearly; of the predicted best k, the one in place j = 1, 2, …
// adds (2^rel − 1) / log2(j + 1), and the sum is divided by what the truly best k would add in their order. As the gain
// doubles with each twentieth of the range, only the very best count. The mean over orders of equal scores follows McSherry
// and Najork (2008): each of them has the mean gain of all of them. NaN where a fifth of the truths, or more, lie infinitely
// low, and where four fifths or more are the best, so that there is no range.
func (p *Pairs) NDCGAt(k int, ties Ties) float64 {
	p.check("k", k)
	if ties == Average {
		return p.NDCGCurve(k)[0]
	}
	predicted, _ := p.orders(ties)
	gain := p.gain()
	dcg, ideal := 0.0, 0.0
	for place, i := range predicted[:k] {
		dcg += gain(p.truth.rank[i]) * discount(place)
		ideal += gain(p.truth.rank[p.truth.index[p.Len()-1-place]]) * discount(place)
	}
	return dcg / ideal
}

// NDCGCurve returns [Pairs.NDCGAt] for several k, as the mean over orders of equal scores, in the time of the largest.
func (p *Pairs) NDCGCurve(ks ...int) []float64 {
	most := 0
	for _, k := range ks {
		p.check("k", k)
		most = max(most, k)
	}
	// Sums over the first places.
	dcg, ideal := make([]float64, most+1), make([]float64, most+1)
	gain := p.gain()
	for r, place := p.score.ranks-1, 0; place < most; r-- {
		group := p.score.of(r)
		mean := 0.0
		for _, i := range group {
			mean += gain(p.truth.rank[i]) / float64(len(group))
		}
		for range min(len(group), most-place) {
			d := discount(place)
			dcg[place+1] = dcg[place] + mean*d
			ideal[place+1] = ideal[place] + gain(p.truth.rank[p.truth.index[p.Len()-1-place]])*d
			place++
		}
	}
	curve := make([]float64, len(ks))
	for i, k := range ks {
		curve[i] = dcg[k] / ideal[k]
	}
	return curve
}

// discount is what a gain counts in a place, counted from 0.
func discount(place int) float64 { return 1 / math.Log2(float64(place+2)) }

// gain returns 2^rel − 1 as a function of the rank of truth.
func (p *Pairs) gain() func(rank int32) float64 {
	t, n := &p.truth, p.Len()
	sorted := func(i int) float64 { return t.value[t.index[i]] }
	low, best := quantileOf(n, 0.2, sorted)/2, sorted(n-1)/2 // halved, as the difference may overflow
	known := make([]float64, t.ranks)                        // a gain and 1, so that 0 is none
	return func(r int32) float64 {
		if known[r] == 0 {
			known[r] = math.Exp2(20 * max(0, min(1, (t.at(int(r))/2-low)/(best-low))))
		}
		return known[r] - 1
	}
}

// BestTruthAt returns the best truth among the predicted best k: what a search finds that trains these k alone and keeps
// the best. With k = 1 it is the truth of the architecture that is predicted best.
func (p *Pairs) BestTruthAt(k int, ties Ties) float64 {
	expected := 0.0
	for r, chance := range p.bestAt(k, ties) {
		expected += chance * p.truth.at(r)
	}
	return expected
}

// RandomBestAt returns the expected best truth among k architectures that are drawn at random, no one twice: what random
// search finds with as many trainings as [Pairs.BestTruthAt]. By order statistics it is Σ_j t_j C(n−j, k−1) / C(n, k) with
// truths t_1 ≥ t_2 ≥ …
func (p *Pairs) RandomBestAt(k int) float64 {
	p.check("k", k)
	expected := 0.0
	for r, chance := range p.bestOfRandom(k) {
		expected += chance * p.truth.at(r)
	}
	return expected
}

// RegretAt returns what is lost by training only the predicted best k: the best truth of all less [Pairs.BestTruthAt].
func (p *Pairs) RegretAt(k int, ties Ties) float64 {
	return p.bestTruth() - p.BestTruthAt(k, ties)
}

// RandomRegretAt returns the expected regret of random search with k trainings.
func (p *Pairs) RandomRegretAt(k int) float64 {
	return p.bestTruth() - p.RandomBestAt(k)
}

// bestTruth returns the largest truth.
func (p *Pairs) bestTruth() float64 { return p.truth.value[p.truth.index[p.Len()-1]] }

// BeatsRandomAt returns the probability that the best of the predicted best k is truly better than the best of k
// architectures drawn at random, no one twice; where both are equally good, half of it counts. It is ½ for a random
// prediction.
func (p *Pairs) BeatsRandomAt(k int, ties Ties) float64 {
	wins := 0.0
	left := 1.0 // probability that random search finds nothing better than those of rank r
	r := p.truth.ranks
	for best, chance := range p.bestAt(k, ties) {
		equal := 0.0
		for r > best {
			r--
			found := left * (1 - missed(int(p.truth.start[r+1]), p.truth.size(r), k))
			left -= found
			equal = found
		}
		wins += chance * (left + equal/2)
	}
	return wins
}

// bestAt goes through the ranks of truth, from the best down, that the best of the predicted best k may have, with their
// probabilities.
func (p *Pairs) bestAt(k int, ties Ties) iter.Seq2[int, float64] {
	p.check("k", k)
	if ties == Average {
		return p.best(k)
	}
	predicted, _ := p.orders(ties)
	best := int32(0)
	for _, i := range predicted[:k] {
		best = max(best, p.truth.rank[i])
	}
	return func(yield func(int, float64) bool) { yield(int(best), 1) }
}

// bestOfRandom is bestAt of random search.
func (p *Pairs) bestOfRandom(k int) iter.Seq2[int, float64] {
	return func(yield func(int, float64) bool) {
		noneYet := 1.0
		for r := p.truth.ranks - 1; noneYet > negligible; r-- {
			if size := p.truth.size(r); size > 0 {
				none := missed(int(p.truth.start[r+1]), size, k)
				if !yield(r, noneYet*(1-none)) {
					return
				}
				noneYet *= none
			}
		}
	}
}

// trueRanks returns the true ranks, counted from 1, of the predicted best k.
func (p *Pairs) trueRanks(k int, ties Ties) []int {
	predicted, truly := p.orders(ties)
	rankOf := make([]int, p.Len())
	for place, i := range truly {
		rankOf[i] = place + 1
	}
	ranks := make([]int, k)
	for place, i := range predicted[:k] {
		ranks[place] = rankOf[i]
	}
	return ranks
}

// orders returns the architectures from best to worst by score and by truth. Each list settles the other's ties for the
// bounds: it is best for the prediction when, of equal scores, the truly better comes first and, of equal truths, the
// better predicted one; and worst when both go the other way.
func (p *Pairs) orders(ties Ties) (predicted, truly []int32) {
	arrayOrder := make([]int32, p.Len())
	for i := range arrayOrder {
		arrayOrder[i] = int32(i)
	}
	predicted, truly = p.score.bestFirst(arrayOrder), p.truth.bestFirst(arrayOrder)
	switch ties {
	case ByOrder:
		return predicted, truly
	case Optimistic:
		return p.score.bestFirst(truly), p.truth.bestFirst(predicted)
	case Pessimistic:
		// Those equal in both lists come in opposite orders: predicted last is truly first.
		byScore := p.score.bestFirst(worstFirst(truly))
		return byScore, p.truth.bestFirst(worstFirst(byScore))
	}
	panic(fmt.Sprintf("rank: unknown way %d to break ties", ties))
}

// bestFirst sorts the indices by falling value; equal ones keep the order they have in settle.
func (c *column) bestFirst(settle []int32) []int32 {
	next := make([]int32, c.ranks) // where the next index of each rank goes
	for r := range next {
		next[r] = int32(len(settle)) - c.start[r+1]
	}
	sorted := make([]int32, len(settle))
	for _, i := range settle {
		r := c.rank[i]
		sorted[next[r]] = i
		next[r]++
	}
	return sorted
}

func worstFirst(bestFirst []int32) []int32 {
	reversed := slices.Clone(bestFirst)
	slices.Reverse(reversed)
	return reversed
}

// overlap returns how many indices below n two lists share.
func overlap(n int, a, b []int32) int {
	in := make([]bool, n)
	for _, i := range a {
		in[i] = true
	}
	shared := 0
	for _, i := range b {
		if in[i] {
			shared++
		}
	}
	return shared
}
