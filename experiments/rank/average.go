package rank

import (
	"iter"
	"math"
)

// cut says which architectures are the best k of a list: those of ranks above edge, and as many as there are places among
// the `pool` of rank edge.
type cut struct{ edge, places, pool int }

// cut returns where the best k end, 1 ≤ k ≤ n.
func (c *column) cut(k int) cut {
	worse := len(c.index) - k
	edge := int(c.rank[c.index[worse]])
	return cut{edge, int(c.start[edge+1]) - worse, c.size(edge)}
}

// expected returns how many of the best there are on average among `above` that have ranks above the edge and `tied` of
// that rank, when the places go at random.
func (c cut) expected(above, tied int) float64 {
	return float64(above) + float64(tied*c.places)/float64(c.pool)
}

// shared returns how many of the predicted best `predicted` are among the truly best `truly`, on average over all ways of
// breaking ties.
func (p *Pairs) shared(predicted, truly int) float64 {
	in := p.truth.cut(truly)
	count := func(architectures []int32) float64 {
		above, tied := 0, 0
		for _, i := range architectures {
			switch r := int(p.truth.rank[i]); {
			case r > in.edge:
				above++
			case r == in.edge:
				tied++
			}
		}
		return in.expected(above, tied)
	}
	s := p.score.cut(predicted)
	return count(p.score.index[p.score.start[s.edge+1]:]) + count(p.score.of(s.edge))*float64(s.places)/float64(s.pool)
}

// chosen tells by rank of truth which architectures are predicted best: certain[r] of rank r are, whatever the order of
// equal scores; tied[r] of them compete for the last `places`, and are `pool` in all ranks.
type chosen struct {
	certain, tied []int32
	places, pool  int
}

// chosen returns which are the predicted best k.
func (p *Pairs) chosen(k int) chosen {
	s := p.score.cut(k)
	c := chosen{make([]int32, p.truth.ranks), make([]int32, p.truth.ranks), s.places, s.pool}
	in := c.tied
	if s.places == s.pool {
		in = c.certain // all get a place
		c.places, c.pool = 0, 0
	}
	for _, i := range p.score.of(s.edge) {
		in[p.truth.rank[i]]++
	}
	for _, i := range p.score.index[p.score.start[s.edge+1]:] {
		c.certain[p.truth.rank[i]]++
	}
	return c
}

// anyOf returns the choice of k architectures at random.
func (p *Pairs) anyOf(k int) chosen {
	c := chosen{make([]int32, p.truth.ranks), make([]int32, p.truth.ranks), k, p.Len()}
	for r := range c.tied {
		c.tied[r] = int32(p.truth.size(r))
	}
	return c
}

// negligible is a probability that changes no digit of an expected value.
const negligible = 1e-20

// best goes through the ranks of truth, from the best down, that the best of the chosen may have, with their probabilities.
func (c chosen) best() iter.Seq2[int, float64] {
	return func(yield func(rank int, chance float64) bool) {
		noneYet := 1.0 // probability that nothing above is chosen
		left := c.pool // of the pool, those not above
		for r := len(c.tied) - 1; noneYet > negligible; r-- {
			if c.certain[r] > 0 {
				yield(r, noneYet)
				return
			}
			if tied := int(c.tied[r]); tied > 0 {
				none := missed(left, tied, c.places)
				if !yield(r, noneYet*(1-none)) {
					return
				}
				noneYet *= none
				left -= tied
			}
		}
	}
}

// missed returns the probability that `draws` of a pool of `pool`, of which `marked` are marked, include no marked one.
func missed(pool, marked, draws int) float64 {
	none := 1.0
	few, many := min(marked, draws), max(marked, draws)
	for j := range few {
		none *= float64(max(0, pool-many-j)) / float64(pool-j)
	}
	return none
}

// averageBestRank is the mean of BestRankAt over all ways of breaking ties; with fromWorst, the truly worst has rank 1.
//
// Some architectures are among the predicted best k for certain; some places are left for a random choice of those that tie
// for them. Go through the groups of equal truth from the best down. The best rank lies in a group of e architectures below
// `above` others when none of those is chosen and c > 0 of the group are; it is then the smallest of c random places among
// e, on average above + (e+1)/(c+1).
func (p *Pairs) averageBestRank(k int, fromWorst bool) float64 {
	c := p.chosen(k)
	r, step := p.truth.ranks-1, -1
	if fromWorst {
		r, step = 0, 1
	}
	expected := 0.0
	noneYet := 1.0 // probability that nothing above is chosen
	left := c.pool // of the pool, those not above
	above := 0
	for ; noneYet > negligible; r += step {
		certain, tied, size := int(c.certain[r]), int(c.tied[r]), p.truth.size(r)
		for drawn := range min(c.places, tied) + 1 {
			if n := certain + drawn; n > 0 {
				place := float64(above) + float64(size+1)/float64(n+1)
				expected += noneYet * hypergeometric(left, tied, c.places, drawn) * place
			}
		}
		if certain > 0 {
			break
		}
		noneYet *= missed(left, tied, c.places)
		left -= tied
		above += size
	}
	return expected
}

// hypergeometric returns the probability that `draws` of a pool of `pool`, of which `marked` are marked, include
// exactly `hits` marked ones.
func hypergeometric(pool, marked, draws, hits int) float64 {
	if hits > marked || hits > draws || draws-hits > pool-marked {
		return 0
	}
	return math.Exp(logChoose(marked, hits) + logChoose(pool-marked, draws-hits) - logChoose(pool, draws))
}

// logChoose returns the logarithm of the number of ways to choose k of n.
func logChoose(n, k int) float64 {
	if k == 0 || k == n {
		return 0
	}
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}
