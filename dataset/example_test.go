package dataset_test

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/oneshot-nas/oneshot/dataset"
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

// What is missing is said together with where to get it.
func ExampleReadCIFAR10() {
	_, _, err := dataset.ReadCIFAR10("no-such-directory")
	fmt.Println(err)
	// Output:
	// dataset: CIFAR-10 needs open no-such-directory/data_batch_1.bin: no such file or directory; get cifar-10-binary.tar.gz ("CIFAR-10 binary version") from https://www.cs.toronto.edu/~kriz/cifar.html and unpack it, then name the directory that holds cifar-10-batches-bin
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
