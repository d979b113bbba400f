package nn

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

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

// Default is what PyTorch's convolutions and linear layers start with: uniform within ±1/√fan-in, which is kaiming_uniform_ with a
// slope of √5.
func Default(rng *rand.Rand, t tensor.Tensor) {
	in, _ := fans(t)
	Uniform(1/math.Sqrt(float64(in)))(rng, t)
}

// Fan says which connections of a weight keep the variance of what they carry.
type Fan bool

const (
	FanIn  Fan = false // of an output to all inputs: activations keep it on their way forward
	FanOut Fan = true  // of an input to all outputs: gradients keep it on their way back
)

// of is the number of connections. The fan-out of a k×k convolution to C channels is k²·C, depthwise or not, as in PyTorch.
func (f Fan) of(t tensor.Tensor) float64 {
	in, out := fans(t)
	if f == FanOut {
		return float64(out)
	}
	return float64(in)
}

// KaimingUniform is uniform within ±√(6/((1+slope²)·fan)), for the weight behind a leaky ReLU of the given slope; 0 is a ReLU (He et al.
// 2015, arXiv 1502.01852).
func KaimingUniform(fan Fan, slope float64) Init {
	return func(rng *rand.Rand, t tensor.Tensor) {
		Uniform(math.Sqrt(6/((1+slope*slope)*fan.of(t))))(rng, t)
	}
}

// KaimingNormal draws from a normal distribution with variance 2/((1+slope²)·fan): see [KaimingUniform].
func KaimingNormal(fan Fan, slope float64) Init {
	return func(rng *rand.Rand, t tensor.Tensor) {
		Normal(math.Sqrt(2/((1+slope*slope)*fan.of(t))))(rng, t)
	}
}

// XavierUniform is uniform within ±gain·√(6/(fan-in + fan-out)) (Glorot and Bengio 2010). The gain of tanh is 5/3, that of sigmoid 1.
func XavierUniform(gain float64) Init {
	return func(rng *rand.Rand, t tensor.Tensor) {
		in, out := fans(t)
		Uniform(gain*math.Sqrt(6/float64(in+out)))(rng, t)
	}
}

// XavierNormal draws from a normal distribution with variance 2·gain²/(fan-in + fan-out): see [XavierUniform].
func XavierNormal(gain float64) Init {
	return func(rng *rand.Rand, t tensor.Tensor) {
		in, out := fans(t)
		Normal(gain*math.Sqrt(2/float64(in+out)))(rng, t)
	}
}

// TruncatedNormal draws from a normal distribution, and draws again what lies more than bound from zero. PyTorch's trunc_normal_ has a
// bound of 2 whatever the standard deviation, others one of two standard deviations.
func TruncatedNormal(std, bound float64) Init {
	return drawn(func(rng *rand.Rand) float64 {
		for {
			if v := rng.NormFloat64() * std; math.Abs(v) <= bound {
				return v
			}
		}
	})
}

// TruncatedNormalFanIn is TruncatedNormal with variance 1/fan-in and a bound of two standard deviations, which leaves a standard
// deviation of 0.88 of that: the initialiser of NAS-Bench-101.
func TruncatedNormalFanIn(rng *rand.Rand, t tensor.Tensor) {
	in, _ := fans(t)
	std := 1 / math.Sqrt(float64(in))
	TruncatedNormal(std, 2*std)(rng, t)
}

// Orthogonal makes the weight, as a matrix from all that one output reads to the outputs, gain times a random one with orthonormal columns,
// or rows if it has fewer of those (Saxe et al. 2014, arXiv 1312.6120).
func Orthogonal(gain float64) Init {
	return func(rng *rand.Rand, t tensor.Tensor) {
		// The vectors are columns of the matrix, c apart, or its rows.
		c := t.Dim(-1)
		r := t.Len() / max(c, 1)
		n, count, step, stride := r, c, 1, c
		if r < c {
			n, count, step, stride = c, r, c, 1
		}
		vectors := make([][]float64, count)
		for i := range vectors {
			vectors[i] = make([]float64, n)
			for j := range vectors[i] {
				vectors[i][j] = rng.NormFloat64()
			}
			orthonormalise(vectors[i], vectors[:i])
			for j, v := range vectors[i] {
				t.Data[i*step+j*stride] = float32(gain * v)
			}
		}
	}
}

// orthonormalise takes the shares of orthonormal vectors out of v, twice, since what rounding leaves the first time is not small against
// what is left of v, and gives it length 1.
func orthonormalise(v []float64, others [][]float64) {
	dot := func(a, b []float64) float64 {
		var sum float64
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	for range 2 {
		for _, o := range others {
			share := dot(v, o)
			for i := range v {
				v[i] -= share * o[i]
			}
		}
	}
	length := math.Sqrt(dot(v, v))
	for i := range v {
		v[i] /= length
	}
}

// inits are the initialisers that have a name, as PyTorch's torch.nn.init calls them.
var inits = map[string]Init{
	"default":                 Default,
	"zeros":                   Constant(0),
	"ones":                    Constant(1),
	"xavier_uniform":          XavierUniform(1),
	"xavier_normal":           XavierNormal(1),
	"kaiming_uniform":         KaimingUniform(FanIn, 0),
	"kaiming_normal":          KaimingNormal(FanIn, 0),
	"kaiming_uniform_fan_out": KaimingUniform(FanOut, 0),
	"kaiming_normal_fan_out":  KaimingNormal(FanOut, 0),
	"orthogonal":              Orthogonal(1),
	"trunc_normal":            TruncatedNormal(0.02, 0.04),
}

// InitByName returns an initialiser by its name, for a flag or a file of settings: default, zeros, ones, xavier_uniform, xavier_normal,
// kaiming_uniform, kaiming_normal and both with _fan_out, orthogonal, or trunc_normal (standard deviation 0.02, cut off at two of it).
func InitByName(name string) (Init, error) {
	if init := inits[name]; init != nil {
		return init, nil
	}
	return nil, fmt.Errorf("nn: no initialiser is called %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(inits)), ", "))
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
