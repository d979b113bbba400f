package nn

import (
	"math"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Init fills a new parameter. Weights are [kh][kw][cin][cout] or [in][out].
type Init func(rng *rand.Rand, t tensor.Tensor)

// Constant fills with v.
func Constant(v float32) Init { return func(_ *rand.Rand, t tensor.Tensor) { t.Fill(v) } }

// Uniform draws from [−bound, bound).
func Uniform(bound float64) Init {
	return func(rng *rand.Rand, t tensor.Tensor) {
		for i := range t.Data {
			t.Data[i] = float32((2*rng.Float64() - 1) * bound)
		}
	}
}

// Normal draws from a normal distribution around zero.
func Normal(std float64) Init {
	return func(rng *rand.Rand, t tensor.Tensor) {
		for i := range t.Data {
			t.Data[i] = float32(rng.NormFloat64() * std)
		}
	}
}

// KaimingUniform is PyTorch's default for convolutions and linear layers (He et al. 2015 with a = √5): uniform within
// ±1/√fan-in.
func KaimingUniform(rng *rand.Rand, t tensor.Tensor) {
	in, _ := fans(t)
	Uniform(1/math.Sqrt(float64(in)))(rng, t)
}

// HeNormalFanOut draws from a normal distribution with variance 2/fan-out (He et al. 2015, for the backward pass).
func HeNormalFanOut(rng *rand.Rand, t tensor.Tensor) {
	_, out := fans(t)
	Normal(math.Sqrt(2/float64(out)))(rng, t)
}

// fans returns the number of inputs and outputs that one weight tensor connects.
func fans(t tensor.Tensor) (in, out int) {
	receptive := 1
	for i := range t.Rank() - 2 {
		receptive *= t.Dim(i)
	}
	return receptive * t.Dim(-2), receptive * t.Dim(-1)
}
