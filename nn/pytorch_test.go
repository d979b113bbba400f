package nn

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// torchLayers are those of testdata/layers.safetensors.
var torchLayers = []struct {
	name string
	make func(sc Scope) Layer
}{
	{"conv", func(sc Scope) Layer { return NewConv2D(sc, 4, 6, 3, Stride(2), Padding(2), Dilation(2)) }},
	{"grouped", func(sc Scope) Layer { return NewConv2D(sc, 4, 6, 3, Padding(1), Groups(2)) }},
	{"conv1d", func(sc Scope) Layer { return NewConv1D(sc, 4, 6, 3, Stride(2), Padding(1)) }},
	{"transposed", func(sc Scope) Layer { return NewConvTranspose2D(sc, 4, 6, 3, Stride(2), Padding(1), OutputPadding(1)) }},
	{"layer_norm", func(sc Scope) Layer { return NewLayerNorm(sc, 6) }},
	{"group_norm", func(sc Scope) Layer { return NewGroupNorm(sc, 2, 4) }},
	{"batch_norm1d", func(sc Scope) Layer { return NewBatchNorm2D(sc, 6) }},
	{"lstm", func(sc Scope) Layer { return NewLSTM(sc, 6, 5, Layers(2), Bidirectional) }},
	{"gru", func(sc Scope) Layer { return NewGRU(sc, 6, 5, Layers(2), Bidirectional) }},
	{"attention", func(sc Scope) Layer { return NewMultiheadAttention(sc, 6, 2) }},
}

// channelsLast brings what PyTorch has as NCHW, or NCL, into our order; sequences and rows stay as they are.
func channelsLast(name string, t tensor.Tensor) tensor.Tensor {
	switch {
	case t.Rank() == 4:
		return t.Transpose(0, 2, 3, 1)
	case name == "conv1d":
		return t.Transpose(0, 2, 1)
	}
	return t
}

// Layers with PyTorch's weights compute what PyTorch's do, and write them as they were.
func TestLayersOfPyTorch(t *testing.T) {
	const file = "testdata/layers.safetensors"
	outputs := fixture(t, "outputs.safetensors")
	s := NewStore(1)
	layers := make(map[string]Layer)
	for _, l := range torchLayers {
		layers[l.name] = l.make(s.Scope(l.name))
	}
	if _, err := LoadWeights(file, s); err != nil {
		t.Fatal(err)
	}
	tp := autograd.NewTape()
	for _, l := range torchLayers {
		tp.Reset(autograd.Inference)
		x := tp.Constant(channelsLast(l.name, outputs[l.name+".input"]))
		agree(t, l.name, layers[l.name].Forward(tp, x).Value, channelsLast(l.name, outputs[l.name+".output"]))
	}

	path := filepath.Join(t.TempDir(), "layers.safetensors")
	if err := SaveWeights(path, s); err != nil {
		t.Fatal(err)
	}
	other := NewStore(2)
	for _, l := range torchLayers {
		l.make(other.Scope(l.name))
	}
	if _, err := LoadWeights(path, other); err != nil {
		t.Fatal(err)
	}
	for i, n := range s.named() {
		if !slices.Equal(n.Tensor.Data, other.named()[i].Tensor.Data) {
			t.Errorf("%s is not what was written", n.Name)
		}
	}
}

// A recurrent layer carries its state: two stretches of a sequence give what the whole does, and the state is PyTorch's.
func TestRecurrentState(t *testing.T) {
	outputs := fixture(t, "outputs.safetensors")
	s := NewStore(1)
	lstm, gru := NewLSTM(s.Scope("lstm"), 6, 5, Layers(2), Bidirectional), NewGRU(s.Scope("gru"), 6, 5, Layers(2), Bidirectional)
	if _, err := LoadWeights("testdata/layers.safetensors", s, Partial); err != nil {
		t.Fatal(err)
	}
	tp := autograd.NewTape()
	tp.Reset(autograd.Inference)
	var state State
	lstm.ForwardFrom(tp, tp.Constant(outputs["lstm.input"]), &state)
	agree(t, "lstm h", state.H, outputs["lstm.h"])
	agree(t, "lstm c", state.C, outputs["lstm.c"])
	state = State{}
	gru.ForwardFrom(tp, tp.Constant(outputs["gru.input"]), &state)
	agree(t, "gru h", state.H, outputs["gru.h"])

	x := randomTensor(1, 6, 3, 4)
	for name, layer := range map[string]interface {
		Layer
		ForwardFrom(tp *autograd.Tape, x *autograd.Var, s *State) *autograd.Var
	}{
		"lstm": NewLSTM(s.Scope("a"), 4, 5, Layers(2)),
		"gru":  NewGRU(s.Scope("b"), 4, 5, Layers(2)),
		"rnn":  NewRNN(s.Scope("c"), 4, 5, Layers(2)),
	} {
		tp.Reset(autograd.Training)
		whole := layer.Forward(tp, tp.Constant(x)).Value.Clone()
		var state State
		for i := range 3 { // all on one tape: what the first has read must not be overwritten by the others
			y := layer.ForwardFrom(tp, tp.Constant(x.WindowAxis(0, 2*i, 2*i+2)), &state)
			agree(t, name, y.Value, whole.WindowAxis(0, 2*i, 2*i+2))
			if i == 2 {
				tp.Backward(autograd.Sum(tp, y))
			}
		}
		mustPanic(t, name+" with the state of another batch", func() { layer.ForwardFrom(tp, tp.Constant(tensor.New(2, 2, 4)), &state) })
	}
}

