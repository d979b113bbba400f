package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// A small network learns to tell horizontal from vertical stripes.
func Example() {
	store := nn.NewStore(1)
	conv1 := nn.NewConv2D(store.Scope("conv1"), conv.Square(1, 8, 3, 1))
	norm1 := nn.NewBatchNorm2D(store.Scope("norm1"), 8)
	head := nn.NewLinear(store.Scope("head"), 8, 2)
	opt := nn.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4}
	lr := nn.Cosine{Base: 0.1, Steps: 40}

	const n, size = 32, 8
	images, labels := tensor.New(n, size, size, 1), make([]int32, n)
	rng := rand.New(rand.NewPCG(1, 2))
	tape := autograd.NewTape()
	correct := 0
	for step := range lr.Steps {
		for i := range labels {
			labels[i] = int32(rng.IntN(2))
			phase := rng.IntN(2)
			for y := range size {
				for x := range size {
					stripe := (y + phase) % 2
					if labels[i] == 1 {
						stripe = (x + phase) % 2
					}
					images.Set(float32(stripe)+float32(rng.NormFloat64()/4), i, y, x, 0)
				}
			}
		}
		tape.Reset(autograd.Training)
		h := autograd.ReLU(tape, norm1.Forward(tape, conv1.Forward(tape, tape.Constant(images))))
		logits := head.Forward(tape, autograd.GlobalAvgPool(tape, h))
		loss := autograd.CrossEntropy(tape, logits, labels, 0)
		tape.Backward(loss.Var)
		opt.Step(tape, lr.LR(step))
		correct = loss.Correct
	}
	fmt.Printf("%d parameters, %d of %d correct\n", store.Size(), correct, n)
	// Output: 106 parameters, 32 of 32 correct
}
