package autograd_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/tensor"
)

// The gradients of two paths are the sum of those of each, also of what one of them uses alone, and of a loss that is scaled.
func TestNextPath(t *testing.T) {
	n, tp := newNetwork(), autograd.NewTape()
	params := []*autograd.Param{n.w3, n.w1, n.head, n.bias, n.a.Gamma, n.a.Beta, n.b.Gamma, n.b.Beta}
	path := func(wide bool, scale float32) {
		l := autograd.CrossEntropy(tp, n.logits(tp, wide), n.labels, 0)
		tp.Backward(autograd.Scale(tp, l.Var, scale))
	}
	want := make(map[*autograd.Param]array)
	for _, wide := range []bool{false, true} {
		tp.Reset(autograd.Training)
		path(wide, 0.5)
		for _, p := range tp.Touched() {
			g := arrayOf(p.Grad)
			if sum, ok := want[p]; ok {
				g = combined(g, sum, func(v, w float64) float64 { return v + w })
			}
			want[p] = g
		}
	}
	step := func() {
		tp.Reset(autograd.Training)
		path(false, 0.5)
		tp.NextPath()
		if n := tp.Used(); n != 0 {
			t.Errorf("%d bytes are in use after NextPath", n)
		}
		path(true, 0.5)
	}
	step()
	if len(tp.Touched()) != len(params) {
		t.Errorf("%d parameters are touched, want %d", len(tp.Touched()), len(params))
	}
	for _, p := range params {
		if e := differs(p.Grad, want[p]); !(e <= 1e-6) {
			t.Errorf("gradient of %s: relative error %.2g", p.Name, e)
		}
	}
	if n := testing.AllocsPerRun(5, step); n != 0 {
		t.Errorf("%v allocations in a step of two paths", n)
	}
	tp.Reset(autograd.Training)
	for _, p := range params {
		if p.Touched() {
			t.Errorf("%s is touched after Reset", p.Name)
		}
	}
}

// A loss among several: sums of losses have the gradient of each, scaled or not.
func TestSumOfLosses(t *testing.T) {
	labels := []int32{3, 0, 10, 3}
	x := gradcheck.Random(5, 4, 11)
	check(t, func(tp *autograd.Tape, x vars) vars {
		main, auxiliary := autograd.CrossEntropy(tp, x[0], labels, 0.1), autograd.CrossEntropy(tp, x[1], labels, 0)
		loss := autograd.Add(tp, main.Var, autograd.Scale(tp, auxiliary.Var, 0.4))
		return vars{autograd.Add(tp, loss, autograd.ActivationRegularization(tp, x[0], 2))}
	}, []tensor.Tensor{x, gradcheck.Random(6, 4, 11)})

	// What is not scaled arrives bit for bit.
	tp := autograd.NewTape()
	alone := tp.Variable(x)
	tp.Backward(autograd.CrossEntropy(tp, alone, labels, 0).Var)
	want := slices.Clone(alone.Grad().Data)
	tp.Reset(autograd.Training)
	v := tp.Variable(x)
	loss := autograd.CrossEntropy(tp, v, labels, 0)
	tp.Backward(autograd.Add(tp, loss.Var, autograd.Mean(tp, tp.Variable(x))))
	if !slices.Equal(want, v.Grad().Data) {
		t.Error("a sum changes the gradient of a loss in it")
	}
}

// Running statistics do not move with the batch, and so have no gradient: recorded inference against difference quotients.
func TestRecordedInference(t *testing.T) {
	k := conv.Square(5, 7, 3, 1)
	w, a, b := weight("w", k), batchNorm("a", 7), batchNorm("bb", 7)
	for i := range 7 {
		a.RunningMean.Data[i], a.RunningVar.Data[i] = 0.3*float32(i)-1, 0.5+0.25*float32(i)
	}
	skip := gradcheck.Random(4, 2, 4, 5, 7)
	f := func(tp *autograd.Tape, x vars) vars {
		y := autograd.Convs(tp, x[0], autograd.ActReLU, []autograd.ConvBranch{{Kernel: k, Weight: w, Sums: true}})[0]
		node := autograd.BatchNormSumAct(tp, autograd.ActIdentity, autograd.Term{X: y, BN: a}, autograd.Term{X: x[1], BN: b}, autograd.Term{X: x[1]})
		return vars{node, autograd.Tanh(tp, y)}
	}
	in := []tensor.Tensor{image(2, 4, 5, 5), skip}
	if err := gradcheck.CheckMode(autograd.Inference, f, in, w, a.Gamma, a.Beta, b.Gamma, b.Beta); err != nil {
		t.Error(err)
	}
	if a.RunningMean.Data[0] != -1 {
		t.Error("the running statistics have moved")
	}
	// The statistics of the batch are those of Training, without moving anything.
	if err := gradcheck.CheckMode(autograd.BatchStatistics, f, in, w, a.Gamma, a.Beta, b.Gamma, b.Beta); err != nil {
		t.Error(err)
	}
	if a.RunningMean.Data[0] != -1 {
		t.Error("the running statistics have moved")
	}
}

