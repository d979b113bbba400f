package depthwise_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
)

// Sums of three neighbours in a row of four pixels of one channel.
func ExampleForward() {
	k := depthwise.Square(1, 3, 1, 1)
	in := depthwise.Input{X: []float32{1, -2, 3, 4}, LD: 1, N: 1, H: 1, W: 4, Act: activation.ReLU}
	w := depthwise.Weights{Data: []float32{0, 0, 0, 1, 1, 1, 0, 0, 0}}
	y := make([]float32, 4)
	depthwise.Forward(k, in, w, y, 1, false)
	fmt.Println(y)
	// Output: [1 4 7 7]
}
