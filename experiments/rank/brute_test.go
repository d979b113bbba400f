package rank

// The definitions, written out without regard to speed: what the quick versions are compared with.

import (
	"math"
	"math/rand/v2"
	"slices"
)

// bruteKendall looks at every pair.
func bruteKendall(x, y []float64) float64 {
	var balance, untiedX, untiedY float64
	for i := range x {
		for j := range i {
			a, b := sign(x[i], x[j]), sign(y[i], y[j])
			balance += a * b
			untiedX += a * a
			untiedY += b * b
		}
	}
	if untiedX == 0 || untiedY == 0 {
		return math.NaN()
	}
	return balance / math.Sqrt(untiedX*untiedY)
}

func sign(a, b float64) float64 {
	switch {
	case a > b:
		return 1
	case a < b:
		return -1
	}
	return 0
}

// bruteRanks counts the smaller and the equal ones.
func bruteRanks(x []float64) []float64 {
	ranks := make([]float64, len(x))
	for i := range x {
		for j := range x {
			switch {
			case x[j] < x[i]:
				ranks[i]++
			case x[j] == x[i]:
				ranks[i] += 0.5
			}
		}
		ranks[i] += 0.5
	}
	return ranks
}

// permutations calls f with every ordering of 0..n-1.
func permutations(n int, f func([]int)) {
	order := make([]int, 0, n)
	used := make([]bool, n)
	var place func()
	place = func() {
		if len(order) == n {
			f(order)
			return
		}
		for i := range n {
			if !used[i] {
				used[i] = true
				order = append(order, i)
				place()
				order = order[:len(order)-1]
				used[i] = false
			}
		}
	}
	place()
}

// orderings returns every ordering of x from best to worst, one for each way to break its ties.
func orderings(x []float64) [][]int {
	var all [][]int
	permutations(len(x), func(order []int) {
		for i := 1; i < len(order); i++ {
			if x[order[i]] > x[order[i-1]] {
				return
			}
		}
		all = append(all, append([]int(nil), order...))
	})
	return all
}

// atCut is what the metrics at a cut are for one way of breaking all ties.
type atCut struct{ precision, loss, best, worst, found, wins, dcg float64 }

// bruteCut takes a way of breaking all ties, and the best truth of each choice of k that random search may make.
func bruteCut(truth, random []float64, predicted, truly []int, k, top, bottom int) atCut {
	n := len(predicted)
	rank := make([]int, n)
	for place, i := range truly {
		rank[i] = place + 1
	}
	c := atCut{best: float64(n)}
	for _, i := range predicted[:k] {
		if rank[i] <= k {
			c.precision += 1 / float64(k)
		}
		c.best = min(c.best, float64(rank[i]))
		c.worst = max(c.worst, float64(rank[i]))
	}
	c.found = math.Inf(-1)
	for place, i := range predicted[:k] {
		c.found = max(c.found, truth[i])
		c.dcg += bruteGain(truth, i) / math.Log2(float64(place+2))
	}
	for _, found := range random {
		c.wins += (1 + sign(c.found, found)) / 2 / float64(len(random))
	}
	for _, i := range predicted[n-bottom:] {
		if rank[i] <= top {
			c.loss += 1 / float64(top)
		}
	}
	return c
}

// bruteGain is the gain of AceNAS's nDCG.
func bruteGain(truth []float64, i int) float64 {
	sorted := slices.Sorted(slices.Values(truth))
	low, best := quantile(sorted, 0.2), sorted[len(sorted)-1]
	return math.Pow(2, 20*max(0, min(1, (truth[i]-low)/(best-low)))) - 1
}

// choices returns every choice of k of n.
func choices(n, k int) [][]int {
	if k == 0 {
		return [][]int{nil}
	}
	if n < k {
		return nil
	}
	all := choices(n-1, k)
	for _, c := range choices(n-1, k-1) {
		all = append(all, append(slices.Clone(c), n-1))
	}
	return all
}

// bestOf returns the best truth of a choice.
func bestOf(truth []float64, choice []int) float64 {
	best := math.Inf(-1)
	for _, i := range choice {
		best = max(best, truth[i])
	}
	return best
}

// few draws n values out of `different` ones, so that there are ties.
func few(rng *rand.Rand, n, different int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(rng.IntN(different)) / 7
	}
	return x
}

// same compares to 12 digits; NaN equals NaN.
func same(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-12*max(1, math.Abs(a), math.Abs(b))
}

func mustNew(x, y []float64) *Pairs {
	p, err := New(x, y)
	if err != nil {
		panic(err)
	}
	return p
}
