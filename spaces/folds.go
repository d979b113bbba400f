package spaces

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// RandomFolds divides architectures at random into k folds whose sizes differ by one at most. It panics unless k is between 1
// and the number of architectures.
func RandomFolds(archs []Arch, k int, rng *rand.Rand) [][]Arch {
	shuffled := slices.Clone(archs)
	rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return divide(shuffled, k)
}

// QuantileFolds divides architectures by their true results into k folds, the lowest results first, whose sizes differ by one
// at most. Of equal results those that stand earlier go to the lower fold. It panics unless there is one result for each
// architecture and k is between 1 and their number.
func QuantileFolds(archs []Arch, results []float64, k int) [][]Arch {
	if len(archs) != len(results) {
		panic(fmt.Sprintf("spaces: %d architectures, %d results", len(archs), len(results)))
	}
	order := make([]int, len(archs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(results[i], results[j]) })
	sorted := make([]Arch, len(archs))
	for i, j := range order {
		sorted[i] = archs[j]
	}
	return divide(sorted, k)
}

func divide(archs []Arch, k int) [][]Arch {
	n := len(archs)
	if k < 1 || k > n {
		panic(fmt.Sprintf("spaces: %d folds of %d architectures", k, n))
	}
	folds := make([][]Arch, k)
	for i := range folds {
		folds[i] = archs[i*n/k : (i+1)*n/k : (i+1)*n/k]
	}
	return folds
}
