package autograd_test

import (
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
)

// The sequence of a single step has no temporal differences.
func TestTemporalRegularizationOfOneStep(t *testing.T) {
	tp := autograd.NewTape()
	x := tp.Variable(gradcheck.Random(1, 1, 3, 4))
	y := autograd.TemporalActivationRegularization(tp, x, 2)
	if y.Value.Data[0] != 0 {
		t.Errorf("value %v, want 0", y.Value.Data[0])
	}
	tp.Backward(autograd.Add(tp, y, autograd.Sum(tp, x)))
	for _, g := range x.Grad().Data {
		if g != 1 {
			t.Fatalf("gradient %v, want that of the sum alone", g)
		}
	}
	// Not even where the gradient is a window that ends with its tensor.
	tp.Reset(autograd.Training)
	x = tp.Variable(gradcheck.Random(1, 1, 3, 4))
	cat := autograd.NewConcat(tp, 1, 3, 7)
	cat.Next(3)
	a := autograd.Scale(tp, tp.Constant(gradcheck.Random(2, 1, 3, 3)), 1)
	cat.Next(4)
	b := autograd.Scale(tp, x, 1)
	r := autograd.TemporalActivationRegularization(tp, b, 2)
	tp.Backward(autograd.Add(tp, r, autograd.Sum(tp, cat.Join(a, b))))
	for _, g := range x.Grad().Data {
		if g != 1 {
			t.Fatalf("gradient %v in a concatenation, want that of the sum alone", g)
		}
	}
}
