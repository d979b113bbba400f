package rank

// Ranks returns the ranks of values from 1, the smallest, to n; equal values share the mean of the ranks they occupy, as in
// [Pairs.Spearman]. There must be no NaN.
func Ranks(values []float64) []float64 {
	c := newColumn(values)
	return c.averageRanks()
}
