package tensor

import (
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Uniform returns a tensor of independent draws between lo and hi.
func Uniform(rng *rand.Rand, lo, hi float64, shape ...int) Tensor {
	return random("tensor.Uniform", rng, func() float64 { return lo + float64((hi-lo)*rng.Float64()) }, shape)
}

// Normal returns a tensor of independent draws from a normal distribution.
func Normal(rng *rand.Rand, mean, std float64, shape ...int) Tensor {
	return random("tensor.Normal", rng, func() float64 { return mean + float64(std*rng.NormFloat64()) }, shape)
}

// random returns a tensor of draws, in the order of the elements: a conversion around each product keeps its rounding, and so the same
// bits on machines that multiply and add in one.
func random(op string, rng *rand.Rand, draw func() float64, shape []int) Tensor {
	if rng == nil {
		fault.Shape(op, "no source of random numbers, but nil", "a rand.Rand: rand.New(rand.NewPCG(seed, 0))")
	}
	t := New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(draw())
	}
	return t
}
