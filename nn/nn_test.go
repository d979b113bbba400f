package nn

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// SGD against torch.optim.SGD as its documentation defines it, in float64.
func TestSGDAgainstDefinition(t *testing.T) {
	for _, o := range []SGD{
		{}, {Momentum: 0.9}, {Momentum: 0.9, Nesterov: true, WeightDecay: 1e-2}, {Momentum: 0.8, WeightDecay: 0.1, Clip: 0.05},
	} {
		m := newModel(1, 4)
		x, labels := batch()
		p := m.head.Weight
		want, velocity := make([]float64, p.Value.Len()), make([]float64, p.Value.Len())
		for i, v := range p.Value.Data {
			want[i] = float64(v)
		}
		tp := autograd.NewTape()
		for step := range 4 {
			tp.Reset(autograd.Training)
			tp.Backward(m.loss(tp, x, labels).Var)
			var norm float64
			for _, q := range m.store.Params {
				for _, g := range q.Grad.Data {
					norm += float64(g) * float64(g)
				}
			}
			norm = math.Sqrt(norm)
			scale := 1.0
			if o.Clip > 0 && norm > o.Clip {
				scale = o.Clip / (norm + 1e-6)
			}
			const lr = 0.3
			for i, g := range p.Grad.Data {
				d := float64(g)*scale + o.WeightDecay*want[i]
				velocity[i] = o.Momentum*velocity[i] + d
				if o.Nesterov {
					d += o.Momentum * velocity[i]
				} else {
					d = velocity[i]
				}
				want[i] -= lr * d
			}
			if got := o.Step(tp, lr); math.Abs(got-norm) > 1e-5*norm {
				t.Errorf("gradient norm %v, want %v", got, norm)
			}
			for i, v := range p.Value.Data {
				if math.Abs(float64(v)-want[i]) > 1e-5 {
					t.Fatalf("%+v: step %d: weight %d is %v, want %v", o, step, i, v, want[i])
				}
			}
		}
	}
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

func TestCosine(t *testing.T) {
	c := Cosine{Base: 2, Steps: 12, Warmup: 2}
	for step, want := range map[int]float64{0: 2.0 / 3, 1: 4.0 / 3, 2: 2, 7: 1, 12: 0, 99: 0} {
		if got := c.LR(step); math.Abs(got-want) > 1e-12 {
			t.Errorf("learning rate of step %d is %v, want %v", step, got, want)
		}
	}
	c.Min = 1
	for step, want := range map[int]float64{0: 2.0 / 3, 2: 2, 7: 1.5, 12: 1, 99: 1} {
		if got := c.LR(step); math.Abs(got-want) > 1e-12 {
			t.Errorf("learning rate of step %d, not below 1, is %v, want %v", step, got, want)
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

func TestCheckpoint(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	m, o := newModel(1, 4), &SGD{Momentum: 0.9}
	x, labels := batch()
	tp := autograd.NewTape()
	step := func(m *model, o *SGD) {
		tp.Reset(autograd.Training)
		tp.Backward(m.loss(tp, x, labels).Var)
		o.Step(tp, 0.1)
	}
	step(m, o)
	if err := SaveCheckpoint(path, m.store, o, map[string]string{"epoch": "3"}); err != nil {
		t.Fatal(err)
	}
	again, o2 := newModel(2, 4), &SGD{Momentum: 0.9}
	meta, err := LoadCheckpoint(path, again.store, o2)
	if err != nil || len(meta) != 1 || meta["epoch"] != "3" {
		t.Fatalf("metadata %v, error %v", meta, err)
	}
	step(m, o)
	step(again, o2)
	for i, p := range m.store.Params {
		if !slices.Equal(p.Value.Data, again.store.Params[i].Value.Data) {
			t.Errorf("%s differs a step after loading", p.Name)
		}
	}
	for i, b := range m.store.Buffers {
		if !slices.Equal(b.Value.Data, again.store.Buffers[i].Value.Data) {
			t.Errorf("%s differs a step after loading", b.Name)
		}
	}

	// What does not fit changes nothing.
	extra := newModel(1, 4)
	NewLinear(extra.store.Scope("more"), 2, 2)
	fewer := NewStore(1)
	NewConv2D(fewer.Scope("conv"), conv.Square(3, 4, 3, 1))
	for what, tc := range map[string]struct {
		store *Store
		want  string
	}{"missing": {extra.store, `no tensor "more`}, "too many": {fewer, "not one of the model's"}, "shape": {newModel(1, 5).store, "shape"}} {
		before := slices.Clone(tc.store.Params[0].Value.Data)
		_, err := LoadCheckpoint(path, tc.store, nil)
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", what, err)
		}
		if !slices.Equal(before, tc.store.Params[0].Value.Data) {
			t.Errorf("%s: the model was changed", what)
		}
	}
	if _, err := LoadCheckpoint(filepath.Join(dir, "none"), m.store, nil); !os.IsNotExist(err) {
		t.Errorf("missing file: error %v", err)
	}
	if err := SaveCheckpoint(filepath.Join(dir, "no", "such", "folder"), m.store, nil, nil); err == nil {
		t.Error("saving into a folder that is not there succeeded")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v: temporary files were left", entries, err)
	}
}
