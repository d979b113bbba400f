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

// group is the architectures of one rank of truth, on the way from the best down to the best of the predicted best k.
type group struct {
	rank, above, size int     // how many are truly better, and how many there are
	noneAbove         float64 // probability that none of those above is predicted
	certain           int     // how many are predicted whatever the order of equal scores
	tied, left        int     // how many compete for the last places, and how many do of those not above
}

// groups goes down the truth, or up if it is reversed, as far as the best of the predicted best k may lie: to where one of them is for
// certain. Others may be before, that tie for the last `places`.
func (p *Pairs) groups(k int, reversed bool) (places int, down iter.Seq[group]) {
	s := p.score.cut(k)
	if s.places == s.pool { // none compete
		s.places, s.pool = 0, 0
	}
	return s.places, func(yield func(group) bool) {
		g := group{noneAbove: 1, left: s.pool}
		for r := range p.truth.ranks {
			if g.rank = r; !reversed {
				g.rank = p.truth.ranks - 1 - r
			}
			g.size, g.certain, g.tied = p.truth.size(g.rank), 0, 0
			for _, i := range p.truth.of(g.rank) {
				switch score := int(p.score.rank[i]); {
				case score > s.edge || score == s.edge && s.pool == 0:
					g.certain++
				case score == s.edge:
					g.tied++
				}
			}
			if g.certain+g.tied > 0 && !yield(g) || g.certain > 0 {
				return
			}
			g.above += g.size
			g.noneAbove *= missed(g.left, g.tied, s.places)
			g.left -= g.tied
			if g.noneAbove < negligible {
				return
			}
		}
	}
}

// negligible is a probability that changes no digit of an expected value.
const negligible = 1e-20

// best goes through the ranks of truth, from the best down, that the best of the predicted best k may have, with their probabilities.
func (p *Pairs) best(k int) iter.Seq2[int, float64] {
	places, groups := p.groups(k, false)
	return func(yield func(rank int, chance float64) bool) {
		for g := range groups {
			chance := g.noneAbove
			if g.certain == 0 {
				chance *= 1 - missed(g.left, g.tied, places)
			}
			if !yield(g.rank, chance) {
				return
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

// averageBestRank is the mean of BestRankAt over all ways of breaking ties; if the truth is reversed, the worst has rank 1.
//
// The best rank lies in a group of e equal truths below `above` others when none of those is predicted and c > 0 of the group are; it
// is then the smallest of c random places among e, on average above + (e+1)/(c+1).
func (p *Pairs) averageBestRank(k int, reversed bool) float64 {
	places, groups := p.groups(k, reversed)
	expected := 0.0
	for g := range groups {
		// The mean of 1/(c+1) where c > 0, and the probability of that.
		inverse, some := 0.0, 1.0
		if g.certain > 0 {
			for drawn := range min(places, g.tied) + 1 {
				inverse += hypergeometric(g.left, g.tied, places, drawn) / float64(g.certain+drawn+1)
			}
		} else {
			// Over all hypergeometric c it is the probability that some are marked in a pool, marks and draws that are larger by
			// one, times (left+1) / (tied+1) / (places+1).
			none := missed(g.left, g.tied, places)
			inverse = (1-missed(g.left+1, g.tied+1, places+1))*float64(g.left+1)/float64(g.tied+1)/float64(places+1) - none
			some -= none
		}
		expected += g.noneAbove * (some*float64(g.above) + inverse*float64(g.size+1))
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
