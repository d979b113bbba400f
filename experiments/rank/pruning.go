package rank

import "fmt"

// PruningLoss returns the share of the truly best `top` architectures that are among the predicted worst `bottom`: what
// a search loses by dropping those. The expected value of a random prediction is bottom/n. bottom may be anything from 0,
// where nothing is lost, to n, where all is.
func (p *Pairs) PruningLoss(top, bottom int, ties Ties) float64 {
	p.check("top", top)
	p.checkBottom(bottom)
	if ties == Average {
		return p.PruningCurve(top, bottom)[0]
	}
	predicted, truly := p.orders(ties)
	return float64(overlap(p.Len(), predicted[p.Len()-bottom:], truly[:top])) / float64(top)
}

// PruningCurve returns [Pairs.PruningLoss] for several bottoms, as the mean over all ways of breaking ties, in one walk.
func (p *Pairs) PruningCurve(top int, bottoms ...int) []float64 {
	p.check("top", top)
	in := p.truth.cut(top)
	lost := make([]float64, p.Len()+1) // lost[b] of the truly best are among the predicted worst b
	var certain, tied int              // of those with a lower score
	for r := range p.score.ranks {
		group := p.score.of(r)
		var moreCertain, moreTied int
		for _, i := range group {
			switch t := int(p.truth.rank[i]); {
			case t > in.edge:
				moreCertain++
			case t == in.edge:
				moreTied++
			}
		}
		// Of equal scores, a share is dropped that is the same for all of them.
		below, more := in.expected(certain, tied), in.expected(moreCertain, moreTied)
		for j := range group {
			lost[int(p.score.start[r])+j] = below + more*float64(j)/float64(len(group))
		}
		certain, tied = certain+moreCertain, tied+moreTied
	}
	lost[p.Len()] = float64(top)
	curve := make([]float64, len(bottoms))
	for i, bottom := range bottoms {
		p.checkBottom(bottom)
		curve[i] = lost[bottom] / float64(top)
	}
	return curve
}

// checkBottom panics unless 0 ≤ bottom ≤ n.
func (p *Pairs) checkBottom(bottom int) {
	if bottom < 0 || bottom > p.Len() {
		panic(fmt.Sprintf("rank: the worst %d of %d architectures", bottom, p.Len()))
	}
}
