package autograd_test

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/tensor"
)

// The gradient of a linear classifier whose weights are zero: it takes every class to be equally likely.
func Example() {
	w := autograd.NewParam("weight", 2, 4)
	x := tensor.Wrap([]float32{1, 2}, 1, 2)

	tp := autograd.NewTape()
	logits := autograd.Linear(tp, tp.Constant(x), w, nil)
	loss := autograd.CrossEntropy(tp, logits, []int32{3}, 0)
	tp.Backward(loss.Var)

	fmt.Printf("loss %.4f\n", loss.Sum) // ln 4
	fmt.Println(w.Grad.Data)            // x · (1/4 − [label is the class])
	// Output:
	// loss 1.3863
	// [0.25 0.25 0.25 -0.75 0.5 0.5 0.5 -1.5]
}

// A node of a search space's cell: BN(conv3×3(ReLU(x))) + BN(conv1×1(ReLU(x))) + x.
func ExampleBatchNormSum() {
	norm := func() *autograd.BatchNorm {
		bn := &autograd.BatchNorm{Gamma: autograd.NewParam("weight", 16), Beta: autograd.NewParam("bias", 16),
			RunningMean: tensor.New(16), RunningVar: tensor.New(16), Eps: 1e-5, Momentum: 0.1}
		bn.Gamma.Value.Fill(1)
		return bn
	}
	branches := []autograd.ConvBranch{
		{Kernel: conv.Square(16, 16, 3, 1), Weight: autograd.NewParam("3x3", 3, 3, 16, 16), Sums: true},
		{Kernel: conv.Square(16, 16, 1, 1), Weight: autograd.NewParam("1x1", 1, 1, 16, 16), Sums: true},
	}
	tp := autograd.NewTape()
	x := tp.Variable(tensor.New(8, 32, 32, 16))
	ys := autograd.Convs(tp, x, autograd.ActReLU, branches)
	node := autograd.BatchNormSum(tp, autograd.Term{X: ys[0], BN: norm()}, autograd.Term{X: ys[1], BN: norm()}, autograd.Term{X: x})
	fmt.Println(node.Value.Shape())
	// Output: [8 32 32 16]
}
