package autograd_test

import (
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/conv"
)

// Convolutions of a folded value give the bits that those of its written result give, also to the gradients of all parameters and of the
// value itself, and the tape does not hold that result meanwhile.
func TestFoldedConvsAreConvs(t *testing.T) {
	x, bn, g := gradcheck.Random(7, 6, 8, 8, 16), batchNorm("bn", 16), gradcheck.Random(8, 6, 8, 8, 16)
	branches := []autograd.ConvBranch{
		{Kernel: k3, Weight: weight("a", k3), Sums: true}, {Kernel: k1, Weight: weight("b", k1), Sums: true},
		{Kernel: conv.Square(16, 24, 3, 2), Weight: weight("c", conv.Square(16, 24, 3, 2)), Sums: true},
	}
	tp := autograd.NewTape()
	step := func(convolve func(v *autograd.Var) []*autograd.Var) (bits []float32, held int64) {
		tp.Reset(autograd.Training)
		v := tp.Variable(x)
		ys := convolve(v)
		held = tp.Used()
		for _, y := range ys[:2] { // nobody wants the third
			bits = append(bits, y.Value.Data...)
		}
		tp.BackwardFrom(autograd.OutputGradient{Var: ys[0], Grad: g}, autograd.OutputGradient{Var: ys[1], Grad: x})
		bits = slices.Concat(bits, v.Grad().Data, bn.Gamma.Grad.Data, bn.Beta.Grad.Data)
		for _, b := range branches[:2] {
			bits = append(bits, b.Weight.Grad.Data...)
		}
		return bits, held
	}
	folded := func(v *autograd.Var) []*autograd.Var {
		return autograd.FoldedConvs(tp, autograd.Folded{X: v, BN: bn, Act: autograd.ActReLU}, branches)
	}
	want, more := step(func(v *autograd.Var) []*autograd.Var {
		return autograd.Convs(tp, autograd.BatchNorm2D(tp, v, bn), autograd.ActReLU, branches)
	})
	got, held := step(folded)
	if !slices.Equal(got, want) {
		t.Error("other bits than those of the written value")
	}
	if more-held != bytesOf(x.Len()) {
		t.Errorf("%d bytes are held, and %d where the value is written", held, more)
	}
	if n := testing.AllocsPerRun(4, func() {
		tp.Reset(autograd.Training)
		tp.BackwardFrom(autograd.OutputGradient{Var: folded(tp.Variable(x))[0], Grad: g})
	}); n > 1 { // the list that BackwardFrom is given
		t.Errorf("%v allocations", n)
	}
}
