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

// PartialSpearman returns the partial rank correlation of score s and truth t given those lists z of [Pairs.Given] that are
// named by their places: the correlation of what is left of the two rankings once the rankings z have explained what they
// can, linearly in ranks. Given one list it is (Kendall 1942, for Spearman's ρ)
//
//	ρ_st·z = (ρ_st − ρ_sz ρ_tz) / √((1 − ρ_sz²)(1 − ρ_tz²))
//
// A list that is constant, or that follows from those before it, explains nothing. The result is NaN where nothing is left
// of score or truth.
func (p *Pairs) PartialSpearman(given ...int) float64 {
	// Gram and Schmidt: the centred ranks of each list, less what the directions before it explain.
	var explained [][]float64 // orthogonal, of length 1
	left := func(c *column) []float64 {
		v := c.averageRanks()
		for i := range v {
			v[i] -= float64(len(v)+1) / 2
		}
		whole := norm(v)
		for range 2 { // the second time takes away what rounding left of lists that are nearly the same
			for _, direction := range explained {
				along := dot(v, direction)
				for i := range v {
					v[i] -= along * direction[i]
				}
			}
		}
		if rest := norm(v); rest > 1e-6*whole {
			for i := range v {
				v[i] /= rest
			}
			return v
		}
		return nil
	}
	for _, g := range given {
		if direction := left(&p.given[g]); direction != nil {
			explained = append(explained, direction)
		}
	}
	s, t := left(&p.score), left(&p.truth)
	if s == nil || t == nil {
		return math.NaN()
	}
	return max(-1, min(1, dot(s, t)))
}

func norm(x []float64) float64 { return math.Sqrt(dot(x, x)) }

func dot(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}
