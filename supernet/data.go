package supernet

import (
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Batch is what one forward pass reads: images, or a stretch of text, time first.
type Batch struct {
	Images  tensor.Tensor // [N][H][W][C]
	Tokens  []int32       // [T][B], t-th word of column b at t·B + b
	T, B    int           // of Tokens
	Targets []int32       // the class of each image, or the word that follows each token
	// First says that the text begins anew: the hidden state starts from zeros.
	First bool
	// RateScale multiplies the learning rate of the step: the length of the sequence relative to the usual one. 1 for images.
	RateScale float64
}

// Data is what a model is trained and scored on. It is not safe for use by several goroutines.
type Data interface {
	// EpochEnd is the number of training steps in the epochs from 0 up to and including the given one.
	EpochEnd(batch int, seed uint64, epoch int) int
	// Train fills dst with the batch of a training step: a pure function of its arguments.
	Train(dst *Batch, batch int, seed uint64, step int)
	// Calibrate fills dst with the i-th batch of training data, augmented as in training, to find the statistics of batch
	// norms on: a pure function of its arguments.
	Calibrate(dst *Batch, batch int, seed uint64, i int)
	// Eval fills dst with the i-th batch of the data to score on, the last of which may be smaller; false if there is none.
	Eval(dst *Batch, batch, i int) bool
}

// Streams of random numbers. Everything random in step i is drawn from streams seeded by the seed and i.
const (
	streamArch = iota + 1
	streamOrder
	streamAugment
	streamCalibration
	streamDropout
	streamLength
	streamValidation
	streamCopies
)

// stream is a generator that is seeded again and again.
type stream struct {
	pcg rand.PCG
	rng *rand.Rand // draws from pcg
}

// of returns the i-th stream of a kind, valid until the next call.
func (s *stream) of(seed uint64, which, i int) *rand.Rand {
	if s.rng == nil {
		s.rng = rand.New(&s.pcg)
	}
	s.pcg.Seed(seed, uint64(which)<<56|uint64(i))
	return s.rng
}
