package elementwise

import (
	"math"

	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Reductions.
var (
	// Sum is zero of no elements, and in float64 until it is rounded.
	Sum = Reduction{Name: "Sum", fold: sumFold, merge: func(acc, more []float64) {
		for j, v := range more {
			acc[j] += v
		}
	}}
	// Largest is the largest element, NaN if there is one, −∞ of none.
	Largest = Reduction{Name: "Largest", zero: math.Inf(-1),
		fold:  func(acc []float64, g []float32, t *scratch) { mergeLarger(acc, halved(vec.LocalMax, g, len(acc), t)) },
		merge: mergeLarger[float64],
	}
	// Smallest is the smallest element, NaN if there is one, ∞ of none.
	Smallest = Reduction{Name: "Smallest", zero: math.Inf(1),
		fold:  func(acc []float64, g []float32, t *scratch) { mergeSmaller(acc, halved(vec.LocalMin, g, len(acc), t)) },
		merge: mergeSmaller[float64],
	}
)

func sumFold(acc []float64, g []float32, _ *scratch) {
	cols := len(acc)
	switch {
	case cols == 1 && len(g) >= 64:
		acc[0] += vec.LocalSum(g)
	case cols == 1:
		s := acc[0]
		for _, v := range g {
			s += float64(v)
		}
		acc[0] = s
	default:
		for ; len(g) >= cols; g = g[cols:] {
			row := g[:cols]
			for j := range acc {
				acc[j] += float64(row[j])
			}
		}
	}
}

// halved combines rows of so many elements to one, laying one half of them upon the other until one is left.
func halved(f func(dst, a, b []float32), g []float32, cols int, t *scratch) []float32 {
	for len(g) > cols {
		half := (len(g)/cols + 1) / 2 * cols // an odd row is laid upon itself
		f(t.tmp[0][:half], g[:half], g[len(g)-half:])
		g = t.tmp[0][:half]
	}
	return g
}

func mergeLarger[T float32 | float64](acc []float64, more []T) {
	for j, v := range more {
		if v := float64(v); v > acc[j] || v != v {
			acc[j] = v
		}
	}
}

func mergeSmaller[T float32 | float64](acc []float64, more []T) {
	for j, v := range more {
		if v := float64(v); v < acc[j] || v != v {
			acc[j] = v
		}
	}
}

var one = []float32{1}

// Extreme is the backward pass of [Largest] and [Smallest]: the gradient dy of y is spread evenly over the elements of x that are y, as
// PyTorch's amax has it. share is memory for one number for each of y.
func Extreme(dx, x, y, dy Array, share []float32, accumulate bool) {
	const op = "Extreme"
	dx.check(op, "gradient of the operand")
	count := denseLike(share, y.Shape)
	in := [operands]Array{x.stretched(op, "operand", dx.Shape), Constant(one).stretched(op, "one", dx.Shape), y.stretched(op, "result", dx.Shape)}
	reduce(&Sum, op, count, dx.Shape, equal, in, false, 1, Params{})
	Div.Apply(count, dy, count, Params{})
	in[1] = count.stretched(op, "share", dx.Shape)
	run(equal, dx, accumulate, in, Params{})
}

// equal is b where a is the extreme, which is called dy here, and zero elsewhere.
func equal(dst, a, b, extreme []float32, _ Params, _ *scratch) {
	for i, v := range a {
		w := b[i]
		if v != extreme[i] {
			w = 0
		}
		dst[i] = w
	}
}

// LogSumExp computes y = log Σ e^x along the axes of which y has one element and x more. rest is memory for two numbers for each of y.
func LogSumExp(y, x Array, rest []float32) {
	const op = "LogSumExp"
	n := y.Len()
	m, sum := denseLike(rest[:n], y.Shape), denseLike(rest[n:2*n], y.Shape)
	Largest.Apply(m, x, 1, false)
	for i, v := range m.Data { // ∞ − ∞ is NaN, where e^∞ and e^−∞ are as they should be
		if math.IsInf(float64(v), 0) {
			m.Data[i] = 0
		}
	}
	reduce(&Sum, op, sum, x.Shape, expDifference, [operands]Array{x.stretched(op, "operand", x.Shape), m.stretched(op, "maximum", x.Shape)}, false, 1, Params{})
	Log.Apply(sum, sum, Params{})
	Add.Apply(y, sum, m, Params{})
}

// LogSumExpBackward computes the gradient of x, e^(x − y)·dy.
func LogSumExpBackward(dx, x, y, dy Array, accumulate bool) {
	const op = "LogSumExpBackward"
	dx.check(op, "gradient of the operand")
	in := [operands]Array{x.stretched(op, "operand", dx.Shape), y.stretched(op, "result", dx.Shape), dy.stretched(op, "gradient", dx.Shape)}
	run(expDifference, dx, accumulate, in, Params{})
}

// expDifference computes dst = e^(a − b), times dy if there is one.
func expDifference(dst, a, b, dy []float32, _ Params, _ *scratch) {
	vec.LocalSub(dst, a, b)
	vec.LocalExp(dst, dst)
	if dy != nil {
		vec.LocalMul(dst, dst, dy)
	}
}
