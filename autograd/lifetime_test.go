package autograd_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/rnn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// fails checks that f panics with a shape error that says what it should.
func fails(t *testing.T, what string, f func(), want ...string) {
	t.Helper()
	defer func() {
		t.Helper()
		if p := recover(); p != nil {
			t.Errorf("%s panics with %T: %v", what, p, p)
		}
	}()
	err := tensor.Catch(f)
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error %v, want one with %q", what, err, w)
		}
	}
}

// Every operation looks at every operand: it refuses nil, a value of another tape, and one that was given back.
func TestOperandsAreChecked(t *testing.T) {
	for _, c := range opCases {
		if name, _, _ := strings.Cut(c.name, "/"); name == "Slice" || name == "Split" || c.name == "Reshape/rows" {
			continue // these look at the inputs themselves; Window, Chunk and Reshape are Slice, Split and Reshape, too
		}
		t.Run(c.name, func(t *testing.T) {
			o, tp, other := c.make(small), autograd.NewTape(), autograd.NewTape()
			for i := range o.x {
				for _, bad := range []struct {
					what, want string
					operand    func() *autograd.Var
				}{
					{"nil", "nil", func() *autograd.Var { return nil }},
					{"another tape's", "another tape", func() *autograd.Var { return other.Constant(o.x[i]) }},
					{"one made by hand", "no tape", func() *autograd.Var { return &autograd.Var{Value: o.x[i]} }},
					{"one of the last step", "Reset or NextPath", func() *autograd.Var {
						v := tp.Constant(o.x[i])
						tp.Reset(autograd.Training)
						return v
					}},
					{"one that Backward has used", "Backward has gone through", func() *autograd.Var {
						v := autograd.Scale(tp, tp.Variable(o.x[i]), 1)
						tp.BackwardFrom(autograd.OutputGradient{Var: v, Grad: o.x[i]})
						return v
					}},
					{"one that a block has used", "end of a Block", func() *autograd.Var {
						tp.Record(false)
						v := autograd.Scale(tp, tp.Variable(o.x[i]), 1)
						tp.Block(func() *autograd.Var { return tp.Constant(o.x[i]) }, v)
						return v
					}},
				} {
					tp.Reset(autograd.Training)
					v := bad.operand()
					x := leaves(tp.Constant, o.x)
					x[i] = v
					fails(t, fmt.Sprintf("input %d is %s", i, bad.what), func() { o.run(tp, x) }, "autograd.", bad.want)
					tp.Reset(autograd.Training)
					if n := tp.Used(); n != 0 {
						t.Fatalf("input %d is %s: %d bytes are in use after Reset", i, bad.what, n)
					}
				}
			}
		})
	}
}

// Parameters that are nil, or that would have gradients for their first element alone.
func TestParametersAreChecked(t *testing.T) {
	tp, k := autograd.NewTape(), conv.Square(4, 4, 1, 1)
	images, rows := tp.Constant(tensor.New(1, 2, 2, 4)), tp.Constant(tensor.New(2, 4))
	hand := &autograd.Param{Name: "made", Value: tensor.New(4, 4), Grad: tensor.New(4, 4)}
	half := &autograd.BatchNorm{Gamma: param("g", 4)}
	cell := rnn.DARTSCell{Switch: []int{0}, Act: []autograd.Activation{0}}
	for name, f := range map[string]func(){
		"Linear":       func() { autograd.Linear(tp, rows, nil, nil) },
		"Linear, bias": func() { autograd.Linear(tp, rows, param("w", 4, 4), &autograd.Param{Value: tensor.New(4)}) },
		"Linear, hand": func() { autograd.Linear(tp, rows, hand, nil) },
		"TiedLinear":   func() { autograd.TiedLinear(tp, rows, nil, nil) },
		"Conv2D":       func() { autograd.Conv2D(tp, images, nil, nil, k) },
		"Embedding":    func() { autograd.Embedding(tp, nil, []int32{1}, nil, 1, 4) },
		"BatchNorm2D":  func() { autograd.BatchNorm2D(tp, rows, half) },
		"LSTM":         func() { autograd.LSTM(tp, rows, rows, rows, autograd.LSTMParams{}) },
		"FoldedConv2D": func() {
			autograd.FoldedConv2D(tp, autograd.Folded{X: images, BN: half}, autograd.ConvBranch{Kernel: k})
		},
		"Factorized": func() { autograd.FactorizedReduction(tp, images, autograd.ActIdentity, param("w", 1, 1, 4, 2), nil) },
		"DARTSCell": func() {
			autograd.DARTSCell(tp, rows, rows, autograd.DARTSCellParams{}, cell, nil, nil)
		},
		"DARTSCell, W": func() {
			autograd.DARTSCell(tp, rows, rows, autograd.DARTSCellParams{W0: hand, W: []*autograd.Param{nil}}, cell, nil, nil)
		},
		"DepthwiseConv": func() { autograd.DepthwiseConv2D(tp, images, 0, nil, depthwise.Square(4, 3, 1, 1)) },
	} {
		fails(t, name, f, "parameter", "NewParam")
	}
}

