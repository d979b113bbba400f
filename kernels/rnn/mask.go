package rnn

import (
	"fmt"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Mask fills m with the factors of a dropout that drops with probability p, 0 ≤ p < 1: zero, or 1/(1−p). It draws one number from
// rng for each factor. Of a whole [B][C] it makes a locked (variational) mask for all steps of a sequence (Gal and Ghahramani 2016,
// arXiv 1512.05287), of one factor for each row of a table the dropout of whole words.
func Mask(m []float32, p float64, rng *rand.Rand) {
	if !(p >= 0 && p < 1) {
		fault.Shape("rnn.Mask", fmt.Sprintf("probability %v", p), "0 ≤ p < 1")
	}
	kept := float32(1 / (1 - p))
	for i := range m {
		m[i] = 0
		if rng.Float64() >= p {
			m[i] = kept
		}
	}
}

// Dropout multiplies every step of x [T][B·C] with the mask [B·C]. The same function is its own backward pass. dst may be x.
func Dropout(dst, x, mask []float32) {
	if len(mask) == 0 || len(x)%len(mask) != 0 || len(dst) != len(x) {
		fault.Shape("rnn.Dropout", fmt.Sprintf("%d results of %d values and a mask of %d", len(dst), len(x), len(mask)),
			"as many results as values, a multiple of the mask")
	}
	vec.MulRow(dst, len(mask), x, len(mask), mask, len(x)/len(mask), false)
}
