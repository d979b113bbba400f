package gather_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/gather"
)

// Rows of a matrix are picked by their number.
func ExampleSelect() {
	x := gather.Array{Data: []float32{1, 2, 3, 4, 5, 6}, Axis: 2} // three rows of two
	y := gather.Array{Data: make([]float32, 4), Axis: 2}
	gather.Select(y, x, []int32{2, 0}, gather.Shape{Outer: 1, Axis: 3, N: 2, Rows: 1, Cols: 2})
	fmt.Println(y.Data)
	// Output: [5 6 1 2]
}