// What Backward, Reset, NextPath or the end of a block has given back cannot be read, asked for its gradient or walked from, whatever has
// become of its memory, as long as a loss can be read.
func TestGivenBack(t *testing.T) {
	x, labels := gradcheck.Random(1, 6, 4), []int32{0, 1, 2, 3, 0, 1}
	tp := autograd.NewTape()
	forward := func() (h *autograd.Var, loss autograd.Loss) {
		h = autograd.Tanh(tp, tp.Variable(x))
		return h, autograd.CrossEntropy(tp, h, labels, 0)
	}
	gone := func(what string, v *autograd.Var, why string) {
		t.Helper()
		if v.Value.Data != nil {
			t.Errorf("%s: a value that was given back has data", what)
		}
		fails(t, what, func() { v.Value.At(0, 0) }, "given back", "Keep", "Clone")
		fails(t, what, func() { v.Value.Clone() }, "given back")
		fails(t, what, func() { v.Grad() }, "Var.Grad", why)
		fails(t, what, func() { tp.Keep(v) }, "Tape.Keep", why)
		fails(t, what, func() { tp.Backward(v) }, "autograd.Backward", why)
		fails(t, what, func() { tp.BackwardFrom(autograd.OutputGradient{Var: v, Grad: x}) }, "BackwardFrom", why)
		fails(t, what, func() { tp.Constant(v.Value) }, "given back")
	}
	h, loss := forward()
	tp.Backward(loss.Var)
	gone("after Backward", h, "Backward has gone through")
	if got := loss.Value.Data[0]; math.Abs(float64(got)-loss.Mean(6)) > 1e-6 || loss.Value.At(0) != got {
		t.Errorf("the loss is %v after Backward, want %v", got, loss.Mean(6))
	}
	fails(t, "a second Backward", func() { tp.Backward(loss.Var) }, "autograd.Backward", "Backward has gone through")

	for name, end := range map[string]func(){"Reset": func() { tp.Reset(autograd.Training) }, "NextPath": tp.NextPath} {
		h, loss = forward()
		leaf := tp.Constant(x)
		end()
		for what, v := range map[string]*autograd.Var{"a value": h, "a loss": loss.Var, "a leaf": leaf} {
			gone(what+" after "+name, v, "Reset or NextPath")
			forward() // which does not make another value of it
			gone(what+" in the step after "+name, v, "Reset or NextPath")
		}
	}

	tp.Reset(autograd.Inference)
	var inner *autograd.Var
	consumed := autograd.Tanh(tp, tp.Constant(x))
	tp.Block(func() *autograd.Var {
		inner = autograd.Tanh(tp, consumed)
		return autograd.Tanh(tp, inner)
	}, consumed)
	tp.Record(true)
	gone("in a block", inner, "end of a Block")
	gone("consumed by a block", consumed, "end of a Block")

	fails(t, "nil consumed", func() { tp.Block(func() *autograd.Var { return inner }, nil) }, "Tape.Block", "nil")
	fails(t, "no Var", func() { (*autograd.Var)(nil).Grad() }, "Var.Grad", "nil")
	fails(t, "no loss", func() { tp.Backward(nil) }, "autograd.Backward", "nil")
	fails(t, "the zero Tensor", func() { tp.Constant(tensor.Tensor{}) }, "Constant", "zero Tensor")
	fails(t, "no mode", func() { tp.Reset(autograd.Mode(99)) }, "Reset", "mode 99")
	tp.Precision = 9
	fails(t, "no precision", func() { tp.Reset(autograd.Training) }, "Reset", "precision 9")
	tp.Precision = autograd.Float32
}

// A concatenation and the logits of a loss in place are found out too.
func TestGivenBackInPlace(t *testing.T) {
	tp, w := autograd.NewTape(), param("w", 4, 3)
	logits := autograd.Linear(tp, tp.Constant(gradcheck.Random(1, 2, 4)), w, nil)
	loss := autograd.CrossEntropyInPlace(tp, logits, []int32{0, 1}, 0)
	fails(t, "logits", func() { autograd.Softmax(tp, logits) }, "Softmax", "CrossEntropyInPlace")
	if logits.Value.Data != nil {
		t.Error("the gradient can be read as logits")
	}
	tp.Backward(loss.Var)

	tp.Reset(autograd.Training) // those that are kept are left alone
	logits = tp.Keep(autograd.Linear(tp, tp.Constant(gradcheck.Random(1, 2, 4)), w, nil))
	want := slices.Clone(logits.Value.Data)
	tp.Backward(autograd.CrossEntropyInPlace(tp, autograd.Reshape(tp, logits, 2, 3), []int32{0, 1}, 0).Var)
	if !slices.Equal(logits.Value.Data, want) || logits.Grad().IsZero() {
		t.Error("logits that are kept have changed, or have no gradient")
	}

	cat := autograd.NewConcat(tp, 2, 4)
	tp.Reset(autograd.Training)
	fails(t, "Next", func() { cat.Next(2) }, "Concat.Next", "Reset or NextPath")
	fails(t, "Join", func() { cat.Join() }, "Concat.Join", "Reset or NextPath")
}

