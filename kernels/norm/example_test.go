package norm_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/norm"
)

func ExampleBatchNorm() {
	// Four pixels of two channels.
	x := []float32{1, 10, 2, 20, 3, 30, 4, 40}
	y := make([]float32, len(x))
	n := norm.BatchNorm{Act: activation.ReLU}
	n.Forward(y, 2, x, 2, 4, 2)
	fmt.Println(n.Mean, n.Variance)
	fmt.Printf("%.3f\n", y)
	// Output:
	// [2.5 25] [1.25 125]
	// [0.000 0.000 0.000 0.000 0.447 0.447 1.342 1.342]
}

// Two batches give the statistics that a recalibrated network evaluates with.
func ExampleMoments() {
	var sum, sumsq [1]float64
	total, squares := make([]float64, 1), make([]float64, 1)
	for _, batch := range [][]float32{{1, 2, 3}, {6}} {
		norm.Stats(batch, len(batch), 1, 1, sum[:], sumsq[:])
		total[0], squares[0] = total[0]+sum[0], squares[0]+sumsq[0]
	}
	mean, variance := make([]float64, 1), make([]float64, 1)
	norm.Moments(total, squares, 4, mean, variance)
	fmt.Println(mean, variance)
	// Output: [3] [3.5]
}
