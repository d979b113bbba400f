// Command unet trains a U-Net (Ronneberger, Fischer and Brox 2015, arXiv 1505.04597) to say for each pixel of a picture whether it belongs
// to a disc, to a box, or to neither:
//
//	go run ./nn/examples/unet
//
// The pictures are drawn in the background while the network trains. It has few channels and batch norms, unlike that of the paper; the
// idea is the same: what the way down has found at each size is handed over to the way up, which knows the whole.
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/nn"
)

func main() {
	o := options{size: 48, width: 16}
	flag.IntVar(&o.steps, "steps", 600, "of training, with 8 pictures each")
	flag.Parse()
	if _, err := o.run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "unet:", err)
		os.Exit(1)
	}
}

type options struct{ size, width, steps int }

// double is two convolutions, each with batch norm and ReLU.
func double(sc nn.Scope, cin, cout int) nn.Layer {
	return nn.Sequential{
		nn.NewConv2D(sc.Sub("conv1"), cin, cout, 3, nn.Padding(1), nn.NoBias),
		nn.Func(nn.NewBatchNorm2D(sc.Sub("norm1"), cout).ReLU),
		nn.NewConv2D(sc.Sub("conv2"), cout, cout, 3, nn.Padding(1), nn.NoBias),
		nn.Func(nn.NewBatchNorm2D(sc.Sub("norm2"), cout).ReLU),
	}
}

// unet is one level: what it makes of an image goes to the level below at half the size, and comes back beside what it made.
type unet struct {
	down  nn.Layer
	below *unet // nil at the bottom
	up    nn.Layer
}

// newUNet makes a network of so many levels below the first, each of twice the channels of that above.
func newUNet(sc nn.Scope, cin, width, levels int) *unet {
	u := &unet{down: double(sc.Sub("down"), cin, width)}
	if levels > 0 {
		u.below = newUNet(sc.Sub("below"), width, 2*width, levels-1)
		u.up = double(sc.Sub("up"), width+2*width, width)
	}
	return u
}

// Forward maps [N][H][W][cin] to [N][H][W][width].
func (u *unet) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	x = u.down.Forward(tp, x)
	if u.below == nil {
		return x
	}
	coarse := u.below.Forward(tp, nn.MaxPool2D{Kernel: 2, Stride: 2}.Forward(tp, x))
	return u.up.Forward(tp, autograd.Cat(tp, -1, autograd.UpsampleNearest(tp, coarse, 2), x))
}

// run trains and returns the mean intersection over union of the classes on new pictures.
func (o options) run(w io.Writer) (iou float64, err error) {
	store := nn.NewStore(1)
	net := nn.Sequential{
		newUNet(store.Scope("unet"), 1, o.width, 2),
		nn.NewConv2D(store.Scope("head"), o.width, classes, 1),
		nn.Func(func(tp *autograd.Tape, x *autograd.Var) *autograd.Var { // a row of logits for each pixel
			return autograd.Reshape(tp, x, x.Value.Rows(), classes)
		}),
	}
	opt, lr := &nn.AdamW{WeightDecay: 0.01}, nn.OneCycle{Max: 0.01, Steps: o.steps}
	tape := autograd.NewTape()

	const batch = 8 // pictures a step
	pass := dataset.Pass{Len: o.steps * batch, Batch: batch, Rand: rand.New(rand.NewPCG(1, 2))}
	step := 0
	for e, err := range dataset.Batches(pass, func(idx []int32, rng *rand.Rand) (example, error) { return draw(len(idx), o.size, rng), nil }) {
		if err != nil {
			return 0, err
		}
		tape.Reset(autograd.Training)
		loss := autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(e.images)), e.labels, 0)
		tape.Backward(loss.Var)
		opt.Step(tape, lr.LR(step))
		if step++; step%50 == 0 {
			fmt.Fprintf(w, "step %d: loss %.3f, %.1f %% of the pixels are right\n", step,
				loss.Mean(len(e.labels)), 100*float64(loss.Correct)/float64(len(e.labels)))
		}
	}

	test := draw(64, o.size, rand.New(rand.NewPCG(3, 4)))
	tape.Reset(autograd.Inference)
	iou = meanIoU(net.Forward(tape, tape.Constant(test.images)).Value.Data, test.labels)
	fmt.Fprintf(w, "on new pictures: mean intersection over union %.3f\n", iou)
	return iou, nil
}

// meanIoU is the mean over the classes of |predicted and true| / |predicted or true|.
func meanIoU(logits []float32, labels []int32) (mean float64) {
	var both, either [classes]int
	for i, label := range labels {
		predicted := 0
		for c, v := range logits[i*classes:][:classes] {
			if v > logits[i*classes+predicted] {
				predicted = c
			}
		}
		either[label]++
		if predicted == int(label) {
			both[label]++
		} else {
			either[predicted]++
		}
	}
	for c := range classes {
		mean += float64(both[c]) / float64(max(either[c], 1)) / classes
	}
	return mean
}
