package bench

import (
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/supernet"
)

// noise is a set of images of normally distributed pixels: what is in the pictures does not matter to the clock.
type noise struct {
	pixels           []float32
	n, size, classes int
}

func newNoise(n, size, classes int) *noise {
	rng := rand.New(rand.NewPCG(1, 2))
	s := &noise{make([]float32, n*size*size*3), n, size, classes}
	for i := range s.pixels {
		s.pixels[i] = float32(rng.NormFloat64())
	}
	return s
}

func (s *noise) Len() int                      { return s.n }
func (s *noise) Shape() (h, w, c, classes int) { return s.size, s.size, 3, s.classes }

func (s *noise) Batch(x []float32, labels []int32, idx []int32, _ uint64) {
	size := s.size * s.size * 3
	for i, j := range idx {
		copy(x[i*size:][:size], s.pixels[int(j)*size:])
		labels[i] = j % int32(s.classes)
	}
}

// images is one batch of noise, again and again.
func images(batch, size, classes int) supernet.Data {
	s := newNoise(batch, size, classes)
	return supernet.NewImages(s, s)
}

// text is random words, sequences of t of them in each of batch columns.
func text(batch, t, words int) supernet.Data {
	rng := rand.New(rand.NewPCG(3, 4))
	stream := make([]int32, batch*(2*t+2))
	for i := range stream {
		stream[i] = int32(rng.IntN(words))
	}
	return &supernet.Text{TrainStream: stream, EvalStream: stream, BPTT: t}
}
