// Command finetune takes a network that PyTorch has trained over for other classes, of which there are few pictures:
//
//	go run ./nn/examples/finetune                # generated pictures
//	go run ./nn/examples/finetune -pictures DIR  # with a folder for each class
//
// It reads a state dict in safetensors format, whose names differ from those here, but for the classifier. At first only a new classifier
// is trained, so that its large gradients do not spoil the rest; then all of it, the rest more slowly.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/nn/examples/convnet"
)

func main() {
	o := options{epochs: 20}
	flag.StringVar(&o.weights, "weights", "nn/examples/finetune/testdata/pretrained.safetensors", "a state dict; \"\" starts from nothing")
	pictures := flag.String("pictures", "", "folder of pictures; generated ones without")
	flag.IntVar(&o.epochs, "epochs", o.epochs, "a third of them for the classifier alone")
	flag.Parse()
	err := o.read(*pictures)
	if err == nil {
		_, err = o.run(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "finetune:", err)
		os.Exit(1)
	}
}

type options struct {
	weights     string
	train, test *dataset.Images
	epochs      int
}

// size of the pictures and width of the network that the weights are of.
const size, width = 16, 8

func (o *options) read(pictures string) (err error) {
	if pictures != "" {
		o.train, o.test, err = dataset.ReadPictures(context.Background(), pictures, size, nil)
		return err
	}
	o.train, o.test = dataset.GenerateSize(1, 1500, size).Split(500, 1)
	return nil
}

// load reads all but the classifier.
func load(w io.Writer, path string, store *nn.Store) error {
	report, err := nn.LoadWeights(path, store, nn.Except("head"), nn.Rename(map[string]string{"backbone": "", "fc": "head"}))
	if err == nil {
		fmt.Fprintf(w, "%d tensors of %s\n", len(report.Loaded), path)
	}
	return err
}

// run trains and returns the accuracy on the pictures to test on.
func (o *options) run(w io.Writer) (accuracy float64, err error) {
	store := nn.NewStore(1)
	net := convnet.New(store, width, len(o.train.Classes))
	if o.weights != "" {
		if err := load(w, o.weights, store); err != nil {
			return 0, err
		}
	}
	train, test := dataset.NewLoader(o.train, dataset.Augment{Pad: 1}), dataset.NewLoader(o.test, dataset.Augment{})
	tape, rng := autograd.NewTape(), rand.New(rand.NewPCG(1, 2))
	for _, phase := range []struct {
		name   string
		set    func(scopes ...string) // what happens to all but the classifier
		epochs int
	}{
		{"the classifier", store.Freeze, o.epochs / 3},
		{"all", store.Unfreeze, o.epochs - o.epochs/3},
	} {
		phase.set("stage1", "stage2", "stage3")
		opt := &nn.AdamW{WeightDecay: 0.01, Groups: nn.GroupsByName(
			nn.NamedGroup{Pattern: "stage*", Group: nn.Group{LRScale: 0.3, DecayScale: 1}})}
		const batch = 20
		lr := nn.Cosine{Base: 0.01, Steps: phase.epochs * ((train.Len() + batch - 1) / batch)}
		step := 0
		for range phase.epochs {
			for b := range train.Epoch(batch, rng) {
				tape.Reset(autograd.Training)
				loss := autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(b.Images)), b.Labels, 0)
				tape.Backward(loss.Var)
				opt.Step(tape, lr.LR(step))
				step++
			}
		}
		correct := 0
		for b := range test.Epoch(100, nil) {
			tape.Reset(autograd.Inference)
			correct += autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(b.Images)), b.Labels, 0).Correct
		}
		accuracy = float64(correct) / float64(test.Len())
		fmt.Fprintf(w, "%d epochs of %s: test accuracy %.1f %%\n", phase.epochs, phase.name, 100*accuracy)
	}
	return accuracy, nil
}
