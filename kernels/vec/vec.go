package vec

import (
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Add computes dst[i] = a[i] + b[i].
func Add(dst, a, b []float32) {
	checkLengths("vec.Add", len(dst), len(a), len(b))
	elementwise(active.add, dst, a, b, 0)
}

// AddTo computes dst[i] += a[i].
func AddTo(dst, a []float32) {
	checkLengths("vec.AddTo", len(dst), len(a))
	elementwise(active.add, dst, dst, a, 0)
}

// Mul computes dst[i] = a[i] * b[i].
func Mul(dst, a, b []float32) {
	checkLengths("vec.Mul", len(dst), len(a), len(b))
	elementwise(active.mul, dst, a, b, 0)
}

// Axpy computes dst[i] += s * a[i].
func Axpy(dst []float32, s float32, a []float32) {
	checkLengths("vec.Axpy", len(dst), len(a))
	elementwise(active.axpy, dst, a, nil, s)
}

// Scale computes dst[i] = s * a[i].
func Scale(dst []float32, s float32, a []float32) {
	checkLengths("vec.Scale", len(dst), len(a))
	elementwise(active.scale, dst, a, nil, s)
}

// Sum returns the sum of a.
func Sum(a []float32) float64 {
	return reduce(active.sum, a, nil)
}

// Dot returns the sum of a[i]*b[i].
func Dot(a, b []float32) float64 {
	checkLengths("vec.Dot", len(a), len(b))
	return reduce(active.dot, a, b)
}

// SumSq returns the sum of a[i]*a[i].
func SumSq(a []float32) float64 {
	return reduce(active.dot, a, a)
}

func checkLengths(op string, n ...int) {
	for _, m := range n[1:] {
		if m != n[0] {
			fault.Shape(op, fmt.Sprintf("slices of %v elements", slices.Clone(n)), "the same length") // n itself stays off the heap
		}
	}
}
