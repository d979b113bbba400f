package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/tensor"
)

// model is a small network with every kind of layer.
type model struct {
	store *Store
	conv  *Conv2D
	norm  *BatchNorm2D
	head  *Linear
}

func newModel(seed uint64, channels int) *model {
	s := NewStore(seed)
	return &model{s, NewConv2D(s.Scope("conv"), conv.Square(3, channels, 3, 1)), NewBatchNorm2D(s.Scope("norm"), channels), NewLinear(s.Scope("head"), channels, 4)}
}

func (m *model) loss(tp *autograd.Tape, x tensor.Tensor, labels []int32) autograd.Loss {
	h := autograd.ReLU(tp, m.norm.Forward(tp, m.conv.Forward(tp, tp.Constant(x))))
	return autograd.CrossEntropy(tp, m.head.Forward(tp, autograd.GlobalAvgPool(tp, h)), labels, 0)
}

func batch() (tensor.Tensor, []int32) {
	rng := rand.New(rand.NewPCG(5, 6))
	x, labels := tensor.New(8, 5, 5, 3), make([]int32, 8)
	for i := range x.Data {
		x.Data[i] = float32(rng.NormFloat64())
	}
	for i := range labels {
		labels[i] = int32(i % 4)
	}
	return x, labels
}

func TestNoDecay(t *testing.T) {
	m := newModel(1, 4)
	m.head.Bias.NoDecay = true
	x, labels := batch()
	tp := autograd.NewTape()
	tp.Reset(autograd.Training)
	tp.Backward(m.loss(tp, x, labels).Var)
	before, g := slices.Clone(m.head.Bias.Value.Data), m.head.Bias.Grad.Data
	o := SGD{WeightDecay: 10}
	o.Step(tp, 0.1)
	for i, v := range m.head.Bias.Value.Data {
		if math.Abs(float64(v-(before[i]-0.1*g[i]))) > 1e-6 {
			t.Fatalf("bias %d went from %v to %v with gradient %v: it was decayed", i, before[i], v, g[i])
		}
	}
}

// Moments of what the initialisers draw, and that a parameter depends on the seed and its name alone.
func TestInitialisers(t *testing.T) {
	s := NewStore(1)
	w := s.Scope("w").Param("weight", KaimingUniform, 3, 3, 20, 30).Value.Data
	bound := 1 / math.Sqrt(9*20)
	var sum, sq float64
	for _, v := range w {
		sum, sq = sum+float64(v), sq+float64(v)*float64(v)
		if math.Abs(float64(v)) > bound {
			t.Fatalf("%v is beyond ±%v", v, bound)
		}
	}
	n := float64(len(w))
	if mean, variance := sum/n, sq/n; math.Abs(mean) > 5*bound/math.Sqrt(n) || math.Abs(variance/(bound*bound/3)-1) > 0.05 {
		t.Errorf("mean %v, variance %v, want 0 and %v", mean, variance, bound*bound/3)
	}
	h := s.Scope("h").Param("weight", HeNormalFanOut, 3, 3, 20, 30).Value.Data
	sq = 0
	for _, v := range h {
		sq += float64(v) * float64(v)
	}
	if want := 2.0 / (9 * 30); math.Abs(sq/n/want-1) > 0.08 {
		t.Errorf("variance %v, want %v", sq/n, want)
	}
	other := NewStore(1)
	other.Scope("first").Param("weight", KaimingUniform, 7, 7)
	if !slices.Equal(w, other.Scope("w").Param("weight", KaimingUniform, 3, 3, 20, 30).Value.Data) {
		t.Error("a parameter depends on those made before it")
	}
	if slices.Equal(w, NewStore(2).Scope("w").Param("weight", KaimingUniform, 3, 3, 20, 30).Value.Data) {
		t.Error("the seed does not matter")
	}
	defer func() {
		if recover() == nil {
			t.Error("two parameters of one name were accepted")
		}
	}()
	s.Scope("w").Param("weight", KaimingUniform, 1, 1)
}
