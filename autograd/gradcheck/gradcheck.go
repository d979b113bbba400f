// Package gradcheck compares the gradients that a tape computes with finite differences.
//
// A function of some tensors and parameters is run on a tape and its outputs are projected onto a random direction, which
// makes a number; [Check] differentiates that number with respect to every input, once by the tape and once by differences
// of four points,
//
//	f'(x) ≈ [8·(f(x+h) − f(x−h)) − (f(x+2h) − f(x−2h))] / 12h
//
// The projection is summed in float64, so that what is left of rounding is that of the function itself. Functions with
// kinks (ReLU) must be checked on inputs that stay clear of them: [Away] makes such inputs.
package gradcheck

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Tolerance is how far the two gradients of an element may be apart, as a share of the root mean square gradient of its
// tensor. float32 and h = 1/64 leave about a tenth of it.
const Tolerance = 5e-3

const (
	step     = 1.0 / 64
	elements = 24 // checked per tensor, drawn at random; all of a smaller one
)

// Random returns a tensor of normally distributed values.
func Random(rng *rand.Rand, shape ...int) tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(rng.NormFloat64())
	}
	return t
}

// Away is Random with every value at least 1/8 away from zero.
func Away(rng *rand.Rand, shape ...int) tensor.Tensor {
	t := Random(rng, shape...)
	for i, v := range t.Data {
		t.Data[i] = v + float32(math.Copysign(0.125, float64(v)))
	}
	return t
}

// Check verifies the gradients of f with respect to inputs (which may be windows) and params. f must compute the same
// function whenever it is called with a tape in training mode.
func Check(t *testing.T, inputs []tensor.Tensor, params []*autograd.Param, f func(tp *autograd.Tape, x []*autograd.Var) []*autograd.Var) {
	t.Helper()
	rng := rand.New(rand.NewPCG(11, 13))
	tp := autograd.NewTape()
	forward := func() (in, out []*autograd.Var) {
		tp.Reset(autograd.Training)
		for _, x := range inputs {
			in = append(in, tp.Variable(x))
		}
		return in, f(tp, in)
	}
	in, out := forward()
	var directions []tensor.Tensor
	var seeds []autograd.Seed
	for _, y := range out {
		d := Random(rng, y.Value.Shape()...)
		directions = append(directions, d)
		seeds = append(seeds, autograd.Seed{Var: y, Grad: d})
	}
	tp.BackwardFrom(seeds...)
	var grads [][]float32 // copies: the tape is reused
	for i, v := range in {
		g := v.Grad()
		if g.IsZero() {
			t.Fatalf("input %d has no gradient", i)
		}
		grads = append(grads, append([]float32(nil), g.Data...))
	}
	for _, p := range params {
		if !p.Touched() {
			t.Fatalf("%s has no gradient", p.Name)
		}
		grads = append(grads, append([]float32(nil), p.Grad.Data...))
	}
	project := func() (sum float64) {
		_, out := forward()
		for i, y := range out {
			for j, d := range directions[i].Data {
				sum += float64(d) * float64(y.Value.Data[j])
			}
		}
		return sum
	}
	values := append([]tensor.Tensor(nil), inputs...)
	for _, p := range params {
		values = append(values, p.Value)
	}
	for i, v := range values {
		name := "input"
		if i >= len(inputs) {
			name = params[i-len(inputs)].Name
		}
		check(t, rng, name, v, grads[i], project)
	}
}

// check compares the gradient of some elements of v.
func check(t *testing.T, rng *rand.Rand, name string, v tensor.Tensor, grad []float32, f func() float64) {
	t.Helper()
	var sq float64
	for _, g := range grad {
		sq += float64(g) * float64(g)
	}
	scale := math.Sqrt(sq/float64(len(grad))) + 1e-6
	order := rng.Perm(len(grad))
	for _, i := range order[:min(elements, len(order))] {
		index := make([]int, v.Rank())
		for a, rest := v.Rank()-1, i; a >= 0; a-- {
			index[a], rest = rest%v.Dim(a), rest/v.Dim(a)
		}
		x := v.At(index...)
		at := func(k float64) float64 {
			v.Set(x+float32(k*step), index...)
			return f()
		}
		numeric := (8*(at(1)-at(-1)) - (at(2) - at(-2))) / (12 * step)
		v.Set(x, index...)
		if math.Abs(numeric-float64(grad[i])) > Tolerance*scale || math.IsNaN(numeric) {
			t.Errorf("%s%v: gradient %.6g, by differences %.6g (root mean square %.3g)", name, index, grad[i], numeric, scale)
		}
	}
}
