package autograd_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/tensor"
)

// normal is a tensor of random numbers, as wide as asked for but with gaps between its rows.
func normal(rng *rand.Rand, shape ...int) tensor.Tensor {
	wide := slices.Clone(shape)
	wide[len(wide)-1] += 3
	x := tensor.New(wide...)
	for i := range x.Data {
		x.Data[i] = 6 * float32(rng.NormFloat64())
	}
	return x.Window(1, 1+shape[len(shape)-1])
}

func normalParam(rng *rand.Rand, shape ...int) *autograd.Param {
	p := autograd.NewParam("weight", shape...)
	p.Value.CopyFrom(normal(rng, shape...))
	return p
}

// Every operation with a ReLU or a ReLU6 in it tells of it, as often as the layers are that apply it; others do not.
func TestObserveActivations(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const c = 5
	x := normal(rng, 2, 4, 4, c)
	conv1, half, taps := normalParam(rng, 1, 1, c, c), normalParam(rng, 1, 1, c, 3), normalParam(rng, 3, 3, 1, c)
	bn := &autograd.BatchNorm{Gamma: normalParam(rng, c), Beta: normalParam(rng, c), RunningMean: tensor.New(c), RunningVar: tensor.New(c), Eps: 1e-5}
	branch := autograd.ConvBranch{Kernel: conv.Square(c, c, 1, 1), Weight: conv1}
	normed := func(tp *autograd.Tape, v *autograd.Var, act autograd.Activation) *autograd.Var {
		return autograd.BatchNormSumAct(tp, act, autograd.Term{X: v, BN: bn})
	}
	for _, o := range []struct {
		name   string
		times  int  // 0: no activation
		output bool // it is behind the operation
		run    func(tp *autograd.Tape, v *autograd.Var) *autograd.Var
	}{
		{"ReLU", 1, false, autograd.ReLU},
		{"ReLU6", 1, false, autograd.ReLU6},
		{"Sigmoid", 0, false, autograd.Sigmoid},
		{"Convs", 3, false, func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return autograd.Convs(tp, v, autograd.ActReLU, []autograd.ConvBranch{branch, branch, branch})[0]
		}},
		{"Convs without", 0, false, func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return autograd.Convs(tp, v, autograd.ActIdentity, []autograd.ConvBranch{branch})[0]
		}},
		{"FactorizedReduction", 1, false, func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return autograd.FactorizedReduction(tp, v, autograd.ActReLU, half, half)
		}},
		{"FoldedConvs", 2, true, func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			autograd.FoldedConvs(tp, autograd.Folded{X: v, BN: bn, Act: autograd.ActReLU}, []autograd.ConvBranch{branch, branch})
			return normed(tp, v, autograd.ActIdentity)
		}},
		{"DepthwiseConv2D", 1, false, func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return autograd.DepthwiseConv2D(tp, v, autograd.ActReLU6, taps, depthwise.Square(c, 3, 1, 1))
		}},
		{"DepthwiseConv2D without", 0, false, func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return autograd.DepthwiseConv2D(tp, v, autograd.ActIdentity, taps, depthwise.Square(c, 3, 1, 1))
		}},
		{"BatchNormSumAct", 1, true, func(tp *autograd.Tape, v *autograd.Var) *autograd.Var { return normed(tp, v, autograd.ActReLU) }},
		{"BatchNormSumAct 6", 1, true, func(tp *autograd.Tape, v *autograd.Var) *autograd.Var { return normed(tp, v, autograd.ActReLU6) }},
		{"BatchNormSum", 0, false, func(tp *autograd.Tape, v *autograd.Var) *autograd.Var { return normed(tp, v, autograd.ActIdentity) }},
	} {
		for _, mode := range []autograd.Mode{autograd.Training, autograd.BatchStatistics} {
			tp, times, seen := autograd.NewTape(), 0, tensor.New(0)
			tp.Reset(mode)
			tp.Observe(&autograd.Observer{Activation: func(x tensor.Tensor, n int) { times, seen = times+n, x.Clone() }})
			want := o.run(tp, tp.Constant(x)).Value
			if !o.output {
				want = x
			}
			if times != o.times || times > 0 && !seen.SameShape(want) {
				t.Errorf("%s: an activation %v of %d layers, want %v of %d", o.name, seen, times, want.Shape(), o.times)
				continue
			}
			for i := range seen.Len() {
				row, col := i/c, i%c
				if (seen.Data[i] > 0) != (want.Data[row*want.LD()+col] > 0) {
					t.Fatalf("%s: unit %d is taken for one that is active, or not", o.name, i)
				}
			}
			tp.Observe(nil)
			o.run(tp, tp.Constant(x))
			if times != o.times {
				t.Errorf("%s: the observer is told when it no longer wants to be", o.name)
			}
		}
	}
}

