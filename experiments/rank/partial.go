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

// ScoreFrom returns the pairs that have list i of [Pairs.Given] for a score, and the score in the place of that list.
func (p *Pairs) ScoreFrom(i int) *Pairs {
	q := &Pairs{score: p.given[i], truth: p.truth, given: slices.Clone(p.given)}
	q.given[i] = p.score
	return q
}

// TruthFrom returns the pairs that have list i of [Pairs.Given] for a truth, and the truth in the place of that list.
func (p *Pairs) TruthFrom(i int) *Pairs {
	q := &Pairs{score: p.score, truth: p.given[i], given: slices.Clone(p.given)}
	q.given[i] = p.truth
	return q
}

// PartialSpearman returns the partial rank correlation of score s and truth t given those lists z of [Pairs.Given] that are
// named by their places: the correlation of what is left of the two rankings once the rankings z have explained what they
// can, linearly in ranks. Given one list it is (Kendall 1942, for Spearman's ρ)
//
//	ρ_st·z = (ρ_st − ρ_sz ρ_tz) / √((1 − ρ_sz²)(1 − ρ_tz²))
//
// A list that is constant, or that follows from those before it, explains nothing. The result is NaN where nothing is left
// of score or truth.
func (p *Pairs) PartialSpearman(given ...int) float64 { return p.PartialSpearmans(given)[0] }

// PartialSpearmans returns [Pairs.PartialSpearman] given several choices of lists, whose ranks it finds once.
func (p *Pairs) PartialSpearmans(choices ...[]int) []float64 {
	s, t, z := p.score.centredRanks(), p.truth.centredRanks(), make([][]float64, len(p.given))
	partial := make([]float64, len(choices))
	for i, given := range choices {
		var explained [][]float64 // orthogonal, of length 1
		for _, g := range given {
			if z[g] == nil {
				z[g] = p.given[g].centredRanks()
			}
			if direction := unexplained(z[g], explained); direction != nil {
				explained = append(explained, direction)
			}
		}
		ofScore, ofTruth := unexplained(s, explained), unexplained(t, explained)
		if partial[i] = math.NaN(); ofScore != nil && ofTruth != nil {
			partial[i] = max(-1, min(1, dot(ofScore, ofTruth)))
		}
	}
	return partial
}

// centredRanks returns the ranks less their mean.
func (c *column) centredRanks() []float64 {
	v := c.averageRanks()
	for i := range v {
		v[i] -= float64(len(v)+1) / 2
	}
	return v
}

// unexplained returns, as Gram and Schmidt do, the direction of what orthogonal directions leave of v, of length 1; nil of nothing.
func unexplained(v []float64, directions [][]float64) []float64 {
	whole := norm(v)
	v = slices.Clone(v)
	for range 2 { // the second time takes away what rounding left of lists that are nearly the same
		for _, direction := range directions {
			along := dot(v, direction)
			for i := range v {
				v[i] -= along * direction[i]
			}
		}
	}
	rest := norm(v)
	if !(rest > 1e-6*whole) {
		return nil
	}
	for i := range v {
		v[i] /= rest
	}
	return v
}

func norm(x []float64) float64 { return math.Sqrt(dot(x, x)) }

func dot(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}
