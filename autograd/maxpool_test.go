package autograd_test

import (
	"math/rand/v2"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/tensor"
)

// distinct returns a channel window of a wider batch of images whose values are so far apart that a difference quotient
// does not change which one is the largest.
func distinct(n, h, w, c int) tensor.Tensor {
	t := tensor.New(n, h, w, c+5)
	for i, p := range rand.New(rand.NewPCG(1, 2)).Perm(t.Len()) {
		t.Data[i] = 0.1 * float32(p-t.Len()/2)
	}
	return t.Window(2, 2+c)
}

func TestMaxPoolGradients(t *testing.T) {
	for _, m := range []pool.Max{{Kernel: 3, Stride: 1, Pad: 1}, {Kernel: 2, Stride: 2}, {Kernel: 3, Stride: 2, Pad: 1}, {Kernel: 5, Stride: 3}} {
		x := []tensor.Tensor{distinct(2, 7, 6, 5)}
		check(t, func(tp *autograd.Tape, x vars) vars {
			return vars{autograd.MaxPool(tp, x[0], m)}
		}, x)
		check(t, func(tp *autograd.Tape, x vars) vars { // a second contribution is added
			return vars{autograd.MaxPool(tp, x[0], m), autograd.AvgPool(tp, x[0], pool.Avg{Kernel: 2, Stride: 2})}
		}, x)
	}
}

// A step with max pooling gives back its memory, and allocates nothing once it has run before.
func TestMaxPoolMemory(t *testing.T) {
	tp := autograd.NewTape()
	x, m := distinct(2, 8, 8, 16), pool.Max{Kernel: 3, Stride: 2, Pad: 1}
	dy := tensor.New(2, 4, 4, 16)
	step := func(mode autograd.Mode) {
		tp.Reset(mode)
		y := autograd.MaxPool(tp, tp.Variable(x), m)
		if mode == autograd.Training {
			tp.BackwardFrom(autograd.Seed{Var: y, Grad: dy})
		}
	}
	for _, mode := range []autograd.Mode{autograd.Training, autograd.Inference} {
		step(mode)
		peak := tp.PeakBytes()
		if n := testing.AllocsPerRun(10, func() { step(mode) }); n != 0 {
			t.Errorf("mode %v: %v allocations", mode, n)
		}
		if p := tp.PeakBytes(); p != peak {
			t.Errorf("mode %v: a step raises the peak from %d to %d bytes", mode, peak, p)
		}
	}
}
