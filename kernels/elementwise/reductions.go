package elementwise

import (
	"math"

	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Reductions.
var (
	// Sum is zero of no elements, and in float64 until it is rounded.
	Sum = Reduction{Name: "Sum",
		fold:     func(acc []float64, g []float32, _ *scratch) { vec.LocalColSums(acc, g) },
		foldRows: sumRows,
		merge: func(acc, more []float64) {
			for j, v := range more {
				acc[j] += v
			}
		},
	}
	// Largest is the largest element, NaN if there is one, −∞ of none.
	Largest = Reduction{Name: "Largest", zero: math.Inf(-1),
		fold: func(acc []float64, g []float32, t *scratch) { mergeLarger(acc, halved(vec.LocalMax, g, len(acc), t)) },
		foldRows: func(acc []float64, g []float32, t *scratch) {
			mergeLarger(acc, eachRow(vec.LocalRowMax, g, len(acc), t))
		},
		merge: mergeLarger[float64],
	}
	// Smallest is the smallest element, NaN if there is one, ∞ of none.
	Smallest = Reduction{Name: "Smallest", zero: math.Inf(1),
		fold: func(acc []float64, g []float32, t *scratch) { mergeSmaller(acc, halved(vec.LocalMin, g, len(acc), t)) },
		foldRows: func(acc []float64, g []float32, t *scratch) {
			mergeSmaller(acc, eachRow(vec.LocalRowMin, g, len(acc), t))
		},
		merge: mergeSmaller[float64],
	}
)

// short is from how many elements on it pays to call a kernel for the sum of one row.
const short = 256

func sumRows(acc []float64, g []float32, _ *scratch) {
	cols := len(g) / len(acc)
	if cols < short {
		vec.LocalRowSums(acc, g)
		return
	}
	for i := range acc {
		acc[i] += vec.LocalSum(g[i*cols:][:cols])
	}
}

// eachRow stores what the kernel makes of each row, if they have elements.
func eachRow(kernel func(dst, x []float32), g []float32, rows int, t *scratch) []float32 {
	if len(g) == 0 {
		return nil
	}
	kernel(t.temp(0, rows), g)
	return t.temp(0, rows)
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

// Extreme is the backward pass of [Largest] and [Smallest]: the gradient dy of y is spread evenly over the elements of x that are y, as
// PyTorch's amax has it. Where y is NaN so is the gradient. share is memory for one number for each of y.
func Extreme(dx, x, y, dy Array, share []float32, accumulate bool) {
	const op = "Extreme"
	dx.check(op, "gradient of the operand")
	count := denseLike(share, y.Shape)
	in := [operands]Array{x.stretched(op, "operand", dx.Shape), y.stretched(op, "result", dx.Shape)}
	reduce(&Sum, op, count, dx.Shape, equal, in, false, 1, Params{})
	Div.Apply(count, dy, count, Params{})
	in[2] = count.stretched(op, "share", dx.Shape)
	run(equal, dx, accumulate, in, Params{})
}

// equal computes dst = 1 where a and b are equal, 0 elsewhere, times dy if there is one.
func equal(dst, a, b, dy []float32, _ Params, _ *scratch) {
	vec.LocalEqual(dst, a, b, 1)
	if dy != nil {
		vec.LocalMul(dst, dst, dy)
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
	in := [operands]Array{x.stretched(op, "operand", x.Shape), m.stretched(op, "maximum", x.Shape)}
	reduce(&Sum, op, sum, x.Shape, expDifference, in, false, 1, Params{})
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
