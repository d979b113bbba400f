package conv_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/conv"
)

// An edge detector over one row of pixels: the gradient of the input is the convolution with the kernel turned round.
func Example() {
	kernel := conv.Kernel{Cin: 1, Cout: 1, KH: 1, KW: 3, Stride: 1, PadW: 1, Dilation: 1}
	in := &conv.Input{X: []float32{0, 0, 1, 1, 1, 0}, LD: 1, N: 1, H: 1, W: 6, C: 1}
	y, dw := make([]float32, 6), make([]float32, 3)
	edge := []conv.Branch{{Kernel: kernel, Weight: []float32{-1, 0, 1}, Bias: []float32{0.5}, Y: y, LDY: 1}}
	conv.Forward(in, edge)
	fmt.Println(y)

	edge[0].G, edge[0].LDG = []float32{0, 0, 0, 1, 0, 0}, 1
	edge[0].DWeight = dw
	dx := make([]float32, 6)
	conv.Backward(in, dx, 1, false, edge)
	fmt.Println(dx, dw)
	// Output:
	// [0.5 1.5 1.5 0.5 -0.5 -0.5]
	// [0 0 -1 0 1 0] [1 1 1]
}

// Two operations of a cell read the same node, and their results are added up in the next.
func ExampleForward_branches() {
	in := &conv.Input{X: []float32{1, -2, 3, -4}, LD: 1, N: 1, H: 2, W: 2, C: 1, Act: activation.ReLU}
	node := make([]float32, 4)
	conv.Forward(in, []conv.Branch{
		{Kernel: conv.Square(1, 1, 1, 1), Weight: []float32{2}, Y: node, LDY: 1},
		{Kernel: conv.Square(1, 1, 3, 1), Weight: []float32{0, 0, 0, 1, 0, 1, 0, 0, 0}, Y: node, LDY: 1, Accumulate: true},
	})
	fmt.Println(node)
	// Output: [2 1 6 3]
}