// The gradient of a layer's output is what its value gets where it is a leaf of the rest of the network; and to be told changes nothing.
func TestObserveLayers(t *testing.T) {
	n := newNetwork()
	params := []*autograd.Param{n.w3, n.w1, n.head, n.bias, n.a.Gamma, n.a.Beta, n.b.Gamma, n.b.Beta}
	tp := autograd.NewTape()
	step := func(o *autograd.Observer) (bits []uint32) {
		tp.Reset(autograd.Training)
		tp.Observe(o)
		tp.Backward(autograd.CrossEntropy(tp, n.logits(tp, true), n.labels, 0).Var)
		for _, p := range params {
			for _, g := range p.Grad.Data {
				bits = append(bits, math.Float32bits(g))
			}
		}
		return bits
	}
	want := step(nil)
	var ys, gs []tensor.Tensor
	got := step(&autograd.Observer{Layer: func(y, g tensor.Tensor) { ys, gs = append(ys, y.Clone()), append(gs, g.Clone()) }})
	if !slices.Equal(got, want) {
		t.Error("gradients differ where they are observed")
	}
	if used := tp.Used(); used > 4*int64(n.x.Len()) { // all is given back that was made to be shown
		t.Errorf("%d bytes are in use after the step", used)
	}
	if len(ys) != 3 { // the linear layer and two convolutions
		t.Fatalf("%d layers, want 3", len(ys))
	}
	tp.Reset(autograd.Training)
	tp.Observe(nil)
	x, a, b := tp.Constant(n.x), tp.Variable(ys[1]), tp.Variable(ys[2])
	p := autograd.AvgPool(tp, x, pool.Avg{Kernel: 3, Stride: 1, Pad: 1})
	h := autograd.BatchNormSum(tp, autograd.Term{X: a, BN: n.a}, autograd.Term{X: b, BN: n.b}, autograd.Term{X: p}, autograd.Term{X: x})
	logits := autograd.Linear(tp, autograd.GlobalAvgPool(tp, autograd.ReLU(tp, h)), n.head, n.bias)
	same(t, "logits", ys[0], logits.Value)
	tp.Backward(autograd.CrossEntropy(tp, logits, n.labels, 0).Var)
	same(t, "the gradient of the first convolution", gs[1], a.Grad())
	same(t, "the gradient of the second convolution", gs[2], b.Grad())
	tp.Reset(autograd.Training)
	leaf := tp.Variable(ys[0])
	tp.Backward(autograd.CrossEntropy(tp, leaf, n.labels, 0).Var)
	same(t, "the gradient of the logits", gs[0], leaf.Grad())
}

// Convolutions in groups and transposed ones are layers, too.
func TestObserveConvolutions(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	x := normal(rng, 2, 4, 4, 6)
	w, up := normalParam(rng, 3, 3, 3, 4), normalParam(rng, 2, 2, 5, 4)
	tp := autograd.NewTape()
	var shapes [][]int
	tp.Observe(&autograd.Observer{Layer: func(y, _ tensor.Tensor) { shapes = append(shapes, y.Shape()) }})
	h := autograd.GroupedConv2D(tp, tp.Constant(x), w, nil, conv.Square(6, 4, 3, 1), 2)
	y := autograd.ConvTranspose2D(tp, h, up, nil, conv.Transposed{Cin: 4, Cout: 5, KH: 2, KW: 2, Stride: 2, Dilation: 1})
	tp.Backward(autograd.Mean(tp, y))
	if !slices.EqualFunc(shapes, [][]int{{2, 8, 8, 5}, {2, 4, 4, 4}}, slices.Equal[[]int]) {
		t.Errorf("layers of the shapes %v", shapes)
	}
}

