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
	"github.com/oneshot-nas/oneshot/tensor"
)

func main() {
	o := options{size: 48, width: 16}
	flag.IntVar(&o.steps, "steps", 600, "of training, with 8 pictures each")
	flag.Parse()
	o.run(os.Stdout)
}

type options struct{ size, width, steps int }

// classes of a pixel: background, disc, box.
const classes = 3

// example is a batch of pictures with what each of their pixels shows.
type example struct {
	images tensor.Tensor // [N][size][size][1]
	labels []int32       // [N·size·size]
}

// draw makes n pictures of a few discs and boxes, in shades of grey, some in front of others, with noise: only their outlines tell them
// apart.
func draw(n, size int, rng *rand.Rand) example {
	e := example{tensor.New(n, size, size, 1), make([]int32, n*size*size)}
	for i := range n {
		labels, pixels := e.labels[i*size*size:][:size*size], e.images.Data[i*size*size:][:size*size]
		for range 1 + rng.IntN(3) {
			class, radius, grey := 1+rng.Int32N(2), 4+rng.IntN(size/6), 0.5+rng.Float32()
			x0, y0 := rng.IntN(size), rng.IntN(size)
			for p := range labels {
				dx, dy := p%size-x0, p/size-y0
				disc, box := dx*dx+dy*dy <= radius*radius, max(dx, -dx, dy, -dy) <= radius
				if class == 1 && disc || class == 2 && box {
					labels[p], pixels[p] = class, grey
				}
			}
		}
		for p := range pixels {
			pixels[p] += float32(rng.NormFloat64()) / 5
		}
	}
	return e
}

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
func (o options) run(w io.Writer) (iou float64) {
	store := nn.NewStore(1)
	net := nn.Sequential{
		newUNet(store.Scope("unet"), 1, o.width, 2),
		nn.NewConv2D(store.Scope("head"), o.width, classes, 1),
	}
	opt, lr := &nn.AdamW{WeightDecay: 0.01}, nn.OneCycle{Max: 0.01, Steps: o.steps}
	tape := autograd.NewTape()

	const batch = 8 // pictures a step
	pass := dataset.Pass{Len: o.steps * batch, Batch: batch, Rand: rand.New(rand.NewPCG(1, 2))}
	step := 0
	for e := range dataset.Batches(pass, func(idx []int32, rng *rand.Rand) (example, error) { return draw(len(idx), o.size, rng), nil }) {
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
	iou = meanIoU(net.Forward(tape, tape.Constant(test.images)).Value.ArgMax(), test.labels)
	fmt.Fprintf(w, "on new pictures: mean intersection over union %.3f\n", iou)
	return iou
}

// meanIoU is the mean over the classes of |predicted and true| / |predicted or true|.
func meanIoU(predicted []int, labels []int32) (mean float64) {
	var both, either [classes]int
	for i, label := range labels {
		either[label]++
		if p := predicted[i]; p == int(label) {
			both[label]++
		} else {
			either[p]++
		}
	}
	for c := range classes {
		mean += float64(both[c]) / float64(max(either[c], 1)) / classes
	}
	return mean
}
