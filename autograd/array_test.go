package autograd_test

import (
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// array is a tensor of the oracles: float64, dense, and nothing but indices.
type array struct {
	shape []int
	data  []float64
}

func newArray(shape ...int) array { return array{shape, make([]float64, tensor.Size(shape...))} }

func arrayOf(t tensor.Tensor) array {
	a := newArray(t.Shape()...)
	for i, v := range t.Clone().Data {
		a.data[i] = float64(v)
	}
	return a
}

func valueOf(p *autograd.Param) array { return arrayOf(p.Value) }

// p points to an element.
func (a array) p(index ...int) *float64 {
	at := 0
	for i, x := range index {
		at = at*a.shape[i] + x
	}
	return &a.data[at]
}

// at returns an element, zero outside of the array: convolutions want it so.
func (a array) at(index ...int) float64 {
	for i, x := range index {
		if x < 0 || x >= a.shape[i] {
			return 0
		}
	}
	return *a.p(index...)
}

// cols is the length of the last axis.
func (a array) cols() int { return a.shape[len(a.shape)-1] }

// each calls f with the indices of all elements.
func (a array) each(f func(index []int, v *float64)) {
	index := make([]int, len(a.shape))
	for i := range a.data {
		rest := i
		for d := len(a.shape) - 1; d >= 0; d-- {
			index[d], rest = rest%a.shape[d], rest/a.shape[d]
		}
		f(index, &a.data[i])
	}
}

// mapped returns f of every element.
func mapped(a array, f func(v float64) float64) array {
	b := newArray(a.shape...)
	for i, v := range a.data {
		b.data[i] = f(v)
	}
	return b
}

// combined returns f of every pair of elements of two arrays of one shape.
func combined(a, b array, f func(v, w float64) float64) array {
	c := newArray(a.shape...)
	for i, v := range a.data {
		c.data[i] = f(v, b.data[i])
	}
	return c
}

func scalar(v float64) array { return array{[]int{1}, []float64{v}} }

func sum(a array, f func(v float64) float64) (s float64) {
	for _, v := range a.data {
		s += f(v)
	}
	return s
}

func plain(v float64) float64 { return v }
func relu(v float64) float64  { return max(v, 0) }
func relu6(v float64) float64 { return min(max(v, 0), 6) }
func sq(v float64) float64    { return v * v }
func sigmoid(v float64) float64 {
	return 1 / (1 + math.Exp(-v))
}

// matmul is the product of the rows of a with b [K][N].
func matmul(a, b array) array {
	shape := append([]int(nil), a.shape...)
	shape[len(shape)-1] = b.shape[1]
	c := newArray(shape...)
	k, n := b.shape[0], b.shape[1]
	for i := range len(a.data) / k {
		for j := range n {
			for l := range k {
				c.data[i*n+j] += a.data[i*k+l] * b.data[l*n+j]
			}
		}
	}
	return c
}

func transposed(a array) array {
	b := newArray(a.shape[1], a.shape[0])
	a.each(func(i []int, v *float64) { *b.p(i[1], i[0]) = *v })
	return b
}

// withBias adds b to every row of a.
func withBias(a, b array) array {
	for i := range a.data {
		a.data[i] += b.data[i%a.cols()]
	}
	return a
}

// alongRows replaces every row by f of it.
func alongRows(a array, f func(row []float64)) array {
	b := mapped(a, plain)
	for i := 0; i < len(b.data); i += b.cols() {
		f(b.data[i : i+b.cols()])
	}
	return b
}

// logSumExp of a row.
func logSumExp(row []float64) float64 {
	s := 0.
	for _, v := range row {
		s += math.Exp(v)
	}
	return math.Log(s)
}

// normalised is a batch norm by the statistics of the batch.
func normalised(x array, bn *autograd.BatchNorm) array {
	c := x.cols()
	rows := float64(len(x.data) / c)
	mean, variance := make([]float64, c), make([]float64, c)
	for i, v := range x.data {
		mean[i%c] += v / rows
	}
	for i, v := range x.data {
		variance[i%c] += sq(v-mean[i%c]) / rows
	}
	y := newArray(x.shape...)
	for i, v := range x.data {
		j := i % c
		y.data[i] = float64(bn.Gamma.Value.Data[j])*(v-mean[j])/math.Sqrt(variance[j]+bn.Eps) + float64(bn.Beta.Value.Data[j])
	}
	return y
}

// slid is what sliding windows of k×k taps over x [N][H][W][C] make: f is told an output and an input pixel, and the tap.
func slid(n, oh, ow, kh, kw, stride, padH, padW, dilation int, f func(n, oy, ox, iy, ix, ky, kx int)) {
	for i := range n {
		for oy := range oh {
			for ox := range ow {
				for ky := range kh {
					for kx := range kw {
						f(i, oy, ox, oy*stride-padH+ky*dilation, ox*stride-padW+kx*dilation, ky, kx)
					}
				}
			}
		}
	}
}
