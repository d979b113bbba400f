package autograd_test

import (
	"math"
	"slices"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// unaryFunc, binaryFunc and axesFunc are operations on one value, on two, and on one along axes.
type (
	unaryFunc  = func(tp *autograd.Tape, x *autograd.Var) *autograd.Var
	binaryFunc = func(tp *autograd.Tape, a, b *autograd.Var) *autograd.Var
	axesFunc   = func(tp *autograd.Tape, x *autograd.Var, axes ...int) *autograd.Var
)

// function is an operation on one input, element by element, of values that lie outside of 0.1 around every kink.
func function(name string, op unaryFunc, f func(float64) float64, kinks ...float64) opCase {
	return functionOf(name, func(x float64) float64 { return 2 * x }, op, f, kinks...)
}

// functionOf is function of other values than normal ones twice as large.
func functionOf(name string, value func(float64) float64, op unaryFunc, f func(float64) float64, kinks ...float64) opCase {
	return opCase{name, func(s size) *operation {
		x := s.images(1)
		for i, v := range x.Data {
			x.Data[i] = float32(value(float64(v)))
		}
		keepAway(x, kinks...)
		return &operation{
			x:     []tensor.Tensor{x},
			run:   func(tp *autograd.Tape, x vars) *autograd.Var { return op(tp, x[0]) },
			want:  func(x []array) array { return mapped(x[0], f) },
			moved: 2 * x.Len(), movedBack: 3 * x.Len(),
		}
	}}
}

// keepAway moves what is within 0.1 of a kink, where a difference quotient would see both sides.
func keepAway(x tensor.Tensor, kinks ...float64) {
	for i, v := range x.Data {
		for _, k := range kinks {
			if d := float64(v) - k; math.Abs(d) < 0.1 {
				x.Data[i] = float32(k + math.Copysign(0.1, d))
			}
		}
	}
}

// positive maps normal numbers to some above 0.4, where roots and logarithms are not too steep for a difference quotient.
func positive(x float64) float64 { return 0.4 + math.Abs(x) }

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func gelu(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 }

func clamped(x, lo, hi float64) float64 { return min(max(x, lo), hi) }

// shapes are those of two operands that broadcast, small and large.
type shapes struct{ a, b, largeA, largeB []int }

// The shapes that networks have, and some that are not so common.
var (
	channels   = shapes{[]int{2, 4, 6, 5}, []int{5}, []int{64, 16, 16, 64}, []int{64}}
	gates      = shapes{[]int{2, 4, 6, 5}, []int{2, 1, 1, 5}, []int{64, 16, 16, 64}, []int{64, 1, 1, 64}}
	columns    = shapes{[]int{7, 5}, []int{7, 1}, []int{2048, 512}, []int{2048, 1}}
	numbers    = shapes{[]int{1}, []int{2, 4, 6, 5}, []int{1}, []int{64, 16, 16, 64}}
	each       = shapes{[]int{6, 1}, []int{5}, []int{1024, 1}, []int{1024}}
	positions  = shapes{[]int{3, 4, 5}, []int{4, 1}, []int{64, 256, 64}, []int{256, 1}}
	sequence   = shapes{[]int{3, 2, 5}, []int{3, 1, 5}, []int{35, 32, 650}, []int{35, 1, 650}}
	everywhere = shapes{[]int{1, 4, 1, 5}, []int{3, 1, 6, 1}, []int{1, 64, 1, 64}, []int{64, 1, 64, 1}}
)

// broadcasting is an operation on two inputs of different shapes.
func broadcasting(name string, sh shapes, op binaryFunc, f func(v, w float64) float64, value func(float64) float64) opCase {
	return opCase{name, func(s size) *operation {
		sa, sb := sh.a, sh.b
		if s != small {
			sa, sb = sh.largeA, sh.largeB
		}
		a, b := gradcheck.Random(1, sa...), gradcheck.Random(2, sb...)
		for _, x := range []tensor.Tensor{a, b} {
			for i, v := range x.Data {
				x.Data[i] = float32(value(float64(v)))
			}
		}
		n := tensor.Size(broadcast(sa, sb)...)
		return &operation{
			x:     []tensor.Tensor{a, b},
			run:   func(tp *autograd.Tape, x vars) *autograd.Var { return op(tp, x[0], x[1]) },
			want:  func(x []array) array { return outer(x[0], x[1], f) },
			moved: n + a.Len() + b.Len(), movedBack: 2*n + 2*a.Len() + 2*b.Len(),
		}
	}}
}

// broadcast is the shape to which two shapes stretch.
func broadcast(a, b []int) []int {
	shape := make([]int, max(len(a), len(b)))
	for i := range shape {
		shape[i] = 1
		for _, s := range [][]int{a, b} {
			if j := i - (len(shape) - len(s)); j >= 0 {
				shape[i] = max(shape[i], s[j])
			}
		}
	}
	return shape
}

// outer combines arrays that broadcast.
func outer(a, b array, f func(v, w float64) float64) array {
	y := newArray(broadcast(a.shape, b.shape)...)
	of := func(x array, index []int) float64 {
		i := slices.Clone(index[len(index)-len(x.shape):])
		for k, n := range x.shape {
			i[k] = min(i[k], n-1)
		}
		return x.at(i...)
	}
	y.each(func(index []int, v *float64) { *v = f(of(a, index), of(b, index)) })
	return y
}

func unchanged(x float64) float64 { return x }

// apart keeps values of one operand away from those of the other: the larger of each pair stays it.
func apart(op binaryFunc, name string, f func(v, w float64) float64) opCase {
	return opCase{name, func(s size) *operation {
		x := []tensor.Tensor{s.images(1), s.images(2)}
		for i, v := range x[0].Data {
			if d := x[1].Data[i] - v; math.Abs(float64(d)) < 0.2 {
				x[1].Data[i] = v + 0.2
			}
		}
		return &operation{
			x:     x,
			run:   func(tp *autograd.Tape, x vars) *autograd.Var { return op(tp, x[0], x[1]) },
			want:  func(x []array) array { return combined(x[0], x[1], f) },
			moved: 3 * x[0].Len(), movedBack: 6 * x[0].Len(),
		}
	}}
}

var arithmeticCases = slices.Concat(functionCases, []opCase{
	pairwise("Sub", autograd.Sub, func(v, w float64) float64 { return v - w }, 2),
	function("Sub/itself", func(tp *autograd.Tape, x *autograd.Var) *autograd.Var { return autograd.Sub(tp, x, x) },
		func(float64) float64 { return 0 }),
	broadcasting("Sub/channels", channels, autograd.Sub, func(v, w float64) float64 { return v - w }, unchanged),
	broadcasting("Sub/numbers", numbers, autograd.Sub, func(v, w float64) float64 { return v - w }, unchanged),
	broadcasting("Add/channels", channels, autograd.Add, func(v, w float64) float64 { return v + w }, unchanged),
	broadcasting("Add/each", each, autograd.Add, func(v, w float64) float64 { return v + w }, unchanged),
	broadcasting("Add/positions", positions, autograd.Add, func(v, w float64) float64 { return v + w }, unchanged),
	broadcasting("Mul/channels", channels, autograd.Mul, func(v, w float64) float64 { return v * w }, unchanged),
	broadcasting("Mul/gates", gates, autograd.Mul, func(v, w float64) float64 { return v * w }, unchanged),
	broadcasting("Mul/columns", columns, autograd.Mul, func(v, w float64) float64 { return v * w }, unchanged),
	broadcasting("Mul/numbers", numbers, autograd.Mul, func(v, w float64) float64 { return v * w }, unchanged),
	broadcasting("Mul/sequence", sequence, autograd.Mul, func(v, w float64) float64 { return v * w }, unchanged),
	broadcasting("Mul/everywhere", everywhere, autograd.Mul, func(v, w float64) float64 { return v * w }, unchanged),
	{"Div", func(s size) *operation {
		x := []tensor.Tensor{s.images(1), s.images(2)}
		for i, v := range x[1].Data {
			x[1].Data[i] = float32(math.Copysign(positive(float64(v)), float64(v)))
		}
		return &operation{
			x:     x,
			run:   func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.Div(tp, x[0], x[1]) },
			want:  func(x []array) array { return combined(x[0], x[1], func(v, w float64) float64 { return v / w }) },
			moved: 3 * x[0].Len(), movedBack: 6 * x[0].Len(),
		}
	}},
	broadcasting("Div/columns", columns, autograd.Div, func(v, w float64) float64 { return v / w }, positive),
	broadcasting("Div/everywhere", everywhere, autograd.Div, func(v, w float64) float64 { return v / w }, positive),
	apart(autograd.Maximum, "Maximum", func(v, w float64) float64 { return max(v, w) }),
	apart(autograd.Minimum, "Minimum", func(v, w float64) float64 { return min(v, w) }),
}, axesCases, pairLossCases)
