package rank_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/experiments/rank"
)

func Example() {
	score := []float64{31.2, 45.0, 44.1, 12.9, 45.0, 40.3} // accuracy with shared weights, %
	truth := []float64{91.0, 93.9, 94.2, 88.5, 93.1, 93.1} // accuracy trained alone, %
	p, err := rank.New(score, truth)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("τ-b %.3f, ρ %.3f, r %.3f on %d architectures\n", p.Kendall(), p.Spearman(), p.Pearson(), p.Len())
	ci := p.Bootstrap(1000, 0.95, 42, (*rank.Pairs).Kendall)[0]
	fmt.Printf("τ-b is positive: %v\n", ci.Low > 0)
	// Output:
	// τ-b 0.643, ρ 0.750, r 0.978 on 6 architectures
	// τ-b is positive: false
}

func ExamplePairs_PrecisionAt() {
	// The second and the third score tie for the second place; only the third is truly among the best two.
	p, err := rank.New([]float64{9, 5, 5, 1}, []float64{4, 1, 3, 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("array order: ", p.PrecisionAt(2, rank.ByOrder))
	fmt.Println("at best:     ", p.PrecisionAt(2, rank.Optimistic))
	fmt.Println("at worst:    ", p.PrecisionAt(2, rank.Pessimistic))
	fmt.Println("on average:  ", p.PrecisionAt(2, rank.Average))
	// Output:
	// array order:  0.5
	// at best:      1
	// at worst:     0.5
	// on average:   0.75
}
