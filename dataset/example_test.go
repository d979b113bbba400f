package dataset_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing/fstest"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/tensor"
)

// A batch of augmented training images, and the same again.
func Example() {
	train, test := dataset.Generate(1, 1200).Split(1000, 1)
	batches := dataset.NewLoader(train, dataset.Augment{Pad: 4, Flip: true})

	idx := []int32{0, 10, 200, 999}
	x, again := make([]float32, len(idx)*32*32*3), make([]float32, len(idx)*32*32*3)
	labels := make([]int32, len(idx))
	batches.Batch(x, labels, idx, 17)
	batches.Batch(again, labels, idx, 17) // the same key: the same shifts and flips

	fmt.Println(train.Len(), test.Len(), test.Counts())
	fmt.Println(train.Classes[labels[0]])
	fmt.Println(x[500] == again[500])
	// Output:
	// 1000 200 [20 20 20 20 20 20 20 20 20 20]
	// fine stripes
	// true
}

// Two epochs, in other orders and with other shifts and flips; then the test set, in order and as it is.
func ExampleLoader_Epoch() {
	train, test := dataset.Generate(1, 1200).Split(1000, 1)
	rng := rand.New(rand.NewPCG(1, 2))
	for epoch := range 2 {
		sizes := map[int]int{}
		for batch := range dataset.NewLoader(train, dataset.Augment{Pad: 4, Flip: true}).Epoch(64, rng) {
			sizes[batch.Images.Dim(0)]++
		}
		fmt.Println("epoch", epoch, "has so many batches of each size:", sizes)
	}
	for batch := range dataset.NewLoader(test, dataset.Augment{}).Epoch(100, nil) {
		fmt.Println(batch.Images.Shape(), batch.Labels[:10])
	}
	// Output:
	// epoch 0 has so many batches of each size: map[40:1 64:15]
	// epoch 1 has so many batches of each size: map[40:1 64:15]
	// [100 32 32 3] [3 7 6 0 5 3 7 9 1 2]
	// [100 32 32 3] [1 6 8 6 9 3 4 4 8 4]
}

// Examples of one's own: sums to learn, made by two goroutines.
func ExampleBatches() {
	type sums struct {
		x tensor.Tensor // [N][2]
		y tensor.Tensor // [N][1]
	}
	load := func(idx []int32, rng *rand.Rand) (sums, error) {
		s := sums{tensor.New(len(idx), 2), tensor.New(len(idx), 1)}
		for i := range idx {
			a, b := rng.Float32(), rng.Float32()
			s.x.Set(a, i, 0)
			s.x.Set(b, i, 1)
			s.y.Set(a+b, i, 0)
		}
		return s, nil
	}
	pass := dataset.Pass{Len: 10, Batch: 4, Rand: rand.New(rand.NewPCG(1, 2)), Workers: 2}
	for batch, err := range dataset.Batches(pass, load) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.x.Shape(), batch.y.Shape())
	}
	// Output:
	// [4 2] [4 1]
	// [4 2] [4 1]
	// [2 2] [2 1]
}

// A text is cut into columns, which are read side by side.
func ExampleSegments() {
	text, err := dataset.ReadText(fstest.MapFS{"a.txt": {Data: []byte("to be or not to be")}}, "a.txt", "", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	for tokens, targets := range dataset.Segments(text.Train, 2, 2) { // the columns are: to be or; not to be
		for i, token := range tokens {
			fmt.Printf("%s > %s; ", text.Words[token], text.Words[targets[i]])
		}
	}
	fmt.Println()
	// Output: to > be; not > to; be > or; to > be;
}

// What is missing is said together with where to get it.
func ExampleReadCIFAR10() {
	_, _, err := dataset.ReadCIFAR10("no-such-directory")
	fmt.Println(err)
	// Output:
	// dataset: CIFAR-10 needs no-such-directory/data_batch_1.bin: no such file or directory; get cifar-10-binary.tar.gz ("CIFAR-10 binary version") from https://www.cs.toronto.edu/~kriz/cifar.html and unpack it, then name the directory that holds cifar-10-batches-bin
}

// The layout of ImageNet: a training and a validation directory with the same classes. Up to ten pictures may be damaged.
func ExampleReadPictures() {
	damaged := dataset.Unreadable{Most: 10}
	train, test, err := dataset.ReadPictures(context.Background(), "no-such-directory", 32, &damaged)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train.Len(), test.Len(), damaged.Files)
	// Output: dataset: pictures: stat no-such-directory: no such file or directory
}

// Sentences of the generated language, and how much of it is chance.
func ExampleGenerateText() {
	text := dataset.GenerateText(2, 40, 10000, 0)
	var sentence []string
	for _, token := range text.Train {
		if word := text.Words[token]; word != dataset.EOS {
			sentence = append(sentence, word)
			continue
		}
		fmt.Println(strings.Join(sentence, " "))
		sentence = sentence[:0]
	}
	entropy, _ := dataset.GeneratedEntropy(text.Valid)
	fmt.Printf("no model can have a perplexity below %.2f\n", math.Exp(entropy))
	// Output:
	// often once here
	// ( [ ( [ ] ) ] )
	// [ ]
	// tree grows
	// b : b
	// ( [ ( ) ] )
	// horse here runs
	// [ ]
	// a a a e : a a a e
	// no model can have a perplexity below 3.35
}
