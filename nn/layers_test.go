package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/rnn"
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
	b := &block{NewConv2D(s.Scope("conv"), cin, cout, 3, Padding(1)), NewBatchNorm2D(s.Scope("norm"), cout).With(1e-3, 0.25),
		NewDepthwiseConv2D(s.Scope("depth"), depthwise.Square(cout, k, 1, 2), autograd.ActReLU)}
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
		NewConv2D(s.Scope("0"), 3, 4, 3, Padding(1), NoBias), NewBatchNorm2D(s.Scope("1"), 4), Func(autograd.ReLU),
		MaxPool2D{Kernel: 2}, AvgPool2D{Kernel: 3, Stride: 1, Pad: 1}, GlobalAvgPool, NewLinear(s.Scope("2"), 4, 5, NoBias),
	}
	tp := autograd.NewTape()
	if got := net.Forward(tp, tp.Constant(tensor.New(2, 8, 6, 3))).Value.Shape(); len(got) != 2 || got[0] != 2 || got[1] != 5 {
		t.Errorf("shape %v, want [2 5]", got)
	}
	if len(s.Params) != 4 || s.Size() != 3*3*3*4+2*4+4*5 {
		t.Errorf("%d parameters of %d numbers", len(s.Params), s.Size())
	}
}

func TestUpsampleNearest(t *testing.T) {
	tp := autograd.NewTape()
	y := UpsampleNearest(2).Forward(tp, tp.Constant(tensor.Wrap([]float32{3, 4}, 1, 1, 2, 1))).Value
	if want := []float32{3, 3, 4, 4, 3, 3, 4, 4}; !slices.Equal(y.Shape(), []int{1, 2, 4, 1}) || !slices.Equal(y.Data, want) {
		t.Errorf("shape %v with %v, want [1 2 4 1] with %v", y.Shape(), y.Data, want)
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
	o, tp := &Adam{}, autograd.NewTape()
	var loss autograd.Loss
	step := func() {
		tp.Reset(autograd.Training)
		x := embedding.Forward(tp, text[:steps], steps, 1, nil)
		y := lstm.Forward(tp, x)
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

// The two halves of a factorised reduction are convolutions of x and of x without its first row and column.
func TestFactorizedReduction(t *testing.T) {
	s := NewStore(1)
	const cin, cout = 3, 7
	f := NewFactorizedReduction(s.Scope("reduce"), cin, cout)
	x := randomTensor(1, 2, 6, 4, cin)
	tp := autograd.NewTape()
	y := f.Convolve(tp, tp.Constant(x)).Value
	for n := range 2 {
		for oy := range 3 {
			for ox := range 2 {
				for c := range cout {
					w, shift, co := f.Even.Value, 0, c
					if c >= cout/2 {
						w, shift, co = f.Odd.Value, 1, c-cout/2
					}
					want := 0.0
					for ci := range cin {
						want += float64(max(x.At(n, 2*oy+shift, 2*ox+shift, ci), 0)) * float64(w.At(0, 0, ci, co))
					}
					if got := float64(y.At(n, oy, ox, c)); math.Abs(got-want) > 1e-5 {
						t.Errorf("[%d %d %d %d] is %v, want %v", n, oy, ox, c, got, want)
					}
				}
			}
		}
	}
	normed := f.Forward(tp, tp.Constant(x))
	mean := 0.0
	for i := 0; i < normed.Value.Len(); i += cout {
		mean += float64(normed.Value.Data[i])
	}
	if math.Abs(mean) > 1e-4 {
		t.Errorf("the first channel sums to %v after its batch norm", mean)
	}
}

func TestDropouts(t *testing.T) {
	const steps, batch, c, p = 5, 40, 30, 0.25
	rng := rand.New(rand.NewPCG(1, 2))
	x := tensor.New(steps, batch, c)
	x.Fill(3)
	for _, tc := range []struct {
		name  string
		layer Layer
		key   func(t, b, c int) [3]int // elements of one key share their fate
	}{
		{"dropout", Dropout{p, rng}, func(t, b, c int) [3]int { return [3]int{t, b, c} }},
		{"locked dropout", LockedDropout{p, rng}, func(_, b, c int) [3]int { return [3]int{0, b, c} }},
		{"drop path", DropPath{p, rng}, func(t, _, _ int) [3]int { return [3]int{t} }},
	} {
		tp := autograd.NewTape()
		fates, dropped, passes := make(map[[3]int]float32), 0, 40
		for pass := range passes {
			clear(fates)
			y := tc.layer.Forward(tp, tp.Constant(x)).Value
			for i := range steps {
				for j := range batch {
					for k := range c {
						v, key := y.At(i, j, k), tc.key(i, j, k)
						if v != 0 && v != 4 {
							t.Fatalf("%s: pass %d: 3 became %v, want 0 or 4", tc.name, pass, v)
						}
						if fate, ok := fates[key]; ok && fate != v {
							t.Fatalf("%s: pass %d: [%d %d %d] is %v, where it should be %v", tc.name, pass, i, j, k, v, fate)
						}
						fates[key] = v
					}
				}
			}
			for _, v := range fates {
				if v == 0 {
					dropped++
				}
			}
			tp.Reset(autograd.Training)
		}
		n := float64(len(fates) * passes)
		if got := float64(dropped); math.Abs(got-p*n) > 4*math.Sqrt(n*p*(1-p)) {
			t.Errorf("%s: %v of %v dropped, want a part of %v", tc.name, got, n, p)
		}
		tp.Reset(autograd.Inference)
		if v := tp.Constant(x); tc.layer.Forward(tp, v) != v {
			t.Errorf("%s: not the identity at inference", tc.name)
		}
	}
}

// Two cells of the space share their matrices, and a step trains all of them.
func TestDARTSCell(t *testing.T) {
	const in, hidden = 3, 4
	s := NewStore(1)
	d := NewDARTSCell(s.Scope("cell"), in, hidden, "0", "1")
	var names []string
	for _, p := range s.Params {
		names = append(names, p.Name)
	}
	if want := []string{"cell.input.weight", "cell.0.weight", "cell.1.weight"}; !slices.Equal(names, want) {
		t.Errorf("parameters %v, want %v", names, want)
	}
	for _, p := range s.Params {
		for _, v := range p.Value.Data {
			if math.Abs(float64(v)) > 0.04 {
				t.Errorf("%s starts with %v", p.Name, v)
			}
		}
	}
	tp := autograd.NewTape()
	x, h0 := randomTensor(1, 2, 5, in), randomTensor(2, 5, hidden)
	forward := func(second int) *autograd.Var {
		cell := rnn.DARTSCell{Switch: []int{0, second}, Act: []autograd.Activation{autograd.ActTanh, autograd.ActReLU}}
		return d.Forward(tp, tp.Constant(x), tp.Constant(h0), cell, nil, nil)
	}
	y, z := forward(0), forward(1)
	if slices.Equal(y.Value.Data, z.Value.Data) {
		t.Error("two cells compute the same")
	}
	if got := y.Value.Shape(); !slices.Equal(got, []int{2, 5, hidden}) {
		t.Errorf("shape %v", got)
	}
	tp.Backward(autograd.Mean(tp, y))
	if n := len(tp.Touched()); n != 3 {
		t.Errorf("%d of 3 matrices have a gradient", n)
	}
}
