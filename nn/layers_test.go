package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/tensor"
)

func randomTensor(seed uint64, shape ...int) tensor.Tensor {
	t := tensor.New(shape...)
	Normal(1)(rand.New(rand.NewPCG(seed, 0)), t)
	return t
}

// block is a convolution, a batch norm, a depthwise convolution and a classifier that reads all its pixels.
type block struct {
	conv  *Conv2D
	norm  *BatchNorm2D
	depth *DepthwiseConv2D
}

func newBlock(s *Store, cin, cout, k int) *block {
	b := &block{NewBiasedConv2D(s.Scope("conv"), Square(cin, cout, 3, 1)), NewBatchNorm2D(s.Scope("norm"), cout).With(1e-3, 0.25),
		NewDepthwiseConv2D(s.Scope("depth"), depthwise.Square(cout, k, 1, 2), depthwise.ReLU)}
	for i, p := range s.Params {
		p.Value.CopyFrom(randomTensor(uint64(i)+7, p.Value.Shape()...))
	}
	return b
}

func (b *block) slice(cin, cout, k int) block {
	return block{b.conv.Slice(cin, cout), b.norm.Slice(cout), b.depth.Slice(k, cout)}
}

func (b *block) loss(tp *autograd.Tape, x tensor.Tensor, labels []int32) autograd.Loss {
	y := b.depth.Forward(tp, b.norm.Forward(tp, b.conv.Forward(tp, tp.Constant(x))))
	return autograd.CrossEntropy(tp, autograd.GlobalAvgPool(tp, y), labels, 0)
}

// Slices of shared layers train like layers of their own that start with the same weights, and leave the rest of the shared
// ones alone.
func TestSlices(t *testing.T) {
	const cin, cout, k = 5, 9, 7 // shared
	const in, out, kernel = 3, 6, 3
	shared, alone := NewStore(1), NewStore(1)
	whole, own := newBlock(shared, cin, cout, k), newBlock(alone, in, out, kernel)
	part := whole.slice(in, out, kernel)
	if again := whole.slice(in, out, kernel); again != part {
		t.Error("the same slice is another layer")
	}
	if all := whole.slice(cin, cout, k); all != *whole {
		t.Error("a slice of all is not the layer itself")
	}
	if part.depth.Kernel != own.depth.Kernel || part.conv.Kernel != own.conv.Kernel {
		t.Errorf("kernels %+v and %+v, want %+v and %+v", part.depth.Kernel, part.conv.Kernel, own.depth.Kernel, own.conv.Kernel)
	}
	// tensors lists those of a block as they are in the slice.
	tensors := func(b *block) map[string]tensor.Tensor {
		return map[string]tensor.Tensor{
			"weight": b.conv.Weight.Value, "bias": b.conv.Bias.Value, "gamma": b.norm.State.Gamma.Value, "beta": b.norm.State.Beta.Value,
			"depthwise": b.depth.Weight.Value, "running mean": b.norm.State.RunningMean, "running variance": b.norm.State.RunningVar,
		}
	}
	for name, v := range tensors(own) {
		v.CopyFrom(tensors(&part)[name])
	}
	if got, want := part.depth.Weight.Value.At(0, 1, 0, 4), whole.depth.Weight.Value.At(2, 3, 0, 4); got != want {
		t.Errorf("the first tap of the middle ones is %v, want %v", got, want)
	}
	before := make(map[string]tensor.Tensor)
	for name, v := range tensors(whole) {
		before[name] = v.Clone()
	}

	x, labels := randomTensor(1, 8, 6, 5, in), []int32{0, 1, 2, 3, 4, 5, 0, 1}
	train := func(b *block) {
		o, tp := &SGD{Momentum: 0.9, WeightDecay: 0.01}, autograd.NewTape()
		for range 3 {
			tp.Reset(autograd.Training)
			tp.Backward(b.loss(tp, x, labels).Var)
			o.Step(tp, 0.1)
		}
	}
	train(&part)
	train(own)
	for name, want := range tensors(own) {
		got := tensors(&part)[name].Clone()
		for i, v := range got.Data {
			if math.Abs(float64(v-want.Data[i])) > 1e-4 {
				t.Fatalf("%s: element %d is %v after training the slice, %v after training it alone", name, i, v, want.Data[i])
			}
		}
		v := tensors(whole)[name]
		if v.Rank() == 4 {
			outside := 0
			for i := range v.Data {
				if v.Data[i] == before[name].Data[i] {
					outside++
				}
			}
			if want := v.Len() - got.Len(); outside != want {
				t.Errorf("%s: %d elements have not moved, want the %d outside of the slice", name, outside, want)
			}
		} else {
			for i := got.Len(); i < v.Len(); i++ {
				if v.Data[i] != before[name].Data[i] {
					t.Errorf("%s: element %d is not in the slice, and moved", name, i)
				}
			}
		}
	}

	for what, f := range map[string]func(){
		"too many channels": func() { whole.conv.Slice(cin, cout+1) },
		"an even kernel":    func() { whole.depth.Slice(4, cout) },
		"a larger kernel":   func() { whole.depth.Slice(9, cout) },
	} {
		if err := tensor.Catch(f); err == nil {
			t.Errorf("%s: no shape error", what)
		}
	}
}

