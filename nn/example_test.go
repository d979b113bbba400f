package nn_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// A small network learns to tell horizontal from vertical stripes.
func Example() {
	store := nn.NewStore(1)
	net := nn.Sequential{
		nn.NewConv2D(store.Scope("conv1"), 1, 8, 3, nn.Padding(1), nn.NoBias),
		nn.NewBatchNorm2D(store.Scope("norm1"), 8),
		nn.ReLU,
		nn.GlobalAvgPool,
		nn.NewLinear(store.Scope("head"), 8, 2),
	}
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
		loss := autograd.CrossEntropy(tape, net.Forward(tape, tape.Constant(images)), labels, 0)
		tape.Backward(loss.Var)
		opt.Step(tape, lr.LR(step))
		correct = loss.Correct
	}
	fmt.Printf("%d parameters, %d of %d correct\n", store.Size(), correct, n)
	// Output: 106 parameters, 32 of 32 correct
}

// A language model with one LSTM layer learns a rhyme, and then says it from its first letter on.
func Example_languageModel() {
	const text = "how much wood would a woodchuck chuck if a woodchuck could chuck wood?"
	alphabet := ""
	for _, c := range text {
		if !strings.ContainsRune(alphabet, c) {
			alphabet += string(c)
		}
	}
	var letters []int32
	for _, c := range text {
		letters = append(letters, int32(strings.IndexRune(alphabet, c)))
	}

	const hidden = 48
	store := nn.NewStore(1)
	embedding := nn.NewEmbedding(store.Scope("embedding"), len(alphabet), hidden)
	lstm := nn.NewLSTM(store.Scope("lstm"), hidden, hidden)
	decoder := nn.NewTiedLinear(store.Scope("decoder"), embedding)
	opt := nn.Adam{Clip: 1}
	tape := autograd.NewTape()

	// read gives the logits of what follows each of the letters, from a state on, which becomes that after the last.
	read := func(letters []int32, state *nn.State) *autograd.Var {
		x := embedding.Forward(tape, letters, len(letters), 1, nil)
		y := lstm.ForwardFrom(tape, x, state)
		return decoder.Forward(tape, autograd.Reshape(tape, y, len(letters), hidden))
	}
	for range 200 {
		tape.Reset(autograd.Training)
		loss := autograd.CrossEntropy(tape, read(letters[:len(letters)-1], nil), letters[1:], 0)
		tape.Backward(loss.Var)
		opt.Step(tape, 0.01)
	}

	said, state := letters[:1:1], new(nn.State)
	for len(said) < len(letters) {
		tape.Reset(autograd.Inference)
		logits := read(said[len(said)-1:], state)
		best := 0
		for i, v := range logits.Value.Data[:len(alphabet)] {
			if v > logits.Value.Data[best] {
				best = i
			}
		}
		said = append(said, int32(best))
	}
	for _, l := range said {
		fmt.Print(string(alphabet[l]))
	}
	// Output: how much wood would a woodchuck chuck if a woodchuck could chuck wood?
}

// The classifier learns ten times as fast as the rest and does not decay, nor do biases.
func ExampleGroup() {
	opt := nn.AdamW{WeightDecay: 0.05, Groups: nn.GroupsByName(
		nn.NamedGroup{Pattern: "classifier.*", Group: nn.Group{LRScale: 10, DecayScale: 0}},
		nn.NamedGroup{Pattern: "*.bias", Group: nn.Group{LRScale: 1, DecayScale: 0}},
	)}
	for _, name := range []string{"classifier.bias", "features.0.bias", "features.0.weight"} {
		fmt.Println(name, opt.Groups(autograd.NewParam(name, 1)))
	}
	// Output:
	// classifier.bias {10 0}
	// features.0.bias {1 0}
	// features.0.weight {1 1}
}

// A checkpoint carries a model, its optimiser, and a state that is carried from step to step.
func ExampleSaveCheckpoint() {
	dir, err := os.MkdirTemp("", "checkpoint")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")

	training := func(units int) nn.Checkpoint {
		store := nn.NewStore(1)
		nn.NewLSTM(store.Scope("lstm"), 8, units)
		return nn.Checkpoint{Store: store, Optimizer: &nn.Adam{}, Extra: []tensor.Named{{Name: "hidden", Tensor: tensor.New(1, units)}}}
	}
	c := training(16)
	c.Metadata = map[string]string{"epoch": "3"}
	if err := nn.SaveCheckpoint(path, c); err != nil {
		fmt.Println(err)
		return
	}
	metadata, err := nn.LoadCheckpoint(path, training(16))
	fmt.Println(metadata, err)
	_, err = nn.LoadCheckpoint(path, training(32))
	fmt.Println(strings.TrimPrefix(err.Error(), path+": "))
	// Output:
	// map[epoch:3] <nil>
	// tensor "lstm.weight_ih_l0" has shape [8 64], want [8 128]
}
