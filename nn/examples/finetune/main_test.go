package main

import (
	"io"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/nn/examples/convnet"
)

const pretrained = "testdata/pretrained.safetensors"

// What PyTorch has learned on other pictures helps with these, of which there are 50 of a class.
func TestPretrainingHelps(t *testing.T) {
	accuracy := func(weights string) float64 {
		o := options{weights: weights, epochs: 12}
		if err := o.read(""); err != nil {
			t.Fatal(err)
		}
		a, err := o.run(t.Output())
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	from, scratch := accuracy(pretrained), accuracy("")
	if from < 0.5 || from < scratch+0.1 {
		t.Errorf("accuracy %.3f with the weights, %.3f without", from, scratch)
	}
}

func TestWeightsOfAnotherModel(t *testing.T) {
	store := nn.NewStore(1)
	convnet.New(store, 2*width, 10)
	if err := load(io.Discard, pretrained, store); err == nil || !strings.Contains(err.Error(), "stage1.0.conv.weight") {
		t.Errorf("error %v, want one that names what does not fit", err)
	}
}