func same(t *testing.T, what string, got, want tensor.Tensor) {
	t.Helper()
	largest, worst := 0.0, 0.0
	for i, w := range want.Data {
		largest, worst = max(largest, math.Abs(float64(w))), max(worst, math.Abs(float64(w-got.Data[i])))
	}
	if !got.SameShape(want) || !(worst <= 1e-5*largest) {
		t.Errorf("%s is off by %.2g of %.2g", what, worst, largest)
	}
}

// Unbounded makes a ReLU6 a ReLU wherever there is one, until the tape is reset.
func TestUnbounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const c = 5
	x := normal(rng, 2, 4, 4, c)
	taps := normalParam(rng, 3, 3, 1, c)
	for name, f := range map[string]func(tp *autograd.Tape, six bool) *autograd.Var{
		"ReLU6": func(tp *autograd.Tape, six bool) *autograd.Var {
			if six {
				return autograd.ReLU6(tp, tp.Constant(x))
			}
			return autograd.ReLU(tp, tp.Constant(x))
		},
		"BatchNormSumAct": func(tp *autograd.Tape, six bool) *autograd.Var {
			act := autograd.ActReLU
			if six {
				act = autograd.ActReLU6
			}
			return autograd.BatchNormSumAct(tp, act, autograd.Term{X: tp.Constant(x)})
		},
		"DepthwiseConv2D": func(tp *autograd.Tape, six bool) *autograd.Var {
			act := autograd.ActReLU
			if six {
				act = autograd.ActReLU6
			}
			return autograd.DepthwiseConv2D(tp, tp.Constant(x), act, taps, depthwise.Square(c, 3, 1, 1))
		},
	} {
		tp := autograd.NewTape()
		tp.Reset(autograd.Inference)
		bounded, relu := f(tp, true).Value.Clone(), f(tp, false).Value.Clone()
		tp.Unbounded()
		unbounded := f(tp, true).Value.Clone()
		tp.Reset(autograd.Inference)
		again := f(tp, true).Value.Clone()
		if !slices.Equal(unbounded.Data, relu.Data) || !slices.Equal(again.Data, bounded.Data) || slices.Equal(bounded.Data, relu.Data) {
			t.Errorf("%s: bounded and unbounded are not what they should be", name)
		}
	}
}

// An observer is told which parameters every operation reads and how many multiply-adds it takes, and what it returns.
func TestObserveOperations(t *testing.T) {
	called := map[string]string{
		"Conv2D": "Conv2D", "GroupedConv2D/depthwise": "DepthwiseConv2D", "BatchNorm2D": "BatchNorm", "Add": "Add", "ReLU": "ReLU", "Sigmoid": "Sigmoid",
		"Mul": "Mul", "Linear": "Linear", "MaxPool": "MaxPool", "LSTM": "LSTM", "LayerNorm": "LayerNorm", "Reshape": "Reshape", "Sum": "Sum",
	}
	for _, c := range opCases {
		o := c.make(small)
		tp := autograd.NewTape()
		params, macs, outputs, names := make(map[*autograd.Param]bool), 0, [][]int(nil), []string(nil)
		tp.Observe(&autograd.Observer{Operation: func(op autograd.Operation) {
			for _, p := range op.Params {
				params[p] = true
			}
			macs += op.MACs
			for _, y := range op.Outputs {
				outputs = append(outputs, y.Shape())
			}
			names = append(names, op.Name)
		}})
		tp.Reset(autograd.Training)
		y := o.run(tp, leaves(tp.Variable, o.x))
		for _, p := range o.params {
			if !params[p] {
				t.Errorf("%s: it is not told that it reads %s", c.name, p.Name)
			}
		}
		if len(params) != len(o.params) || o.macs > 0 && macs != o.macs {
			t.Errorf("%s: %d parameters and %d multiply-adds, want %d and %d", c.name, len(params), macs, len(o.params), o.macs)
		}
		if want := called[c.name]; want != "" && !slices.Contains(names, want) {
			t.Errorf("%s is called %q, want %q", c.name, names, want)
		}
		if !slices.ContainsFunc(outputs, func(shape []int) bool { return slices.Equal(shape, y.Value.Shape()) }) {
			t.Errorf("%s: outputs %v, want %v", c.name, outputs, y.Value.Shape())
		}
	}
}
