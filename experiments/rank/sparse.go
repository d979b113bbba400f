package rank

import (
	"fmt"
	"math"
)

// SparseKendall returns τ-b of the score against the truth rounded to multiples of bin: truths in one bin tie, and pairs
// of them count for neither side. It is the plain reading of the sparse τ of Yu et al., "Evaluating the Search Phase of
// Neural Architecture Search" (2020), who use a bin of 0.1 % accuracy. The bin has the unit of the truth and must be
// positive.
func (p *Pairs) SparseKendall(bin float64) float64 {
	truth := p.binned(bin)
	return kendall(&p.score, &truth, p.Len())[0]
}

// InheritedSparseKendall returns the sparse τ of the released code of Yu et al., which gives other numbers: the rounded
// truths are listed in the order of the scores (ties in array order), and τ-b compares that list with the same list
// sorted. So ties of the score do not count as ties, while a tie of the rounded truth ties both a pair of
// architectures and a pair of places.
func (p *Pairs) InheritedSparseKendall(bin float64) float64 {
	truth := p.binned(bin)
	a := column{rank: make([]int32, p.Len()), ranks: truth.ranks}
	b := column{rank: make([]int32, p.Len()), ranks: truth.ranks}
	for place, predicted := range p.score.index {
		a.rank[place] = truth.rank[predicted]
		b.rank[place] = truth.rank[truth.index[place]]
	}
	a.group()
	b.group()
	return kendall(&a, &b, p.Len())[0]
}

// binned rounds the truth to multiples of bin.
func (p *Pairs) binned(bin float64) column {
	if !(bin > 0) || math.IsInf(bin, 1) {
		panic(fmt.Sprintf("rank: the bin of a sparse τ is %v, not a positive number", bin))
	}
	rounded := make([]float64, p.Len())
	for i, v := range p.truth.value {
		rounded[i] = math.Round(v / bin)
	}
	return newColumn(rounded)
}
