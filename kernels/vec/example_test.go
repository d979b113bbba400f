package vec_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/vec"
)

func Example() {
	x := []float32{-1, 2, -3, 4}
	y := make([]float32, len(x))
	vec.ReLU(y, x)
	fmt.Println(y, vec.Sum(y))

	vec.Axpy(y, 10, x)
	fmt.Println(y, vec.SumSq(y))
	// Output:
	// [0 2 0 4] 6
	// [-10 22 -30 44] 3420
}

// The first two of three channels of a 1×2 image become the last two of four channels of another.
func ExampleCopyRows() {
	image := []float32{1, 2, 3, 4, 5, 6}
	out := make([]float32, 2*4)
	vec.CopyRows(out[2:], 4, image, 3, 2, 2)
	fmt.Println(out)
	// Output: [0 0 1 2 0 0 4 5]
}
