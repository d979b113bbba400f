// Package gradcheck compares the gradients of a function of autograd with finite differences.
//
// A function with the outputs y_1, y_2, … becomes a number by fixed random weights, L = Σ u_i·y_i. [Check] has the tape
// compute the gradient of L with respect to every input and parameter, and compares it with
//
//	∂L/∂x ≈ (8·(L(x+h) − L(x−h)) − (L(x+2h) − L(x−2h))) / 12h
//
// whose error falls with the fourth power of h: h may be large enough that the rounding of the float32 outputs does not
// matter. L itself is added up in float64.
package gradcheck

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

const (
	// step is h: a power of two, so that x±h is nearly exact.
	step = 1. / 32
	// tolerance is the error that Check accepts, relative to the largest gradient of the same tensor. It is what rounding
	// leaves of L(x+h) − L(x−h) where hundreds of outputs depend on x.
	tolerance = 5e-4
	// elements is how many elements of one tensor are compared; in a larger one they are drawn at random.
	elements = 48
)

// Func computes any number of values from x on a tape: the same whenever it is called.
type Func func(tp *autograd.Tape, x []*autograd.Var) []*autograd.Var

// Check returns an error that names the element with the largest deviation if a gradient of f, with respect to the inputs
// (which may be windows) or to params, differs from finite differences by more than 0.05 % of the tensor's largest gradient.
// Where f has kinks, inputs must keep away from them, as those of [Random] do from zero.
func Check(f Func, inputs []tensor.Tensor, params ...*autograd.Param) error {
	return CheckMode(autograd.Training, f, inputs, params...)
}

// CheckMode is Check of what f computes in another mode of the tape, with recording on: a network that normalises with running
// statistics, for example.
func CheckMode(mode autograd.Mode, f Func, inputs []tensor.Tensor, params ...*autograd.Param) error {
	rng := rand.New(rand.NewPCG(1, 2))
	tp := autograd.NewTape()
	leaves := make([]*autograd.Var, len(inputs))
	run := func() []*autograd.Var {
		tp.Reset(mode)
		tp.Record(true)
		for i, t := range inputs {
			leaves[i] = tp.Variable(t)
		}
		return f(tp, leaves)
	}

	var seeds []autograd.OutputGradient
	for _, y := range run() {
		u := tensor.New(y.Value.Shape()...)
		for i := range u.Data {
			u.Data[i] = float32(rng.NormFloat64())
		}
		seeds = append(seeds, autograd.OutputGradient{Var: y, Grad: u})
	}
	tp.BackwardFrom(seeds...)

	type target struct {
		name        string
		value, grad tensor.Tensor // grad is the zero Tensor where there is none
	}
	var targets []target
	for i, v := range leaves {
		t := target{name: fmt.Sprintf("input %d", i), value: inputs[i]}
		if g := v.Grad(); !g.IsZero() {
			t.grad = g.Clone()
		}
		targets = append(targets, t)
	}
	for _, p := range params {
		t := target{name: p.Name, value: p.Value}
		if p.Touched() {
			t.grad = p.Grad.Clone()
		}
		targets = append(targets, t)
	}

	eval := func() (l float64) {
		for i, y := range run() {
			v := y.Value
			if !v.Dense() {
				v = v.Clone()
			}
			for j, u := range seeds[i].Grad.Data {
				l += float64(u) * float64(v.Data[j])
			}
		}
		return l
	}
	for _, t := range targets {
		var largest, worst float64
		var report string
		for _, i := range rng.Perm(t.value.Len())[:min(t.value.Len(), elements)] {
			index := unravel(i, t.value.Shape())
			x := t.value.At(index...)
			at := func(d float64) float64 {
				t.value.Set(x+float32(d), index...)
				return eval()
			}
			want := (8*(at(step)-at(-step)) - (at(2*step) - at(-2*step))) / (12 * step)
			t.value.Set(x, index...)
			got := 0.
			if !t.grad.IsZero() {
				got = float64(t.grad.At(index...))
			}
			largest = max(largest, math.Abs(want), math.Abs(got))
			// Not "d > worst": a NaN must not pass.
			if d := math.Abs(got - want); !(d <= worst) {
				worst, report = d, fmt.Sprintf("gradient of %s at %v is %v, want %v", t.name, index, got, want)
			}
		}
		if !(worst <= tolerance*largest) {
			return fmt.Errorf("gradcheck: %s (the largest is %v)", report, largest)
		}
	}
	return nil
}

// Random returns a tensor of normally distributed values, none so close to zero that Check would step across it.
func Random(seed uint64, shape ...int) tensor.Tensor {
	rng := rand.New(rand.NewPCG(seed, 0))
	t := tensor.New(shape...)
	for i := range t.Data {
		for math.Abs(float64(t.Data[i])) < 2.5*step {
			t.Data[i] = float32(rng.NormFloat64())
		}
	}
	return t
}

// unravel turns the number of an element into its indices.
func unravel(i int, shape []int) []int {
	index := make([]int, len(shape))
	for a := len(shape) - 1; a >= 0; a-- {
		index[a], i = i%shape[a], i/shape[a]
	}
	return index
}
