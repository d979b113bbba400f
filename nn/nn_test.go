package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// model is a small network.
type model struct {
	store *Store
	conv  *Conv2D
	norm  *BatchNorm2D
	head  *Linear
}

func newModel(seed uint64, channels int) *model {
	s := NewStore(seed)
	return &model{
		s, NewConv2D(s.Scope("conv"), 3, channels, 3, Padding(1), NoBias), NewBatchNorm2D(s.Scope("norm"), channels),
		NewLinear(s.Scope("head"), channels, 4),
	}
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

// Moments and bounds of what the initialisers draw.
func TestInitialisers(t *testing.T) {
	s := NewStore(1)
	const in, out = 9 * 20, 9 * 30                                                       // of a 3×3 convolution of 20 channels to 30
	truncated := math.Sqrt(1 - 4*math.Exp(-2)/math.Sqrt(2*math.Pi)/math.Erf(math.Sqrt2)) // of a standard normal distribution within ±2
	for _, tc := range []struct {
		name       string
		init       Init
		std, bound float64
	}{
		{"default", Default, 1 / math.Sqrt(3*in), 1 / math.Sqrt(in)},
		{"kaiming uniform", KaimingUniform(FanIn, 0.2), math.Sqrt(2 / (1.04 * in)), math.Sqrt(6 / (1.04 * in))},
		{"kaiming uniform fan-out", KaimingUniform(FanOut, 0), math.Sqrt(2.0 / out), math.Sqrt(6.0 / out)},
		{"kaiming normal", KaimingNormal(FanIn, 0.2), math.Sqrt(2 / (1.04 * in)), math.Inf(1)},
		{"kaiming normal fan-out", KaimingNormal(FanOut, 0), math.Sqrt(2.0 / out), math.Inf(1)},
		{"xavier uniform", XavierUniform(3), 3 * math.Sqrt(2.0/(in+out)), 3 * math.Sqrt(6.0/(in+out))},
		{"xavier normal", XavierNormal(3), 3 * math.Sqrt(2.0/(in+out)), math.Inf(1)},
		{"truncated", TruncatedNormal(0.02, 0.04), 0.02 * truncated, 0.04},
		{"truncated fan-in", TruncatedNormalFanIn, truncated / math.Sqrt(in), 2 / math.Sqrt(in)},
		{"uniform", Uniform(0.04), 0.04 / math.Sqrt(3), 0.04},
		{"normal", Normal(0.5), 0.5, math.Inf(1)},
		{"sum", sumOfTwo(Uniform(0.5)), 0.5 * math.Sqrt(2.0/3), 1},
	} {
		w := s.Scope(tc.name).Weight("weight", OIHW, tc.init, 3, 3, 20, 30).Value.Data
		var sum, sq, largest float64
		for _, v := range w {
			sum, sq, largest = sum+float64(v), sq+float64(v)*float64(v), max(largest, math.Abs(float64(v)))
		}
		n := float64(len(w))
		if mean, std := sum/n, math.Sqrt(sq/n); math.Abs(mean) > 4*tc.std/math.Sqrt(n) || math.Abs(std/tc.std-1) > 0.04 {
			t.Errorf("%s: mean %v, standard deviation %v, want 0 and %v", tc.name, mean, std, tc.std)
		}
		if largest > float64(float32(tc.bound)) || !math.IsInf(tc.bound, 1) && largest < 0.95*tc.bound {
			t.Errorf("%s: values up to %v, want ±%v", tc.name, largest, tc.bound)
		}
	}
	// The groups of a depthwise convolution do not count: N(0, 2/(k²·C)).
	var sq float64
	w := s.Scope("depthwise").Weight("weight", OIHW, KaimingNormal(FanOut, 0), 5, 5, 1, 200).Value.Data
	for _, v := range w {
		sq += float64(v) * float64(v) / float64(len(w))
	}
	if want := 2.0 / (25 * 200); math.Abs(sq/want-1) > 0.1 {
		t.Errorf("depthwise: variance %v, want %v", sq, want)
	}
}

func TestOrthogonal(t *testing.T) {
	s := NewStore(1)
	for _, shape := range [][]int{{5, 9}, {9, 5}, {3, 3, 4, 8}, {1, 1, 7, 7}, {1, 1, 2, 30}} {
		w := s.Scope(fmt.Sprint(shape)).Param("weight", Orthogonal(3), shape...).Value
		c := w.Dim(-1)
		r := w.Len() / c
		for i := range min(r, c) {
			for j := range min(r, c) {
				var dot, want float64
				if i == j {
					want = 9
				}
				for k := range max(r, c) {
					if r < c {
						dot += float64(w.Data[i*c+k]) * float64(w.Data[j*c+k])
					} else {
						dot += float64(w.Data[k*c+i]) * float64(w.Data[k*c+j])
					}
				}
				if math.Abs(dot-want) > 1e-5 {
					t.Errorf("%v: vectors %d and %d have the product %v, want %v", shape, i, j, dot, want)
				}
			}
		}
	}
}

func TestInitByName(t *testing.T) {
	a, b := tensor.New(3, 4), tensor.New(3, 4)
	init, err := InitByName("xavier_normal")
	if err != nil {
		t.Fatal(err)
	}
	init(rand.New(rand.NewPCG(1, 2)), a)
	XavierNormal(1)(rand.New(rand.NewPCG(1, 2)), b)
	if !slices.Equal(a.Data, b.Data) {
		t.Errorf("xavier_normal gives %v, want %v", a.Data, b.Data)
	}
	if _, err := InitByName("he"); err == nil || !strings.Contains(err.Error(), `"he"; there are default, kaiming_normal, `) {
		t.Errorf("error %v", err)
	}
}

// A parameter depends on the seed and its name alone.
func TestStreams(t *testing.T) {
	draw := func(s *Store) []float32 { return s.Scope("w").Param("weight", Default, 3, 3, 20, 30).Value.Data }
	s, other := NewStore(1), NewStore(1)
	w := draw(s)
	other.Scope("first").Param("weight", Default, 7, 7)
	if !slices.Equal(w, draw(other)) {
		t.Error("a parameter depends on those made before it")
	}
	if slices.Equal(w, draw(NewStore(2))) {
		t.Error("the seed does not matter")
	}
	mustPanic(t, "two parameters of one name", func() { draw(s) })
	mustPanic(t, "a name that checkpoints need", func() { s.Scope("a#b").Buffer("c", 0, 1) })
}

func TestScopes(t *testing.T) {
	s := NewStore(1)
	root := s.Scope("").Init(Constant(2), nil)
	c := NewConv2D(root.Sub("stem").Sub("0"), 3, 4, 3, Padding(1))
	if c.Weight.Name != "stem.0.weight" || c.Bias.Name != "stem.0.bias" {
		t.Errorf("parameters are called %q and %q", c.Weight.Name, c.Bias.Name)
	}
	if c.Weight.Value.Data[5] != 2 || c.Bias.Value.Data[1] == 2 || c.Bias.Value.Data[1] == 0 {
		t.Errorf("the initialiser of weights gave the weight %v and the bias %v", c.Weight.Value.Data[5], c.Bias.Value.Data[1])
	}
	l := NewLinear(root.Sub("classifier").Init(XavierUniform(1), Constant(0)), 4, 5)
	if l.Weight.Value.Data[5] == 2 || l.Bias.Value.Data[1] != 0 {
		t.Errorf("other initialisers gave the weight %v and the bias %v", l.Weight.Value.Data[5], l.Bias.Value.Data[1])
	}
	if b := NewBatchNorm2D(root.Sub("norm"), 3); b.State.Gamma.Value.Data[0] != 1 {
		t.Errorf("a batch norm starts with a scale of %v", b.State.Gamma.Value.Data[0])
	}
}

// What is frozen stays to the bit: parameters, running statistics and what optimiser and averages remember, while the rest is trained.
func TestFreeze(t *testing.T) {
	m := newModel(1, 4)
	x, labels := batch()
	tp, opt, ema := autograd.NewTape(), &Adam{WeightDecay: 0.1}, NewEMA(m.store, 0.9)
	step := func() map[string][]float32 {
		before := make(map[string][]float32)
		for _, n := range m.store.named() {
			before[n.Name] = slices.Clone(n.Tensor.Data)
		}
		tp.Reset(autograd.Training)
		tp.Backward(m.loss(tp, x, labels).Var)
		opt.Step(tp, 0.1)
		ema.Update(tp)
		return before
	}
	check := func(what string, frozen func(name string) bool) {
		t.Helper()
		before := step()
		for _, n := range m.store.named() {
			if slices.Equal(before[n.Name], n.Tensor.Data) != frozen(n.Name) {
				t.Errorf("%s: %s stays: %v", what, n.Name, !frozen(n.Name))
			}
		}
	}
	m.store.Freeze("conv", "norm")
	check("all but the head frozen", func(name string) bool { return !strings.HasPrefix(name, "head") })
	if state := opt.State(m.conv.Weight); state != nil {
		t.Errorf("the optimiser remembers %v of a frozen parameter", state)
	}
	m.store.Unfreeze("")
	m.store.Freeze("head.bias")
	check("a bias frozen", func(name string) bool { return name == "head.bias" })
	mustPanic(t, "a scope that is none", func() { m.store.Freeze("heads") })
}