func TestSlicesAllocateNothing(t *testing.T) {
	whole := newBlock(NewStore(1), 5, 9, 7)
	x, labels := randomTensor(1, 8, 6, 5, 3), make([]int32, 8)
	o, tp := &SGD{Momentum: 0.9}, autograd.NewTape()
	i := 0
	step := func() {
		b := whole.slice(3, 4+i%2, 3+2*(i%3))
		i++
		tp.Reset(autograd.Training)
		tp.Backward(b.loss(tp, x, labels).Var)
		o.Step(tp, 0.1)
	}
	for range 6 {
		step()
	}
	if n := testing.AllocsPerRun(12, step); n > 0 {
		t.Errorf("a step allocates %v times", n)
	}
}

// A network of layers that take one input.
func TestSequential(t *testing.T) {
	s := NewStore(1)
	net := Sequential{
		NewConv2D(s.Scope("0"), Square(3, 4, 3, 1)), NewBatchNorm2D(s.Scope("1"), 4), Func(autograd.ReLU),
		MaxPool2D{Kernel: 2, Stride: 2}, AvgPool2D{Kernel: 3, Stride: 1, Pad: 1}, Func(autograd.GlobalAvgPool), NewUnbiasedLinear(s.Scope("2"), 4, 5),
	}
	tp := autograd.NewTape()
	if got := net.Forward(tp, tp.Constant(tensor.New(2, 8, 6, 3))).Value.Shape(); len(got) != 2 || got[0] != 2 || got[1] != 5 {
		t.Errorf("shape %v, want [2 5]", got)
	}
	if len(s.Params) != 4 || s.Size() != 3*3*3*4+2*4+4*5 {
		t.Errorf("%d parameters of %d numbers", len(s.Params), s.Size())
	}
}

// A batch norm with an activation in the same pass is the two one after the other.
func TestBatchNormActivations(t *testing.T) {
	s := NewStore(1)
	b := NewBatchNorm2D(s.Scope("norm"), 5)
	b.State.Gamma.Value.Fill(5)
	x := randomTensor(1, 4, 3, 3, 5)
	tp := autograd.NewTape()
	tp.Reset(autograd.BatchStatistics)
	plain := b.Forward(tp, tp.Constant(x)).Value
	relu, relu6 := b.ReLU(tp, tp.Constant(x)).Value, b.ReLU6(tp, tp.Constant(x)).Value
	above, below := 0, 0
	for i, v := range plain.Data {
		if relu.Data[i] != max(v, 0) || relu6.Data[i] != min(max(v, 0), 6) {
			t.Errorf("%v becomes %v with ReLU, %v with ReLU6", v, relu.Data[i], relu6.Data[i])
		}
		if v < 0 {
			below++
		} else if v > 6 {
			above++
		}
	}
	if below == 0 || above == 0 {
		t.Error("no value is cut off")
	}
}

// A word model of all recurrent layers learns a sequence by heart.
func TestRecurrentLayers(t *testing.T) {
	const steps, hidden, words = 12, 16, 7
	s := NewStore(1)
	embedding := NewEmbedding(s.Scope("embedding"), words, hidden)
	lstm := NewLSTM(s.Scope("lstm"), hidden, hidden)
	decoder := NewTiedLinear(s.Scope("decoder"), embedding)
	if s.Size() != words*hidden+2*4*hidden*hidden+4*hidden+words {
		t.Errorf("%d numbers: the table must be there once", s.Size())
	}
	text := []int32{0, 3, 1, 4, 1, 5, 2, 6, 5, 3, 5, 0, 2}
	zero := tensor.New(1, hidden)
	o, tp := &Adam{}, autograd.NewTape()
	var loss autograd.Loss
	step := func() {
		tp.Reset(autograd.Training)
		x := embedding.Forward(tp, text[:steps], steps, 1, nil)
		y, _ := lstm.Forward(tp, x, tp.Constant(zero), tp.Constant(zero))
		loss = autograd.CrossEntropy(tp, decoder.Forward(tp, autograd.Reshape(tp, y, steps, hidden)), text[1:], 0)
		tp.Backward(loss.Var)
		o.Step(tp, 0.02)
	}
	for range 150 {
		step()
	}
	if loss.Correct != steps {
		t.Errorf("%d of %d words correct", loss.Correct, steps)
	}
}
