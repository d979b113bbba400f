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
	return drawn(func(rng *rand.Rand) float64 { return (2*rng.Float64() - 1) * bound })
}

// Normal draws from a normal distribution around zero.
func Normal(std float64) Init {
	return drawn(func(rng *rand.Rand) float64 { return rng.NormFloat64() * std })
}

// drawn fills with independent draws.
func drawn(draw func(*rand.Rand) float64) Init {
	return func(rng *rand.Rand, t tensor.Tensor) {
		for i := range t.Data {
			t.Data[i] = float32(draw(rng))
		}
	}
}

// KaimingUniform is PyTorch's default for convolutions and linear layers (He et al. 2015 with a = √5): uniform within
// ±1/√fan-in.
func KaimingUniform(rng *rand.Rand, t tensor.Tensor) {
	in, _ := fans(t)
	Uniform(1/math.Sqrt(float64(in)))(rng, t)
}

// HeNormalFanOut draws from a normal distribution with variance 2/fan-out (He et al. 2015, for the backward pass), where the
// fan-out of a k×k convolution to C channels is k²·C, depthwise or not, as ProxylessNAS has it.
func HeNormalFanOut(rng *rand.Rand, t tensor.Tensor) {
	_, out := fans(t)
	Normal(math.Sqrt(2/float64(out)))(rng, t)
}

// XavierUniform is uniform within ±√(6/(fan-in + fan-out)) (Glorot and Bengio 2010).
func XavierUniform(rng *rand.Rand, t tensor.Tensor) {
	in, out := fans(t)
	Uniform(math.Sqrt(6/float64(in+out)))(rng, t)
}

// TruncatedNormal draws from a normal distribution with variance 1/fan-in, and draws again what lies more than two standard
// deviations off, which leaves a standard deviation of 0.88 of that: the initialiser of NAS-Bench-101.
func TruncatedNormal(rng *rand.Rand, t tensor.Tensor) {
	in, _ := fans(t)
	std := 1 / math.Sqrt(float64(in))
	drawn(func(rng *rand.Rand) float64 {
		for {
			if v := rng.NormFloat64(); math.Abs(v) <= 2 {
				return v * std
			}
		}
	})(rng, t)
}

// sumOfTwo adds up two draws of an initialiser.
func sumOfTwo(init Init) Init {
	return func(rng *rand.Rand, t tensor.Tensor) {
		init(rng, t)
		second := tensor.New(t.Shape()...)
		init(rng, second)
		for i, v := range second.Data {
			t.Data[i] += v
		}
	}
}

// fans returns the number of inputs and outputs that one weight tensor connects.
func fans(t tensor.Tensor) (in, out int) {
	receptive := 1
	for i := range t.Rank() - 2 {
		receptive *= t.Dim(i)
	}
	return receptive * t.Dim(-2), receptive * t.Dim(-1)
}
