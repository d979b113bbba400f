package rank

import (
	"cmp"
	"math"
	"slices"
)

// PermutationPValue returns the two-sided p-value of an observed number, given what it came to under permutations that make
// the null hypothesis true ([Pairs.Permute]): the share of values that lie at least as far from 0, the observed one counted
// among them, so that it is never 0 (Phipson and Smyth 2010). NaN values are left out; NaN if the observed number is NaN.
func PermutationPValue(observed float64, permuted []float64) float64 {
	if math.IsNaN(observed) {
		return math.NaN()
	}
	// Sums in another order round differently: what differs in the last digits only is as far.
	limit := math.Abs(observed) * (1 - 1e-12)
	far, n := 1, 1
	for _, v := range permuted {
		if math.IsNaN(v) {
			continue
		}
		n++
		if math.Abs(v) >= limit {
			far++
		}
	}
	return float64(far) / float64(n)
}

// BootstrapPValue returns the two-sided p-value of the hypothesis that a number is null, from its values in resamples
// ([Pairs.Resample]): twice the share of those at or beyond null on the rarer side, with one more counted on either side,
// so that it is never 0. It is below 0.05 about where null is outside of the 95 % percentile interval. NaN values are left
// out; NaN if none is left.
func BootstrapPValue(resampled []float64, null float64) float64 {
	below, above, n := 1, 1, 1
	for _, v := range resampled {
		if math.IsNaN(v) {
			continue
		}
		n++
		if v <= null {
			below++
		}
		if v >= null {
			above++
		}
	}
	if n == 1 {
		return math.NaN()
	}
	return min(1, 2*float64(min(below, above))/float64(n))
}

// Holm returns the p-values adjusted for their number by the step-down procedure of Holm (1979), in the order of p. To call
// those significant that come out at most α keeps the probability of any false call at most α, whatever the dependence
// between the tests. NaN stays NaN and does not count.
func Holm(p []float64) []float64 {
	adjusted, order := byPValue(p)
	least := 0.0
	for i, at := range order { // the smallest first
		least = max(least, min(1, p[at]*float64(len(order)-i)))
		adjusted[at] = least
	}
	return adjusted
}

// BenjaminiHochberg returns the p-values adjusted for their number by the step-up procedure of Benjamini and Hochberg
// (1995), in the order of p. To call those significant that come out at most α keeps the expected share of false calls among
// the calls at most α, for tests that are independent or depend positively. NaN stays NaN and does not count.
func BenjaminiHochberg(p []float64) []float64 {
	adjusted, order := byPValue(p)
	most := 1.0
	for i, at := range slices.Backward(order) { // the largest first
		most = min(most, p[at]*float64(len(order))/float64(i+1))
		adjusted[at] = most
	}
	return adjusted
}

// byPValue returns the places of the p-values from the smallest to the largest, without NaN, and NaN for each p-value.
func byPValue(p []float64) (adjusted []float64, order []int) {
	adjusted = make([]float64, len(p))
	for i, v := range p {
		adjusted[i] = math.NaN()
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	return adjusted, order
}
