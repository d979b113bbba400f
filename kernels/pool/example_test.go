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

// Max pooling 2×2 keeps where in its window each maximum was found, and so sends the gradient back to that pixel.
func ExampleMax() {
	p := pool.Max{Kernel: 2, Stride: 2}
	s := pool.Shape{N: 1, H: 2, W: 4, C: 1}
	x := []float32{
		1, 2, 7, 7,
		5, 3, 0, 7,
	}
	y, found := make([]float32, 2), make([]uint8, 2)
	p.Forward(y, 1, found, x, 1, s)
	fmt.Println(y, found)

	dx := make([]float32, 8)
	p.Backward(dx, 1, found, []float32{10, 20}, 1, s, false)
	fmt.Println(dx[:4])
	fmt.Println(dx[4:])
	// Output:
	// [5 7] [2 0]
	// [0 0 20 0]
	// [10 0 0 0]
}
