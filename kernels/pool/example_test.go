package pool_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/pool"
)

// Average pooling 3×3 over a 3×3 image of one channel; the corners average over the four pixels they see.
func ExampleAvg() {
	p := pool.Avg{Kernel: 3, Stride: 1, Pad: 1}
	s := pool.Shape{N: 1, H: 3, W: 3, C: 1}
	x := []float32{
		0, 4, 0,
		4, 8, 4,
		0, 4, 0,
	}
	y := make([]float32, 9)
	p.Forward(y, 1, x, 1, s, false)
	fmt.Println(y[0], y[2], y[6], y[8])

	mean := make([]float32, 1)
	pool.GlobalForward(mean, 1, []float32{1, 2, 3, 6}, 1, pool.Shape{N: 1, H: 2, W: 2, C: 1})
	fmt.Println(mean)
	// Output:
	// 4 4 4 4
	// [3]
}