// A value that is kept can be read after Backward, and its gradient is what the gradient of a leaf in its place is, however that
// arrives; no other gradient changes.
func TestKeep(t *testing.T) {
	k := conv.Square(5, 6, 3, 1)
	w, bn, x := weight("w", k), batchNorm("bn", 6), image(2, 4, 5, 5)
	behind := func(tp *autograd.Tape, y *autograd.Var) *autograd.Var {
		h := autograd.BatchNormSumAct(tp, autograd.ActReLU, autograd.Term{X: y, BN: bn})
		h = autograd.Add(tp, autograd.Reshape(tp, h, 2*4*5*6), autograd.Reshape(tp, autograd.Tanh(tp, h), 2*4*5*6))
		return autograd.Mean(tp, autograd.Mul(tp, h, h))
	}
	tp := autograd.NewTape()
	run := func(keep bool) (y, h *autograd.Var, value tensor.Tensor) {
		tp.Reset(autograd.Training)
		y = autograd.Conv2D(tp, tp.Constant(x), w, nil, k)
		h = autograd.BatchNormSumAct(tp, autograd.ActReLU, autograd.Term{X: y, BN: bn})
		value = h.Value.Clone()
		loss := autograd.Mean(tp, autograd.Mul(tp, autograd.Add(tp, h, autograd.Tanh(tp, h)), h))
		if keep {
			tp.Keep(y)
			tp.Keep(h)
		}
		tp.Backward(loss)
		return y, h, value
	}
	run(false)
	want := slices.Concat(w.Grad.Data, bn.Gamma.Grad.Data)
	y, h, value := run(true)
	if got := slices.Concat(w.Grad.Data, bn.Gamma.Grad.Data); !slices.Equal(got, want) {
		t.Error("keeping a value changes gradients")
	}
	if !slices.Equal(h.Value.Data, value.Data) {
		t.Error("a value that is kept has changed")
	}
	dy, dh, yv := y.Grad().Clone(), h.Grad().Clone(), y.Value.Clone()
	tp.Reset(autograd.Training)
	leaf := tp.Variable(value)
	tp.Backward(autograd.Mean(tp, autograd.Mul(tp, autograd.Add(tp, leaf, autograd.Tanh(tp, leaf)), leaf)))
	if !slices.Equal(dh.Data, leaf.Grad().Data) {
		t.Error("the gradient of a value that is kept is not that of a leaf in its place")
	}
	tp.Reset(autograd.Training)
	leaf = tp.Variable(yv)
	l := autograd.BatchNormSumAct(tp, autograd.ActReLU, autograd.Term{X: leaf, BN: bn})
	tp.Backward(autograd.Mean(tp, autograd.Mul(tp, autograd.Add(tp, l, autograd.Tanh(tp, l)), l)))
	if e := differs(dy, arrayOf(leaf.Grad())); !(e <= 1e-6) {
		t.Errorf("the gradient of a convolution's output that is kept has relative error %.2g", e)
	}
	if n := testing.AllocsPerRun(4, func() {
		tp.Reset(autograd.Training)
		tp.Backward(behind(tp, tp.Keep(autograd.Conv2D(tp, tp.Constant(x), w, nil, k))))
	}); n != 0 {
		t.Errorf("%v allocations in a step that keeps a value", n)
	}

	y, _, _ = run(true)
	fails(t, "computing with it", func() { autograd.Tanh(tp, y) }, "Tanh", "Backward has gone through", "Constant")
	tp.Reset(autograd.Inference)
	if n := tp.Used(); n != 0 {
		t.Errorf("%d bytes are in use after Reset", n)
	}
	tp.Block(func() *autograd.Var { return autograd.Tanh(tp, tp.Keep(autograd.Tanh(tp, tp.Constant(x)))) })
	if n, image := tp.Used(), bytesOf(x.Len()); n != 2*image {
		t.Errorf("%d bytes are in use behind a block that keeps a value, want %d", n, 2*image)
	}
}

// A loss that nothing leads to has no gradient for anybody: it is a mistake.
func TestBackwardOfConstant(t *testing.T) {
	tp := autograd.NewTape()
	loss := autograd.Mean(tp, tp.Constant(tensor.New(3)))
	fails(t, "a constant", func() { tp.Backward(loss) }, "autograd.Backward", "no parameter")
	tp.Record(false)
	loss = autograd.Mean(tp, autograd.Linear(tp, tp.Constant(tensor.New(1, 2)), param("w", 2, 2), nil))
	fails(t, "nothing recorded", func() { tp.Backward(loss) }, "autograd.Backward", "records nothing")
}
