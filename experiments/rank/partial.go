package rank

import (
	"fmt"
	"math"
	"slices"
)

// Given returns the pairs together with further numbers of each architecture, such as counts of parameters, for
// [Pairs.PartialSpearman]. Each list has as many values as there are architectures, without NaN.
func (p *Pairs) Given(numbers ...[]float64) (*Pairs, error) {
	g := &Pairs{score: p.score, truth: p.truth}
	for k, z := range numbers {
		if len(z) != p.Len() {
			return nil, fmt.Errorf("rank: list %d has %d numbers for %d architectures", k, len(z), p.Len())
		}
		if i := slices.IndexFunc(z, math.IsNaN); i >= 0 {
			return nil, fmt.Errorf("rank: number %d of list %d is NaN", i, k)
		}
		g.given = append(g.given, newColumn(z))
	}
	return g, nil
}

// PartialSpearman returns the partial rank correlation of score s and truth t given the i-th list z of [Pairs.Given] (Kendall
// 1942, for Spearman's ρ),
//
//	ρ_st·z = (ρ_st − ρ_sz ρ_tz) / √((1 − ρ_sz²)(1 − ρ_tz²))
//
// the correlation of what is left of the two rankings once z has explained what it can, linearly in ranks. It is ρ itself
// where z is constant, and NaN where z orders the architectures as score or truth do, or where ρ is undefined.
func (p *Pairs) PartialSpearman(i int) float64 {
	s, t, z := p.score.averageRanks(), p.truth.averageRanks(), p.given[i].averageRanks()
	st := pearson(s, t)
	if constant(z) {
		return st
	}
	sz, tz := pearson(s, z), pearson(t, z)
	rest := (1 - sz*sz) * (1 - tz*tz)
	if rest <= 1e-12 {
		return math.NaN()
	}
	return max(-1, min(1, (st-sz*tz)/math.Sqrt(rest)))
}
