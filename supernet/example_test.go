package supernet_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/supernet"
)

// colours is a set of 8×8 images of three classes: the channel that is bright.
type colours int

func (c colours) Len() int                          { return int(c) }
func (colours) Shape() (height, width, ch, cls int) { return 8, 8, 3, 3 }

func (colours) Batch(x []float32, labels []int32, idx []int32, key uint64) {
	for i, image := range idx {
		rng := rand.New(rand.NewPCG(uint64(image), key))
		labels[i] = image % 3
		for p := range 8 * 8 * 3 {
			x[i*8*8*3+p] = float32(rng.NormFloat64())
			if p%3 == int(labels[i]) {
				x[i*8*8*3+p] += 2
			}
		}
	}
}

// A supernet is trained, another architecture in each step; then it scores architectures that it may never have been before.
func Example() {
	space := nasbench201.Space{Channels: 4, Cells: 1, Classes: 3, Image: 8}
	model := supernet.NewNASBench201(space, 1, nil)
	data := supernet.NewImages(colours(96), colours(48))
	trainer, err := supernet.NewTrainer(model, supernet.Uniform(space), data, supernet.TrainConfig{Epochs: 8, Batch: 16, LR: 0.1, Momentum: 0.9, Clip: 5})
	if err != nil {
		fmt.Println(err)
		return
	}
	for !trainer.Done() {
		if _, err := trainer.Step(); err != nil {
			fmt.Println(err)
			return
		}
	}
	evaluator, err := supernet.NewEvaluator(model, data, supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 2, CalBatch: 32, Batch: 48})
	if err != nil {
		fmt.Println(err)
		return
	}
	arch, err := space.Parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|nor_conv_1x1~2|")
	if err != nil {
		fmt.Println(err)
		return
	}
	score, err := evaluator.Evaluate(arch)
	fmt.Println("better than nine in ten:", score.Value > 0.9, err)
	// Output: better than nine in ten: true <nil>
}

// Training one architecture alone is the same code: a model of that architecture only, and a sampler that draws no other.
func ExampleFixed() {
	space := nasbench201.Space{Channels: 4, Cells: 1, Classes: 3, Image: 8}
	arch := nasbench201.FromOrdinal(12345)
	model := supernet.NewNASBench201(space, 1, &arch)
	trainer, err := supernet.NewTrainer(model, supernet.Fixed{Arch: arch}, supernet.NewImages(colours(96), colours(48)), supernet.TrainConfig{Epochs: 1, Batch: 16, LR: 0.1})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := trainer.Step()
	fmt.Println(result.Archs, result.Targets, err)
	fmt.Println(model.Activate(nasbench201.FromOrdinal(1)))
	// Output:
	// [|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|] 16 <nil>
	// supernet: this network was made for |nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2| alone and has no weights for |none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|
}

// In a part of a space a fair sampler uses each value that is left equally often in each step.
func ExampleFair() {
	part, err := spaces.Keep(nasbench201.New(), map[string][]string{"0_1": {"nor_conv_1x1", "nor_conv_3x3"}, "2_3": {"skip_connect"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	sampler, err := supernet.Fair(part)
	if err != nil {
		fmt.Println(err)
		return
	}
	paths := sampler.Paths(nil, rand.New(rand.NewPCG(1, 2)), 0)
	values := make(map[int]int) // of the edge from node 0 to node 2, which has all five
	for _, a := range paths {
		values[a.Values()[1]]++
	}
	fmt.Println(len(paths), "paths:", values)
	// Output: 5 paths: map[0:1 1:1 2:1 3:1 4:1]
}

// Text is read in columns; the hidden state is carried from one stretch to the next.
func ExampleText() {
	words := []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	text := &supernet.Text{TrainStream: words, EvalStream: words, BPTT: 2}
	var b supernet.Batch
	for step := range text.EpochEnd(2, 1, 0) {
		text.Train(&b, 2, 1, step)
		fmt.Println(b.T, "words of", b.B, "columns:", b.Tokens, "then", b.Targets, "first:", b.First)
	}
	model := supernet.NewDARTSPTB(dartsptb.Space{Hidden: 4, Words: 10}, supernet.DARTSPTBOptions{}, 1, nil)
	evaluator, err := supernet.NewEvaluator(model, text, supernet.EvalConfig{BN: supernet.NoBatchNorm, Batch: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	score, err := evaluator.Evaluate(dartsptb.Arch{})
	fmt.Printf("perplexity of a model that has learnt nothing: %.0f, %v\n", -score.Value, err)
	// Output:
	// 2 words of 2 columns: [0 5 1 6] then [1 6 2 7] first: true
	// 2 words of 2 columns: [2 7 3 8] then [3 8 4 9] first: false
	// perplexity of a model that has learnt nothing: 10, <nil>
}
