package strided_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/strided"
)

// A matrix is transposed by a copy whose strides are in another order on one side.
func ExampleCopy() {
	x := strided.Array{Data: []float32{1, 2, 3, 4, 5, 6}, Stride: strided.Strides{3, 1}} // 2×3
	y := strided.Array{Data: make([]float32, 6), Stride: strided.Strides{1, 2}}          // 3×2, with its axes in the order of x
	strided.Copy(y, x, 2, 3)
	fmt.Println(y.Data)
	// Output: [1 4 2 5 3 6]
}
