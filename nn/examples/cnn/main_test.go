package main

import (
	"path/filepath"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/nn/examples/convnet"
)

// A narrow network on a few small images gets twice as many right as a linear classifier, which is below a quarter, and its weights do so
// in a new network.
func TestLearns(t *testing.T) {
	o := options{epochs: 8, width: 8, save: filepath.Join(t.TempDir(), "cnn.safetensors")}
	o.train, o.test = dataset.GenerateSize(1, 2500, 16).Split(2000, 1)
	accuracy, err := o.run(t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if accuracy < 0.5 {
		t.Errorf("accuracy %.3f, want 0.5 at least", accuracy)
	}
	store := nn.NewStore(2)
	net := convnet.New(store, o.width, len(o.train.Classes))
	mean, _ := convnet.Input(store)
	if _, err := nn.LoadWeights(o.save, store); err != nil {
		t.Fatal(err)
	}
	if got := [3]float32(mean.Data); got != o.train.Mean {
		t.Errorf("mean %v from the file, want %v", got, o.train.Mean)
	}
	if again := evaluate(autograd.NewTape(), net, dataset.NewLoader(o.test, dataset.Augment{})); again != accuracy {
		t.Errorf("accuracy %.3f with the weights from the file, want %.3f", again, accuracy)
	}
}

func TestReadSaysWhatIsMissing(t *testing.T) {
	if err := new(options).read(t.TempDir()); err == nil {
		t.Error("an empty folder is no error")
	}
}
