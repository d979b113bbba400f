package autograd_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// A loss in the place of the logits is the same loss with the same gradients, in less memory; logits that are not the tape's stay.
func TestCrossEntropyInPlace(t *testing.T) {
	const steps, batch, in, words = 4, 3, 8, 500
	x, w, b := gradcheck.Random(1, steps, batch, in), param("w", words, in), param("b", words)
	labels := make([]int32, steps*batch)
	for i := range labels {
		labels[i] = int32(i * 37 % words)
	}
	type result struct {
		loss      autograd.Loss
		gradients []float32
		peak      int64
	}
	run := func(loss func(*autograd.Tape, *autograd.Var, []int32, float64) autograd.Loss, scale float32, paths int) (r result) {
		tp := autograd.NewTape()
		for range paths {
			tp.NextPath()
			logits := autograd.TiedLinear(tp, tp.Variable(x), w, b)
			r.loss = loss(tp, autograd.Reshape(tp, logits, steps*batch, words), labels, 0.1)
			tp.Backward(autograd.Scale(tp, r.loss.Var, scale))
		}
		for _, p := range tp.Touched() {
			r.gradients = append(r.gradients, p.Grad.Data...)
		}
		r.peak = tp.PeakBytes()
		r.loss.Var = nil
		return r
	}
	for _, scale := range []float32{1, 0.25} {
		apart, inPlace := run(autograd.CrossEntropy, scale, 2), run(autograd.CrossEntropyInPlace, scale, 2)
		if inPlace.loss != apart.loss || !slices.Equal(inPlace.gradients, apart.gradients) || len(inPlace.gradients) != words*in+words {
			t.Errorf("scale %v: in place the loss is %+v, want %+v, or its gradients differ", scale, inPlace.loss, apart.loss)
		}
		if saved := apart.peak - inPlace.peak; saved < 4*steps*batch*words {
			t.Errorf("in place %d bytes are saved, want %d for the logits", saved, 4*steps*batch*words)
		}
	}
	// Where somebody reads the logits on the way back they stay, and the gradients are those of the loss apart.
	for name, f := range map[string]func(tp *autograd.Tape, logits *autograd.Var) (*autograd.Var, *autograd.Var){
		"a penalty": func(tp *autograd.Tape, logits *autograd.Var) (*autograd.Var, *autograd.Var) {
			return logits, autograd.ActivationRegularization(tp, logits, 0.5)
		},
		"an activation": func(tp *autograd.Tape, logits *autograd.Var) (*autograd.Var, *autograd.Var) {
			logits = autograd.Tanh(tp, logits)
			return logits, autograd.Sum(tp, tp.Variable(x))
		},
	} {
		run := func(loss func(*autograd.Tape, *autograd.Var, []int32, float64) autograd.Loss) []float32 {
			tp := autograd.NewTape()
			logits, more := f(tp, autograd.Reshape(tp, autograd.TiedLinear(tp, tp.Variable(x), w, b), steps*batch, words))
			tp.Backward(autograd.Add(tp, loss(tp, logits, labels, 0.1).Var, more))
			return slices.Clone(w.Grad.Data)
		}
		if apart, inPlace := run(autograd.CrossEntropy), run(autograd.CrossEntropyInPlace); !slices.Equal(apart, inPlace) {
			t.Errorf("%s: the gradient is another one in place", name)
		}
	}
	tp := autograd.NewTape()
	mine := gradcheck.Random(2, steps*batch, words)
	before, v := mine.Clone(), tp.Variable(mine)
	tp.Backward(autograd.CrossEntropyInPlace(tp, v, labels, 0).Var)
	if !slices.Equal(mine.Data, before.Data) || v.Grad().IsZero() {
		t.Error("the logits are somebody else's, and have changed or have no gradient")
	}
	tp.Reset(autograd.Inference)
	logits := autograd.TiedLinear(tp, tp.Constant(x), w, b)
	logits = autograd.Reshape(tp, logits, steps*batch, words)
	want := logits.Value.Clone()
	autograd.CrossEntropyInPlace(tp, logits, labels, 0)
	if !slices.Equal(logits.Value.Data, want.Data) {
		t.Error("the logits have changed though no gradient was wanted")
	}
}

