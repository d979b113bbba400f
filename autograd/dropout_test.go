package autograd_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Masks are zeros and 1/(1−p) in the right proportion, the same for the same numbers, and stay until the step ends.
func TestMask(t *testing.T) {
	tp := autograd.NewTape()
	draw := func(n int, p float64) []float32 { return autograd.Mask(tp, n, p, rand.New(rand.NewPCG(5, 6))) }
	const n = 20000
	for _, p := range []float64{0, 0.25, 0.9} {
		m := draw(n, p)
		kept := 0
		for _, f := range m {
			switch f {
			case float32(1 / (1 - p)):
				kept++
			case 0:
			default:
				t.Fatalf("p = %v: factor %v", p, f)
			}
		}
		if share := float64(kept) / n; math.Abs(share-(1-p)) > 4*math.Sqrt(p*(1-p)/n) {
			t.Errorf("p = %v: a share of %v is kept", p, share)
		}
		if again := draw(n, p); !slices.Equal(m, again) || &m[0] == &again[0] {
			t.Errorf("p = %v: the same numbers give another mask, or two masks are one", p)
		}
	}
	if len(draw(0, 0.5)) != 0 {
		t.Error("no factors are some")
	}
	for _, p := range []float64{-0.1, 1, math.NaN()} {
		if err := tensor.Catch(func() { draw(3, p) }); err == nil {
			t.Errorf("p = %v: no error", p)
		}
	}
	fails(t, "no source", func() { autograd.Mask(tp, 3, 0.5, nil) }, "autograd.Mask", "random numbers")
	tp.Reset(autograd.Training)
	m := slices.Clone(draw(7, 0.5))
	kept := tp.Block(func() *autograd.Var { return autograd.Dropout(tp, tp.Variable(gradcheck.Random(1, 7)), draw(7, 0.5)) })
	tp.BackwardFrom(autograd.OutputGradient{Var: kept, Grad: gradcheck.Random(2, 7)})
	if !slices.Equal(m, draw(7, 0.5)) {
		t.Error("another mask after a backward pass")
	}
}

// What is dropped is not looked at: a NaN in it does not spread.
func TestDropPathDoesNotRead(t *testing.T) {
	x := gradcheck.Random(1, 2, 3, 4)
	x.Set(float32(math.NaN()), 0, 1, 1)
	tp := autograd.NewTape()
	y := autograd.DropPath(tp, tp.Constant(x), []float32{0, 2})
	for i, v := range y.Value.Data {
		if want := 2 * x.Data[i]; i >= 12 && v != want || i < 12 && v != 0 {
			t.Fatalf("element %d is %v", i, v)
		}
	}
}
