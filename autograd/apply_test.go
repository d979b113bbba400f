package autograd_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Huber's loss (1964), the mean over all elements of d²/2 for a distance |d| ≤ δ and of δ·(|d| − δ/2) beyond, as an operation of one's own.
func ExampleApply() {
	huber := func(tp *autograd.Tape, x, target *autograd.Var, delta float32) *autograd.Var {
		return autograd.Mean(tp, autograd.Apply(tp, []autograd.Operand{x, target}, x.Value.Shape(),
			func(y tensor.Tensor, x []tensor.Tensor) {
				for i, v := range x[0].Data {
					d := max(v-x[1].Data[i], x[1].Data[i]-v)
					y.Data[i] = min(d, delta) * (d - min(d, delta)/2)
				}
			},
			func(dx []tensor.Tensor, dy, y tensor.Tensor, x []tensor.Tensor) {
				for i, v := range x[0].Data {
					g := dy.Data[i] * min(max(v-x[1].Data[i], -delta), delta)
					dx[0].Data[i], dx[1].Data[i] = g, -g
				}
			}))
	}

	tp := autograd.NewTape()
	x := tp.Variable(tensor.Wrap([]float32{1, 2, 7}, 3))
	loss := huber(tp, x, tp.Constant(tensor.Wrap([]float32{1, 1.5, 2}, 3)), 1)
	tp.Backward(loss)
	fmt.Println(loss.Value.Data[0], x.Grad().Data)

	// Is that gradient what the loss changes by? No distance is so near to δ that a difference quotient would see both sides of it.
	fmt.Println(gradcheck.Check(func(tp *autograd.Tape, x []*autograd.Var) []*autograd.Var {
		return []*autograd.Var{huber(tp, x[0], x[1], 1)}
	}, []tensor.Tensor{gradcheck.Random(1, 4, 5), gradcheck.Random(2, 4, 5)}))
	// Output:
	// 1.5416666 [0 0.16666667 0.33333334]
	// <nil>
}

// One input for several operands, and one parameter for several, have the sum of all their gradients.
func TestApplyRepeatedOperands(t *testing.T) {
	w := param("w", 2, 6)
	product := func(tp *autograd.Tape, in ...autograd.Operand) *autograd.Var {
		return autograd.Apply(tp, in, []int{2, 3}, func(y tensor.Tensor, x []tensor.Tensor) {
			y.Fill(1)
			for _, v := range x {
				for i := range y.Data {
					y.Data[i] *= v.Data[i]
				}
			}
		}, func(dx []tensor.Tensor, dy, y tensor.Tensor, x []tensor.Tensor) {
			for k, d := range dx {
				for i := range d.Data {
					d.Data[i] = dy.Data[i]
					for l, v := range x {
						if l != k {
							d.Data[i] *= v.Data[i]
						}
					}
				}
			}
		})
	}
	left, right := w.Window(1, 0, 3), w.Window(1, 2, 5)
	check(t, func(tp *autograd.Tape, x vars) vars {
		return vars{product(tp, x[0], left, x[0], right, x[1], left)}
	}, []tensor.Tensor{gradcheck.Random(1, 2, 3), windowed(gradcheck.Random(2, 2, 3))}, w)
}

// A function that fails leaves a tape that can be reset and used again, with the same bits.
func TestApplyFails(t *testing.T) {
	tp, fail := autograd.NewTape(), ""
	w, x := param("w", 4, 4), windowed(gradcheck.Random(1, 3, 4))
	run := func() {
		tp.Reset(autograd.Training)
		h := autograd.Linear(tp, tp.Variable(x), w, nil)
		y := autograd.Apply(tp, []autograd.Operand{autograd.Window(tp, h, 1, 3), w}, []int{3, 2}, func(y tensor.Tensor, x []tensor.Tensor) {
			if fail == "forward" {
				x[0].At(9, 9)
			}
			copy(y.Data, x[0].Data)
		}, func(dx []tensor.Tensor, dy, y tensor.Tensor, x []tensor.Tensor) {
			if fail == "backward" {
				x[1].At(9, 9)
			}
			copy(dx[0].Data, dy.Data)
		})
		tp.Backward(autograd.Mean(tp, autograd.Tanh(tp, y)))
	}
	run()
	want := slices.Clone(w.Grad.Data)
	for _, fail = range []string{"forward", "backward"} {
		fails(t, fail, run, "tensor.At", "[9 9]")
		tp.Reset(autograd.Training)
		if n := tp.Used(); n != 0 {
			t.Errorf("%d bytes are in use after Reset", n)
		}
	}
	fail = ""
	if run(); !slices.Equal(w.Grad.Data, want) {
		t.Error("a step that has failed changes the next one")
	}
	forward := func(tensor.Tensor, []tensor.Tensor) {}
	backward := func([]tensor.Tensor, tensor.Tensor, tensor.Tensor, []tensor.Tensor) {}
	apply := func(in autograd.Operand) func() {
		return func() { autograd.Apply(tp, []autograd.Operand{in}, []int{1}, forward, backward) }
	}
	for _, nothing := range []autograd.Operand{nil, (*autograd.Var)(nil), (*autograd.Param)(nil)} {
		fails(t, "an operand", apply(nothing), "autograd.Apply", "nil")
	}
	fails(t, "a loss as an operand", apply(autograd.Loss{}), "autograd.Loss")
	fails(t, "no way back", func() { autograd.Apply(tp, nil, []int{1}, forward, nil) }, "autograd.Apply", "both functions")
}
