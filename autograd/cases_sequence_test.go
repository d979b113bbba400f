package autograd_test

import (
	"slices"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// sequenceCases are products of batches of matrices, attention, and norms and recurrences beyond those of the supernets.
var sequenceCases = slices.Concat(matMulCases, attentionCases, normCases, recurrentCases)

var matMulCases = []opCase{
	matMulCase("MatMul", false, false, nil, nil),
	matMulCase("MatMul/TN", true, false, nil, nil),
	matMulCase("MatMul/NT", false, true, nil, nil),
	matMulCase("MatMul/TT", true, true, nil, nil),
	matMulCase("MatMul/batch", false, false, []int{3}, []int{3}),
	matMulCase("MatMul/batch_TN", true, false, []int{2, 3}, []int{2, 3}),
	matMulCase("MatMul/batch_NT", false, true, []int{2, 3}, []int{2, 3}),
	matMulCase("MatMul/batch_TT", true, true, []int{3}, []int{3}),
	matMulCase("MatMul/one_right", false, true, []int{2, 3}, nil),
	matMulCase("MatMul/one_right_TN", true, false, []int{3}, nil),
	matMulCase("MatMul/one_left", false, false, nil, []int{2, 3}),
	matMulCase("MatMul/stretched", true, true, []int{2, 1}, []int{1, 3}),
	matMulCase("MatMul/ranks", false, false, []int{3}, []int{2, 1}),
}

// matMulCase multiplies matrices, with other axes before them.
func matMulCase(name string, transA, transB bool, leadA, leadB []int) opCase {
	return opCase{name, func(s size) *operation {
		m, k, n := s.pick(4, 512), s.pick(3, 512), s.pick(5, 512)
		if leadA != nil || leadB != nil {
			m, k, n = s.pick(4, 128), s.pick(3, 64), s.pick(5, 128)
		}
		shape := func(lead []int, rows, cols int, trans bool) tensor.Tensor {
			if trans {
				rows, cols = cols, rows
			}
			lead = slices.Clone(lead)
			for i := range lead {
				if s != small && lead[i] > 1 {
					lead[i] += 5
				}
			}
			return gradcheck.Random(uint64(rows), append(lead, rows, cols)...)
		}
		a, b := shape(leadA, m, k, transA), shape(leadB, k, n, transB)
		rounds := nothing // of a batch
		if leadA == nil && leadB == nil || leadB == nil && !transA {
			rounds = given
		}
		return &operation{
			x: []tensor.Tensor{a, b}, rounds: rounds,
			run:  func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.MatMul(tp, x[0], x[1], transA, transB) },
			want: func(x []array) array { return batchedMatMul(x[0], x[1], transA, transB) },
			macs: tensor.Size(batchedShape(arrayOf(a), arrayOf(b), transA, transB)...) * k,
		}
	}}
}

// batchedShape is the shape of a product of the matrices in the last two axes.
func batchedShape(a, b array, transA, transB bool) []int {
	shape := make([]int, max(len(a.shape), len(b.shape)))
	for i := range shape {
		for _, x := range []array{a, b} {
			if d := i - len(shape) + len(x.shape); d >= 0 {
				shape[i] = max(shape[i], x.shape[d])
			}
		}
	}
	last := func(x array, axis int, trans bool) int {
		if trans {
			axis = 1 - axis
		}
		return x.shape[len(x.shape)-2+axis]
	}
	shape[len(shape)-2], shape[len(shape)-1] = last(a, 0, transA), last(b, 1, transB)
	return shape
}

// batchedMatMul is that product.
func batchedMatMul(a, b array, transA, transB bool) array {
	y := newArray(batchedShape(a, b, transA, transB)...)
	lead := len(y.shape) - 2
	// at is an element by the indices of the result's leading axes.
	at := func(x array, index []int, i, j int, trans bool) float64 {
		if trans {
			i, j = j, i
		}
		index = append(slices.Clone(index[len(y.shape)-len(x.shape):]), i, j)
		for d := range index {
			index[d] = min(index[d], x.shape[d]-1)
		}
		return *x.p(index...)
	}
	k := a.shape[len(a.shape)-1]
	if transA {
		k = a.shape[len(a.shape)-2]
	}
	y.each(func(i []int, v *float64) {
		for l := range k {
			*v += at(a, i[:lead], i[lead], l, transA) * at(b, i[:lead], l, i[lead+1], transB)
		}
	})
	return y
}