// With smoothing over the others the label's target is 1−ε and that of the others ε/(K−1).
func TestSmoothingOverOthers(t *testing.T) {
	const epsilon, k = 0.1, 7
	x := gradcheck.Random(1, 3, k)
	labels := []int32{0, 4, 6}
	want := 0.
	for i, l := range labels {
		row := arrayOf(x).data[i*k:][:k]
		for j, v := range row {
			q := epsilon / (k - 1)
			if j == int(l) {
				q = 1 - epsilon
			}
			want -= q * (v - logSumExp(row))
		}
	}
	tp := autograd.NewTape()
	got := autograd.CrossEntropy(tp, tp.Constant(x), labels, autograd.SmoothingOverOthers(epsilon, k)).Sum
	if !(math.Abs(got-want) <= 1e-5) {
		t.Errorf("loss %v, want %v", got, want)
	}
	if s := autograd.SmoothingOverOthers(0, 2); s != 0 {
		t.Errorf("no smoothing is %v", s)
	}
	for _, bad := range []struct {
		epsilon float64
		k       int
	}{{-0.1, 3}, {0.7, 3}, {0.1, 1}, {math.NaN(), 3}} {
		if err := tensor.Catch(func() { autograd.SmoothingOverOthers(bad.epsilon, bad.k) }); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

// The rows whose label is among the k largest logits, with ties, NaNs and rows that do not count.
func TestTopK(t *testing.T) {
	nan := float32(math.NaN())
	logits := tensor.Wrap([]float32{
		0, 3, 1, 2,
		5, 5, 5, 5,
		nan, 1, 2, 3,
		1, 2, 3, nan,
		9, 8, 7, 6,
	}, 5, 4)
	labels := []int32{3, 2, 3, 3, autograd.Ignore}
	for k, want := range []int{1: 0, 2: 2, 3: 3, 4: 3} {
		if k == 0 {
			continue
		}
		if got := autograd.TopK(windowed(logits), labels, k); got != want {
			t.Errorf("top %d: %d, want %d", k, got, want)
		}
	}
	random, some := gradcheck.Random(3, 50, 7), make([]int32, 50)
	for i := range some {
		some[i] = int32(i % 7)
	}
	tp := autograd.NewTape()
	if got, want := autograd.TopK(random, some, 1), autograd.CrossEntropy(tp, tp.Constant(random), some, 0).Correct; got != want {
		t.Errorf("top 1: %d, and CrossEntropy has %d", got, want)
	}
	if err := tensor.Catch(func() { autograd.TopK(random, some, 0) }); err == nil {
		t.Error("the best of none")
	}
}

// The mean over no rows is zero, and so is its gradient; a label that is neither a class nor Ignore is refused.
func TestIgnoredLabels(t *testing.T) {
	x := gradcheck.Random(3, 2, 5)
	for name, loss := range map[string]func(tp *autograd.Tape, x *autograd.Var, labels []int32) *autograd.Var{
		"CrossEntropy": func(tp *autograd.Tape, x *autograd.Var, labels []int32) *autograd.Var {
			l := autograd.CrossEntropy(tp, x, labels, 0)
			if l.Rows != 0 || l.Correct != 0 {
				t.Errorf("CrossEntropy: %d rows count, and %d are correct", l.Rows, l.Correct)
			}
			return l.Var
		},
		"NLL": autograd.NLL,
	} {
		tp := autograd.NewTape()
		v := tp.Variable(x)
		l := loss(tp, v, []int32{autograd.Ignore, autograd.Ignore})
		tp.Backward(l)
		if l.Value.Data[0] != 0 || slices.ContainsFunc(v.Grad().Data, func(g float32) bool { return g != 0 }) {
			t.Errorf("%s: loss %v, gradient %v", name, l.Value.Data, v.Grad().Data)
		}
		tp.Reset(autograd.Training)
		for _, bad := range []int32{-1, 5} {
			err := tensor.Catch(func() { loss(tp, tp.Variable(x), []int32{0, bad}) })
			want := fmt.Sprintf("autograd.%s: got label %d in row 1, want 0 to 4, or -100 to ignore the row", name, bad)
			if err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		}
	}
}
