package rank

import "math"

// Pearson returns the linear correlation r of score and truth; NaN if either is constant or holds an infinity.
func (p *Pairs) Pearson() float64 { return pearson(p.score.value, p.truth.value) }

// Spearman returns ρ, the linear correlation of the average ranks of score and truth; NaN if either is constant.
func (p *Pairs) Spearman() float64 { return pearson(p.score.averageRanks(), p.truth.averageRanks()) }

// averageRanks ranks the values from 1, the smallest, to n; equal values share the mean of the ranks they occupy.
func (c column) averageRanks() []float64 {
	shared := make([]float64, c.ranks)
	below := 0
	for r, size := range c.sizes() {
		shared[r] = float64(below) + float64(size+1)/2
		below += size
	}
	ranks := make([]float64, len(c.rank))
	for i, r := range c.rank {
		ranks[i] = shared[r]
	}
	return ranks
}

// pearson makes two passes, as the textbook formula on raw sums cancels catastrophically for accuracies that differ in
// the third digit.
func pearson(x, y []float64) float64 {
	if constant(x) || constant(y) {
		return math.NaN() // rounding of the mean may leave the sums of squares a little above zero
	}
	mx, my := mean(x), mean(y)
	var xx, yy, xy float64
	for i := range x {
		dx, dy := x[i]-mx, y[i]-my
		xx += dx * dx
		yy += dy * dy
		xy += dx * dy
	}
	// One root of the product, not the product of two roots: a list with itself then gives exactly 1.
	r := xy / math.Sqrt(xx*yy)
	return max(-1, min(1, r)) // max and min keep NaN
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func constant(x []float64) bool {
	for _, v := range x {
		if v != x[0] {
			return false
		}
	}
	return true
}
