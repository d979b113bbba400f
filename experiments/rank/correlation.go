package rank

import "math"

// Pearson returns the linear correlation r of score and truth; NaN if either is constant or holds an infinity.
func (p *Pairs) Pearson() float64 { return pearson(p.score.value, p.truth.value) }

// Spearman returns ρ, the linear correlation of the average ranks of score and truth; NaN if either is constant.
func (p *Pairs) Spearman() float64 { return pearson(p.score.averageRanks(), p.truth.averageRanks()) }

// averageRanks ranks the values from 1, the smallest, to n; equal values share the mean of the ranks they occupy.
func (c *column) averageRanks() []float64 {
	ranks := make([]float64, len(c.rank))
	for i, r := range c.rank {
		ranks[i] = float64(c.start[r]+c.start[r+1]+1) / 2
	}
	return ranks
}

// pearson makes two passes, as the textbook formula on raw sums cancels catastrophically for accuracies that differ in
// the third digit. Both lists are scaled first, so that values of any size can be squared.
func pearson(x, y []float64) float64 {
	if constant(x) || constant(y) {
		return math.NaN() // rounding of the mean may leave the sums of squares a little above zero
	}
	fx, fy := scale(x), scale(y)
	mx, my := scaledMean(x, fx), scaledMean(y, fy)
	var xx, yy, xy float64
	for i := range x {
		dx, dy := x[i]*fx-mx, y[i]*fy-my
		xx += dx * dx
		yy += dy * dy
		xy += dx * dy
	}
	// One root of the product, not the product of two roots: a list with itself then gives exactly 1.
	r := xy / math.Sqrt(xx*yy)
	return max(-1, min(1, r)) // max and min keep NaN
}

// scale returns the power of two that brings the largest of |x| into [1/2, 1), or, of subnormal numbers, as near as a
// float64 allows. As a power of two it changes no digit; and as the values differ, the largest deviation from the mean is
// then between the distance of neighbouring float64, 2^-54, and 2, so that squares neither vanish nor overflow.
func scale(x []float64) float64 {
	largest := 0.0
	for _, v := range x {
		largest = max(largest, math.Abs(v))
	}
	_, exponent := math.Frexp(largest)
	return math.Ldexp(1, -max(exponent, -1022))
}

// scaledMean returns the mean of factor·x.
func scaledMean(x []float64, factor float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * factor
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
