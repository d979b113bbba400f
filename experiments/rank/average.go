package rank

import (
	"cmp"
	"iter"
	"math"
	"slices"
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

// chosen are the predicted best k, as far as the best truth among them is concerned. Some belong to them whatever the order
// of equal scores, others compete for the last places.
type chosen struct {
	certain int     // the best rank of truth of those that belong to them, −1 if there are none
	equal   int     // how many of these have that rank
	better  []int32 // the ranks of the competitors that are at least as good, the best first
	places  int     // for which `pool` compete
	pool    int
}

// chosen returns the predicted best k. If the truth is reversed, its ranks count from the other end.
func (p *Pairs) chosen(k int, reversed bool) chosen {
	rank := func(i int32) int32 {
		if reversed {
			return int32(p.truth.ranks) - 1 - p.truth.rank[i]
		}
		return p.truth.rank[i]
	}
	s := p.score.cut(k)
	c := chosen{certain: -1, places: s.places, pool: s.pool}
	belong, compete := p.score.index[p.score.start[s.edge+1]:], p.score.of(s.edge)
	if s.places == s.pool { // all get a place
		belong, compete = p.score.index[p.score.start[s.edge]:], nil
		c.places, c.pool = 0, 0
	}
	for _, i := range belong {
		switch r := int(rank(i)); {
		case r > c.certain:
			c.certain, c.equal = r, 1
		case r == c.certain:
			c.equal++
		}
	}
	for _, i := range compete {
		if r := rank(i); int(r) >= c.certain {
			c.better = append(c.better, r)
		}
	}
	slices.SortFunc(c.better, func(a, b int32) int { return cmp.Compare(b, a) })
	return c
}

// groups goes through the ranks of truth that the best of the chosen may have, from the best down: with the probability that none above is
// chosen, how many of the pool are not above, and how many of them are of this rank.
func (c chosen) groups() iter.Seq2[int, group] {
	return func(yield func(int, group) bool) {
		g := group{noneAbove: 1, left: c.pool}
		for better := c.better; g.noneAbove > negligible; {
			r := c.certain
			if len(better) > 0 {
				r = int(better[0])
			}
			g.tied = 0
			for g.tied < len(better) && int(better[g.tied]) == r {
				g.tied++
			}
			if !yield(r, g) || r == c.certain {
				return
			}
			better = better[g.tied:]
			g.noneAbove *= missed(g.left, g.tied, c.places)
			g.left -= g.tied
		}
	}
}

type group struct {
	noneAbove  float64
	left, tied int
}

// negligible is a probability that changes no digit of an expected value.
const negligible = 1e-20

// best goes through the ranks of truth, from the best down, that the best of the chosen may have, with their probabilities.
func (c chosen) best() iter.Seq2[int, float64] {
	return func(yield func(rank int, chance float64) bool) {
		for r, g := range c.groups() {
			chance := g.noneAbove
			if r != c.certain {
				chance *= 1 - missed(g.left, g.tied, c.places)
			}
			if !yield(r, chance) {
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

// averageBestRank is the mean of BestRankAt over all ways of breaking ties.
//
// The best rank lies in a group of e equal truths below `above` others when none of those is chosen and c > 0 of the group are; it is
// then the smallest of c random places among e, on average above + (e+1)/(c+1).
func (p *Pairs) averageBestRank(k int) float64 {
	return p.chosen(k, false).averageRank(func(r int) (above, size int) {
		return p.Len() - int(p.truth.start[r+1]), p.truth.size(r)
	})
}

// averageWorstRank is the mean of WorstRankAt: n + 1 less the best rank of the reversed truth.
func (p *Pairs) averageWorstRank(k int) float64 {
	return float64(p.Len()+1) - p.chosen(k, true).averageRank(func(r int) (above, size int) {
		r = p.truth.ranks - 1 - r
		return int(p.truth.start[r]), p.truth.size(r)
	})
}

// averageRank is the mean rank of the best of the chosen; truths says how many have a better rank of truth, and how many the same.
func (c chosen) averageRank(truths func(r int) (above, size int)) float64 {
	expected := 0.0
	for r, g := range c.groups() {
		above, size := truths(r)
		// The mean of 1/(c+1), where c of the group are chosen and c > 0.
		inverse, some := 0.0, 1.0
		if r == c.certain {
			for drawn := range min(c.places, g.tied) + 1 {
				inverse += hypergeometric(g.left, g.tied, c.places, drawn) / float64(c.equal+drawn+1)
			}
		} else {
			// That of a hypergeometric c is the probability that some are marked of a pool and draws that are larger by one, times
			// (left+1) / (tied+1) / (places+1); c = 0 is in it.
			none := missed(g.left, g.tied, c.places)
			inverse = (1-missed(g.left+1, g.tied+1, c.places+1))*float64(g.left+1)/float64(g.tied+1)/float64(c.places+1) - none
			some -= none
		}
		expected += g.noneAbove * (some*float64(above) + inverse*float64(size+1))
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
