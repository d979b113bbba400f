package autograd_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/kernels/rnn"
	"github.com/oneshot-nas/oneshot/tensor"
)

var k3, k1 = conv.Square(16, 16, 3, 1), conv.Square(16, 16, 1, 1)

// network can be two architectures: a 3×3 convolution, or that next to a 1×1 convolution, a pool and a shortcut.
type network struct {
	w3, w1, head, bias *autograd.Param
	a, b               *autograd.BatchNorm
	x                  tensor.Tensor
	labels             []int32
	branches           []autograd.ConvBranch
	terms              []autograd.Term
}

func newNetwork() *network {
	return &network{
		w3: weight("w3", k3), w1: weight("w1", k1), head: param("head", 16, 10), bias: param("bias", 10),
		a: batchNorm("a", 16), b: batchNorm("bb", 16),
		x: gradcheck.Random(7, 6, 8, 8, 16), labels: []int32{1, 2, 3, 4, 5, 9},
	}
}

func (n *network) logits(tp *autograd.Tape, wide bool) *autograd.Var {
	return tp.Block(func() *autograd.Var {
		x := tp.Constant(n.x)
		n.branches = append(n.branches[:0], autograd.ConvBranch{Kernel: k3, Weight: n.w3, Sums: true})
		if wide {
			n.branches = append(n.branches, autograd.ConvBranch{Kernel: k1, Weight: n.w1, Sums: true})
		}
		ys := autograd.Convs(tp, x, autograd.ActReLU, n.branches)
		n.terms = append(n.terms[:0], autograd.Term{X: ys[0], BN: n.a})
		if wide {
			p := autograd.AvgPool(tp, x, pool.Avg{Kernel: 3, Stride: 1, Pad: 1})
			n.terms = append(n.terms, autograd.Term{X: ys[1], BN: n.b}, autograd.Term{X: p}, autograd.Term{X: x})
		}
		h := autograd.BatchNormSum(tp, n.terms...)
		g := autograd.GlobalAvgPool(tp, autograd.ReLU(tp, h))
		return autograd.Linear(tp, g, n.head, n.bias)
	})
}

func (n *network) step(tp *autograd.Tape, wide bool) autograd.Loss {
	tp.Reset(autograd.Training)
	l := autograd.CrossEntropy(tp, n.logits(tp, wide), n.labels, 0)
	tp.Backward(l.Var)
	return l
}

// After the first steps no step allocates, whichever architecture it builds.
func TestStepsDoNotAllocate(t *testing.T) {
	n, tp, i := newNetwork(), autograd.NewTape(), 0
	for _, mode := range []autograd.Mode{autograd.Training, autograd.Inference, autograd.CollectStatistics, autograd.PopulationStatistics} {
		run := func() {
			i++
			if mode == autograd.Training {
				n.step(tp, i%2 == 0)
			} else {
				tp.Reset(mode)
				n.logits(tp, i%2 == 0)
			}
		}
		for range 4 {
			run()
		}
		if allocs := testing.AllocsPerRun(20, run); allocs != 0 {
			t.Errorf("mode %v: %v allocations in a step", mode, allocs)
		}
	}
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []float32
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		n, tp := newNetwork(), autograd.NewTape()
		got := []float32{float32(n.step(tp, true).Sum)}
		for _, p := range tp.Touched() {
			got = append(got, p.Grad.Data...)
		}
		got = append(got, n.a.RunningVar.Data...)
		if want == nil {
			want = got
		} else if !slices.Equal(want, got) {
			t.Errorf("GOMAXPROCS %d changes the result", procs)
		}
	}
}

// Parameters that a step does not use have no gradient, and a gradient does not outlive its step.
func TestTouched(t *testing.T) {
	n, tp := newNetwork(), autograd.NewTape()
	n.step(tp, true)
	if len(tp.Touched()) != 8 {
		t.Errorf("%d parameters are touched, want all 8", len(tp.Touched()))
	}
	n.step(tp, false)
	first := slices.Clone(n.w3.Grad.Data)
	if n.w1.Touched() || n.b.Gamma.Touched() || !n.w3.Touched() || len(tp.Touched()) != 5 {
		t.Errorf("%d parameters are touched, want the 5 of the active path", len(tp.Touched()))
	}
	n.step(tp, false)
	if !slices.Equal(first, n.w3.Grad.Data) {
		t.Error("the gradient of a step contains that of the step before")
	}
	tp.Reset(autograd.Training)
	if n.w3.Touched() || len(tp.Touched()) != 0 {
		t.Error("parameters stay touched after Reset")
	}

	// Nor does it get into the step of another tape, though nobody has reset its own.
	n.step(tp, true)
	other := autograd.NewTape()
	n.step(other, false)
	if !slices.Equal(first, n.w3.Grad.Data) || len(other.Touched()) != 5 {
		t.Error("the gradient of a step contains that of another tape's")
	}
	tp.Reset(autograd.Training)
	if !n.w3.Touched() {
		t.Error("Reset takes a gradient that another tape has found")
	}
}

