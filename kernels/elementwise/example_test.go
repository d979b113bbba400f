package elementwise_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/elementwise"
)

// A value for each channel goes with all pixels.
func ExampleBinary_Apply() {
	pixels := elementwise.Array{Data: []float32{1, 2, 3, 4, 5, 6}, Shape: [4]int{1, 1, 3, 2}, Stride: [4]int{6, 6, 2, 1}}
	gain := elementwise.Array{Data: []float32{1, 10}, Shape: [4]int{1, 1, 1, 2}, Stride: [4]int{2, 2, 2, 1}}
	y := pixels
	y.Data = make([]float32, 6)
	elementwise.Mul.Apply(y, pixels, gain, elementwise.Params{})
	fmt.Println(y.Data)
	// Output: [1 20 3 40 5 60]
}
