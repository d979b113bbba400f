package rank

import "math"

// inTop returns for each architecture the probability that it is among the best k when ties are broken at random.
func (c column) inTop(k int) []float64 {
	size := c.sizes()
	chance := make([]float64, c.ranks)
	for r, above := c.ranks-1, 0; r >= 0 && above < k; r-- {
		if size[r] > 0 {
			chance[r] = min(1, float64(k-above)/float64(size[r]))
		}
		above += size[r]
	}
	in := make([]float64, len(c.rank))
	for i, r := range c.rank {
		in[i] = chance[r]
	}
	return in
}

func dot(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// averageBestRank is the mean of BestRankAt over all ways of breaking ties.
//
// Some architectures are among the predicted best k for certain; `draws` places are left for a random choice of the
// `pool` that tie for them. Go through the groups of equal truth from the best down. The best rank lies in a group of
// e architectures below `above` others when none of those is chosen and c > 0 of the group are; it is then the smallest
// of c random places among e, on average above + (e+1)/(c+1).
func (p *Pairs) averageBestRank(k int) float64 {
	certain, tied := make([]int, p.truth.ranks), make([]int, p.truth.ranks) // by truth rank
	draws, pool := k, 0
	for i, chance := range p.score.inTop(k) {
		switch r := p.truth.rank[i]; {
		case chance == 1:
			certain[r]++
			draws--
		case chance > 0:
			tied[r]++
			pool++
		}
	}
	size := p.truth.sizes()
	expected := 0.0
	noneYet := 1.0 // probability that nothing above is chosen
	left := pool   // of the pool, those not above
	above := 0
	for r := p.truth.ranks - 1; noneYet > 0; r-- {
		for drawn := range min(draws, tied[r]) + 1 {
			if chosen := certain[r] + drawn; chosen > 0 {
				place := float64(above) + float64(size[r]+1)/float64(chosen+1)
				expected += noneYet * hypergeometric(left, tied[r], draws, drawn) * place
			}
		}
		if certain[r] > 0 {
			break
		}
		noneYet *= hypergeometric(left, tied[r], draws, 0)
		left -= tied[r]
		above += size[r]
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
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}