// Attention over a sequence's own steps is attention over a memory that is the same; a causal layer's step depends on those before it
// alone, and both orders of the axes give the same.
func TestAttention(t *testing.T) {
	s := NewStore(1)
	m := NewMultiheadAttention(s.Scope("attention"), 6, 3)
	tp := autograd.NewTape()
	tp.Reset(autograd.Inference)
	x := randomTensor(1, 4, 2, 6)
	run := func(x tensor.Tensor) tensor.Tensor { return m.Forward(tp, tp.Constant(x)).Value.Clone() }
	y := run(x)
	agree(t, "cross", m.Cross(tp, tp.Constant(x), tp.Constant(x), tensor.Tensor{}).Value, y)
	m.BatchFirst = true
	agree(t, "batch first", run(x.Transpose(1, 0, 2)).Transpose(1, 0, 2), y)
	m.BatchFirst, m.Causal = false, true
	y = run(x)
	agree(t, "causal", run(x.WindowAxis(0, 0, 3)), y.WindowAxis(0, 0, 3))
	m.Causal = false
	mask := tensor.New(4, 4)
	for i := range 4 {
		for j := i + 1; j < 4; j++ {
			mask.Set(float32(math.Inf(-1)), i, j)
		}
	}
	agree(t, "masked", m.ForwardMasked(tp, tp.Constant(x), mask).Value, y)
	mustPanic(t, "heads that do not divide", func() { NewMultiheadAttention(s.Scope("b"), 6, 4) })
}

// What is between the layers of a stack is not behind the last.
func TestBetween(t *testing.T) {
	s := NewStore(1)
	gru := NewGRU(s.Scope("gru"), 4, 5, Layers(3))
	calls := 0
	gru.Between = Func(func(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
		calls++
		return autograd.Scale(tp, x, 0)
	})
	tp := autograd.NewTape()
	tp.Reset(autograd.Inference)
	y := gru.Forward(tp, tp.Constant(randomTensor(1, 2, 3, 4)))
	zero := NewGRU(s.Scope("zero"), 5, 5)
	zero.Weights[0] = gru.Weights[2]
	if want := zero.Forward(tp, tp.Constant(tensor.New(2, 3, 5))).Value; calls != 2 || !slices.Equal(y.Value.Data, want.Data) {
		t.Errorf("%d calls, %v, want %v", calls, y.Value.Data, want.Data)
	}
}

// An option that a layer does not have is refused, and so are channels that do not divide.
func TestOptions(t *testing.T) {
	s := NewStore(1)
	mustPanic(t, "a linear layer with a stride", func() { NewLinear(s.Scope("a"), 3, 4, Stride(2)) })
	mustPanic(t, "groups that do not divide", func() { NewConv2D(s.Scope("b"), 4, 6, 3, Groups(4)) })
	mustPanic(t, "pixels that do not divide", func() { NewLinear(s.Scope("c"), 10, 6, Flattened(2, 3)) })
	mustPanic(t, "a slice of groups", func() { NewConv2D(s.Scope("d"), 4, 6, 3, Groups(2)).Slice(2, 2) })
	l := NewLinear(s.Scope("e"), 12, 5, Flattened(2, 3))
	tp := autograd.NewTape()
	mustPanic(t, "images of another size", func() { l.Forward(tp, tp.Constant(tensor.New(1, 3, 2, 2))) })
	if c := NewConv2D(s.Scope("f"), 4, 6, 3, Width(1), PaddingHW(1, 0)); c.Kernel.KW != 1 || c.Kernel.PadH != 1 || c.Kernel.PadW != 0 {
		t.Errorf("%+v", c.Kernel)
	}
}

// After the first steps, layers allocate nothing.
func TestLayersAllocateNothing(t *testing.T) {
	s := NewStore(1)
	net := Sequential{
		NewGRU(s.Scope("gru"), 6, 4, Layers(2), Bidirectional), NewLayerNorm(s.Scope("norm"), 8),
		NewMultiheadAttention(s.Scope("attention"), 8, 2), GELU, NewLSTM(s.Scope("lstm"), 8, 4), NewRNN(s.Scope("rnn"), 4, 4),
	}
	images := Sequential{
		NewConv2D(s.Scope("conv"), 4, 6, 3, Groups(2)), NewGroupNorm(s.Scope("group_norm"), 3, 6), LeakyReLU{0.1}, MaxPool2D{Kernel: 2},
		NewConvTranspose2D(s.Scope("transposed"), 6, 4, 2, Stride(2)), ZeroPad2D{Left: 1}, UpsampleBilinear{Scale: 2},
		AdaptiveAvgPool2D{H: 2, W: 2}, NewLinear(s.Scope("head"), 16, 3, Flattened(2, 2)),
	}
	x, pictures, tp, opt, state := randomTensor(1, 3, 2, 6), randomTensor(1, 2, 8, 8, 4), autograd.NewTape(), &AdamW{}, new(State)
	carried := NewLSTM(s.Scope("carried"), 4, 4)
	step := func() {
		tp.Reset(autograd.Training)
		y := carried.ForwardFrom(tp, net.Forward(tp, tp.Constant(x)), state)
		tp.Backward(autograd.Add(tp, autograd.Mean(tp, y), autograd.Mean(tp, images.Forward(tp, tp.Constant(pictures)))))
		opt.Step(tp, 1e-3)
	}
	for range 3 {
		step()
	}
	if n := testing.AllocsPerRun(10, step); n > 0 {
		t.Errorf("%v allocations in a step", n)
	}
}
