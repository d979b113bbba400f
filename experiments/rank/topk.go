package rank

import "fmt"

// Ties says how equal values are put in order where only some of them fit.
type Ties int

const (
	// ByOrder ranks the one that comes first in the arrays higher.
	ByOrder Ties = iota
	// Optimistic breaks the ties of score and truth in the way most favourable to the prediction.
	Optimistic
	// Pessimistic breaks them in the least favourable way.
	Pessimistic
	// Average is the mean over all ways of breaking the ties, those of the score independent of those of the truth.
	Average
)

// PrecisionAt returns P@k: the share of the predicted best k that is among the truly best k. The expected value of a
// random prediction is k/n.
func (p *Pairs) PrecisionAt(k int, ties Ties) float64 {
	p.check("k", k)
	if ties == Average {
		return dot(p.score.inTop(k), p.truth.inTop(k)) / float64(k)
	}
	predicted, truly := p.orders(ties)
	return float64(overlap(p.Len(), predicted[:k], truly[:k])) / float64(k)
}

// PruningLoss returns the share of the truly best `top` architectures that are among the predicted worst `bottom`: what
// a search loses by dropping those. The expected value of a random prediction is bottom/n.
func (p *Pairs) PruningLoss(top, bottom int, ties Ties) float64 {
	p.check("top", top)
	p.check("bottom", bottom)
	kept := p.Len() - bottom
	if ties == Average {
		return 1 - dot(p.score.inTop(kept), p.truth.inTop(top))/float64(top)
	}
	predicted, truly := p.orders(ties)
	return float64(overlap(p.Len(), predicted[kept:], truly[:top])) / float64(top)
}

// BestRankAt returns BR@k: the best true rank among the predicted best k, counted from 1, the truly best. Divide by n
// to compare tables of different length.
func (p *Pairs) BestRankAt(k int, ties Ties) float64 {
	p.check("k", k)
	if ties == Average {
		return p.averageBestRank(k)
	}
	rank := p.trueRanks(k, ties)
	best := rank[0]
	for _, r := range rank {
		best = min(best, r)
	}
	return float64(best)
}

// WorstRankAt returns WR@k: the worst true rank among the predicted best k, counted from 1, the truly best.
func (p *Pairs) WorstRankAt(k int, ties Ties) float64 {
	p.check("k", k)
	if ties == Average {
		// The worst rank is the best one when the truth is read from its end.
		fromEnd := Pairs{score: p.score, truth: p.truth.negated()}
		return float64(p.Len()+1) - fromEnd.averageBestRank(k)
	}
	worst := 0
	for _, r := range p.trueRanks(k, ties) {
		worst = max(worst, r)
	}
	return float64(worst)
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
func (c column) bestFirst(settle []int32) []int32 {
	next := make([]int, c.ranks) // where the next index of each rank goes
	size := c.sizes()
	for r, at := c.ranks-1, 0; r >= 0; r-- {
		next[r] = at
		at += size[r]
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
	n := len(bestFirst)
	reversed := make([]int32, n)
	for place, i := range bestFirst {
		reversed[n-1-place] = i
	}
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
