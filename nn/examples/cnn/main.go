// Command cnn trains a convolutional network on CIFAR-10, or without -data on generated images of the same size:
//
//	go run ./nn/examples/cnn -data DIR # of the binary version
//
// It has what most trainings of images have: augmentation in the background, batch norm, a schedule of the learning rate with Nesterov's
// momentum, label smoothing, and a file with the weights at the end, which PyTorch reads too.
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/nn/examples/convnet"
)

func main() {
	var o options
	data := flag.String("data", "", "folder of CIFAR-10's binary version; generated images without")
	flag.IntVar(&o.epochs, "epochs", 6, "how often all images are trained on")
	flag.IntVar(&o.width, "width", 32, "channels of the first stage")
	flag.StringVar(&o.save, "save", "", "file for the weights, in safetensors format with PyTorch's names and layouts")
	flag.Parse()
	err := o.read(*data)
	if err == nil {
		_, err = o.run(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cnn:", err)
		os.Exit(1)
	}
}

type options struct {
	train, test   *dataset.Images
	epochs, width int
	save          string
}

func (o *options) read(data string) (err error) {
	if data != "" {
		o.train, o.test, err = dataset.ReadCIFAR10(data)
		return err
	}
	o.train, o.test = dataset.Generate(1, 12000).Split(10000, 1)
	return nil
}

// evaluate returns the share of a set's images that the network gets right.
func evaluate(tape *autograd.Tape, net nn.Layer, set *dataset.Loader) float64 {
	correct := 0
	for b := range set.Epoch(200, nil) {
		tape.Reset(autograd.Inference)
		correct += autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(b.Images)), b.Labels, 0).Correct
	}
	return float64(correct) / float64(set.Len())
}

// run trains and returns the accuracy on the test set.
func (o *options) run(w io.Writer) (accuracy float64, err error) {
	const batch = 64
	train := dataset.NewLoader(o.train, dataset.Augment{Pad: 4, Flip: true})
	test := dataset.NewLoader(o.test, dataset.Augment{})
	store := nn.NewStore(1)
	net := convnet.New(store, o.width, len(o.train.Classes))
	mean, std := convnet.Input(store)
	copy(mean.Data, o.train.Mean[:])
	copy(std.Data, o.train.Std[:])
	opt := &nn.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4}
	lr := nn.OneCycle{Max: 0.2, Steps: o.epochs * (train.Len() + batch - 1) / batch}
	tape, rng := autograd.NewTape(), rand.New(rand.NewPCG(1, 2))
	fmt.Fprintf(w, "%d images of %s, %d parameters\n", train.Len(), o.train.Name, store.Size())

	step := 0
	for epoch := range o.epochs {
		sum := 0.0
		for b := range train.Epoch(batch, rng) {
			tape.Reset(autograd.Training)
			loss := autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(b.Images)), b.Labels, 0.1)
			tape.Backward(loss.Var)
			if norm := opt.Step(tape, lr.LR(step)); math.IsNaN(norm) || math.IsInf(norm, 0) {
				return 0, fmt.Errorf("step %d: the gradient is not finite", step)
			}
			sum += loss.Sum
			step++
		}
		accuracy = evaluate(tape, net, test)
		fmt.Fprintf(w, "epoch %d: loss %.3f, test accuracy %.2f %%\n", epoch+1, sum/float64(train.Len()), 100*accuracy)
	}
	if o.save != "" {
		err = nn.SaveWeights(o.save, store)
	}
	return accuracy, err
}