func TestShapeErrors(t *testing.T) {
	w := weight("w", conv.Square(5, 7, 3, 1))
	for _, tc := range []struct {
		f    func(tp *autograd.Tape)
		want []string // in the message
	}{
		{func(tp *autograd.Tape) {
			autograd.Conv2D(tp, tp.Constant(tensor.New(1, 4, 4, 6)), w, nil, conv.Square(5, 7, 3, 1))
		}, []string{"[1 4 4 6]", "5 input channels"}},
		{func(tp *autograd.Tape) {
			autograd.Conv2D(tp, tp.Constant(tensor.New(1, 4, 4, 5)), w, nil, conv.Square(5, 7, 1, 1))
		}, []string{"[3 3 5 7]", "[1 1 5 7]"}},
		{func(tp *autograd.Tape) {
			autograd.Conv2D(tp, tp.Constant(tensor.New(4, 5)), w, nil, conv.Square(5, 7, 3, 1))
		}, []string{"[4 5]", "[N][H][W][C]"}},
		{func(tp *autograd.Tape) {
			autograd.Add(tp, tp.Constant(tensor.New(2, 3)), tp.Constant(tensor.New(3, 2)))
		}, []string{"[3 2]", "[2 3]"}},
		{func(tp *autograd.Tape) { autograd.BatchNorm2D(tp, tp.Constant(tensor.New(2, 3)), batchNorm("b", 4)) }, []string{"4 channels", "want 3"}},
		{func(tp *autograd.Tape) { autograd.BatchNormSum(tp) }, []string{"no terms"}},
		{func(tp *autograd.Tape) {
			x := autograd.Folded{X: tp.Constant(tensor.New(1, 4, 4, 5)), BN: batchNorm("b", 4)}
			autograd.FoldedConv2D(tp, x, autograd.ConvBranch{Kernel: conv.Square(5, 7, 1, 1), Weight: weight("w", conv.Square(5, 7, 1, 1))})
		}, []string{"[1 4 4 5]", "4 channels", "5 channels"}},
		{func(tp *autograd.Tape) {
			autograd.FoldedDepthwiseConv2D(tp, autograd.Folded{X: tp.Constant(tensor.New(1, 4, 4, 5))}, param("w", 3, 3, 1, 5), depthwise.Square(5, 3, 1, 1), true)
		}, []string{"[1 4 4 5]", "no batch norm", "5 channels"}},
		{func(tp *autograd.Tape) { autograd.Linear(tp, tp.Constant(tensor.New(2, 3)), param("l", 4, 2), nil) }, []string{"[2 3]", "[4 2]"}},
		{func(tp *autograd.Tape) { autograd.Reshape(tp, tp.Constant(tensor.New(2, 3)), 4) }, []string{"[4]", "[2 3]"}},
		{func(tp *autograd.Tape) { autograd.CrossEntropy(tp, tp.Constant(tensor.New(2, 3)), []int32{1}, 0) }, []string{"[2 3]", "[1][K]"}},
		{func(tp *autograd.Tape) { autograd.CrossEntropy(tp, tp.Constant(tensor.New(2, 3)), []int32{1, 3}, 0) }, []string{"label 3 in row 1", "0 to 2"}},
		{func(tp *autograd.Tape) { autograd.CrossEntropy(tp, tp.Constant(tensor.New(1, 3)), []int32{1}, 1) }, []string{"smoothing 1"}},
		{func(tp *autograd.Tape) {
			autograd.Mul(tp, tp.Constant(tensor.New(2, 3)), tp.Constant(tensor.New(2, 4)))
		}, []string{"[2 4]", "[2 3]"}},
		{func(tp *autograd.Tape) { autograd.MSE(tp, tp.Constant(tensor.New(2, 3)), tp.Constant(tensor.New(6))) }, []string{"[6]", "[2 3]"}},
		{func(tp *autograd.Tape) {
			autograd.MatMul(tp, tp.Constant(tensor.New(2, 3)), tp.Constant(tensor.New(2, 3)), false, false)
		}, []string{"[2 3]", "[K][N]"}},
		{func(tp *autograd.Tape) { autograd.UpsampleNearest(tp, tp.Constant(tensor.New(1, 2, 2, 3)), 0) }, []string{"factor 0"}},
		{func(tp *autograd.Tape) {
			autograd.FactorizedReduction(tp, tp.Constant(tensor.New(1, 4, 5, 3)), autograd.ActReLU, param("w", 1, 1, 3, 2), param("w", 1, 1, 3, 2))
		}, []string{"[1 4 5 3]", "even"}},
		{func(tp *autograd.Tape) {
			autograd.FactorizedReduction(tp, tp.Constant(tensor.New(1, 4, 4, 3)), autograd.ActReLU, param("w", 1, 1, 3, 2), param("w", 1, 1, 2, 2))
		}, []string{"[1 1 2 2]", "[1 1 3 Cout]"}},
		{func(tp *autograd.Tape) { autograd.DropPath(tp, tp.Constant(tensor.New(2, 3)), make([]float32, 3)) }, []string{"a mask of 3", "2 samples"}},
		{func(tp *autograd.Tape) { autograd.DropPathSum(tp, nil, nil) }, []string{"0 terms"}},
		{func(tp *autograd.Tape) { autograd.Dropout(tp, tp.Constant(tensor.New(2, 3)), make([]float32, 3)) }, []string{"[2 3]", "a mask of 3"}},
		{func(tp *autograd.Tape) { autograd.LockedDropout(tp, tp.Constant(tensor.New(2, 3)), make([]float32, 6)) }, []string{"[2 3]", "a mask of 6"}},
		{func(tp *autograd.Tape) {
			autograd.TemporalActivationRegularization(tp, tp.Constant(tensor.New(2, 3)), 1)
		}, []string{"[2 3]", "[T][B][H]"}},
		{func(tp *autograd.Tape) { autograd.Embedding(tp, param("t", 4, 2), []int32{0, 4}, nil, 2, 2) }, []string{"index 4 at position 1", "0 to 3"}},
		{func(tp *autograd.Tape) {
			autograd.Embedding(tp, param("t", 4, 2), []int32{0}, make([]float32, 3), 1, 2)
		}, []string{"3 scales", "4 rows"}},
		{func(tp *autograd.Tape) {
			autograd.DARTSCell(tp, tp.Constant(tensor.New(3, 2, 4)), tp.Constant(tensor.New(2, 5)), autograd.DARTSCellParams{W0: param("w", 9, 8)}, rnn.DARTSCell{}, nil, nil)
		}, []string{"W0 [9 8]", "[9 10]"}},
		{func(tp *autograd.Tape) {
			w := autograd.DARTSCellParams{W0: param("w", 9, 10), W: []*autograd.Param{param("w", 5, 10)}}
			autograd.DARTSCell(tp, tp.Constant(tensor.New(3, 2, 4)), tp.Constant(tensor.New(2, 5)), w, rnn.DARTSCell{Switch: []int{1}, Act: []autograd.Activation{0}}, nil, nil)
		}, []string{"Switch[0] = 1", "states 0 to 0"}},
		{func(tp *autograd.Tape) { tp.Backward(tp.Constant(tensor.New(2))) }, []string{"[2]", "one element"}},
		{func(tp *autograd.Tape) {
			tp.BackwardFrom(autograd.OutputGradient{Var: tp.Constant(tensor.New(2)), Grad: tensor.New(3)})
		}, []string{"[3]", "[2]"}},
		{func(tp *autograd.Tape) { // a value that a block has given back cannot be used by mistake
			tp.Reset(autograd.Inference)
			x := autograd.ReLU(tp, tp.Constant(tensor.New(1, 2, 2, 5)))
			tp.Block(func() *autograd.Var { return autograd.ReLU(tp, x) }, x)
			autograd.GlobalAvgPool(tp, x)
		}, []string{"GlobalAvgPool", "end of a Block"}},
	} {
		err := tensor.Catch(func() { tc.f(autograd.NewTape()) })
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		}
	}
}