// Training that is not recorded normalises as it does, moves the running statistics, keeps no memory and has no way back.
func TestUnrecordedTraining(t *testing.T) {
	recorded, unrecorded := newNetwork(), newNetwork()
	tp := autograd.NewTape()
	tp.Reset(autograd.Training)
	want := recorded.logits(tp, true).Value.Clone()
	tp.Reset(autograd.Training)
	tp.Record(false)
	y := unrecorded.logits(tp, true)
	if !slices.Equal(y.Value.Data, want.Data) || !slices.Equal(unrecorded.a.RunningVar.Data, recorded.a.RunningVar.Data) {
		t.Error("recording makes a difference")
	}
	if n := tp.Used(); n != bytesOf(y.Value.Len()) {
		t.Errorf("%d bytes are in use behind a block", n)
	}
	if err := tensor.Catch(func() { tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: want}) }); err == nil || !strings.Contains(err.Error(), "records nothing") {
		t.Errorf("error %v, want one that says that nothing is recorded", err)
	}
	if len(tp.Touched()) != 0 {
		t.Error("parameters are touched")
	}
}

// What is recorded keeps what it needs to go back, though what comes between is not recorded and a block consumes it; that has no
// gradient.
func TestUnrecordedWithinTraining(t *testing.T) {
	tp := autograd.NewTape()
	x := tp.Variable(gradcheck.Random(1, 2, 3))
	h := autograd.Tanh(tp, x)
	tp.Record(false)
	constant := tp.Block(func() *autograd.Var { return autograd.Reshape(tp, autograd.Scale(tp, h, 2), 3, 2) }, h)
	tp.Record(true)
	y := autograd.Mul(tp, autograd.Reshape(tp, h, 3, 2), constant)
	tp.Record(false) // from here on, which does not take back what has been recorded
	tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: gradcheck.Random(2, 3, 2)})
	for i, g := range x.Grad().Data {
		u := math.Tanh(float64(x.Value.Data[i]))
		want := (1 - u*u) * 2 * u * float64(gradcheck.Random(2, 3, 2).Data[i])
		if !(math.Abs(float64(g)-want) <= 1e-6) {
			t.Errorf("gradient %d is %v, want %v", i, g, want)
		}
	}
}

// Blocks within blocks; a block whose result is what it consumes, a window or another shape of a value inside of it, or in a
// concatenation: what must stay does, and the rest goes.
func TestBlocks(t *testing.T) {
	const image = 4 * 2 * 4 * 4 * 8
	x := gradcheck.Random(1, 2, 4, 4, 8)
	relus := func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
		return autograd.Scale(tp, autograd.Tanh(tp, autograd.Scale(tp, v, 0.5)), 2)
	}
	for name, c := range map[string]struct {
		f    func(tp *autograd.Tape, v *autograd.Var) *autograd.Var
		used int64
	}{
		"plain": {func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return tp.Block(func() *autograd.Var { return relus(tp, v) }, v)
		}, image},
		"consumed": {func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return tp.Block(func() *autograd.Var { relus(tp, v); return v }, v)
		}, image},
		"not consumed": {func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return tp.Block(func() *autograd.Var { return relus(tp, v) })
		}, 2 * image},
		"nested": {func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return tp.Block(func() *autograd.Var {
				h := tp.Block(func() *autograd.Var { return relus(tp, v) }, v)
				g := tp.Block(func() *autograd.Var { return relus(tp, h) })
				return tp.Block(func() *autograd.Var { return autograd.Add(tp, g, h) }, g, h)
			}, v)
		}, image},
		"window": {func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return tp.Block(func() *autograd.Var { return autograd.Window(tp, relus(tp, v), 2, 5) }, v)
		}, image},
		"reshape": {func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return tp.Block(func() *autograd.Var { return autograd.Reshape(tp, v, 2, 128) }, v)
		}, image},
		"concatenation": {func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return tp.Block(func() *autograd.Var {
				cat := autograd.NewConcat(tp, 2, 4, 4, 16)
				cat.Next(8)
				a := autograd.Tanh(tp, v)
				cat.Next(8)
				b := autograd.Sigmoid(tp, v)
				return cat.Join(a, b)
			}, v)
		}, 2 * image},
		"mask": {func(tp *autograd.Tape, v *autograd.Var) *autograd.Var {
			return tp.Block(func() *autograd.Var {
				return autograd.Dropout(tp, v, autograd.Mask(tp, v.Value.Len(), 0.5, rand.New(rand.NewPCG(1, 2))))
			}, v)
		}, image},
	} {
		tp := autograd.NewTape()
		run := func(mode autograd.Mode) tensor.Tensor {
			tp.Reset(mode)
			return c.f(tp, autograd.Scale(tp, tp.Variable(x), 1)).Value
		}
		want := run(autograd.Training).Clone()
		got := run(autograd.Inference)
		if e := differs(got, arrayOf(want)); e != 0 {
			t.Errorf("%s: relative error %.2g", name, e)
		}
		if n := tp.Used(); n != c.used {
			t.Errorf("%s: %d bytes are in use, want %d", name, n, c.used)
		}
	}
}

// A batch may be empty: what there is no element of has a gradient of none, and parameters one of zeros.
func TestEmptyBatch(t *testing.T) {
	w, tp := param("w", 4, 3), autograd.NewTape()
	x := tp.Variable(tensor.New(0, 4))
	cat := autograd.NewConcat(tp, 0, 6)
	cat.Next(3)
	a := autograd.Linear(tp, x, w, nil)
	cat.Next(3)
	y := cat.Join(a, autograd.Tanh(tp, autograd.Window(tp, x, 1, 4)))
	tp.Backward(autograd.CrossEntropy(tp, y, nil, 0.1).Var)
	if x.Grad().Len() != 0 || !w.Touched() || !slices.Equal(w.Grad.Data, make([]float32, 12)) {
		t.Errorf("gradients %v and %v", x.Grad(), w.Grad)
	}
}
