package gemm

import (
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// Precision is what the operands of a product are rounded to. Results and sums are float32 in either.
type Precision uint8

const (
	// Float32 multiplies operands as they are.
	Float32 Precision = iota
	// BF16 rounds op(A) and alpha·op(B) to bfloat16, and multiplies them as package bf16 says: on a matrix unit where there is one.
	BF16
)

var precisions = [...]string{Float32: "float32", BF16: "bf16"}

// String returns the name that ParsePrecision understands.
func (p Precision) String() string { return precisions[p] }

// ParsePrecision is the precision of that name: float32 or bf16.
func ParsePrecision(name string) (Precision, error) {
	for p, s := range precisions {
		if s == name {
			return Precision(p), nil
		}
	}
	return 0, fmt.Errorf("precision %q: want one of %s", name, strings.Join(precisions[:], ", "))
}

// Mul is the function [Mul] in that precision.
func (p Precision) Mul(m, n, k int, alpha float32, a, b Matrix, beta float32, c Matrix) {
	if p == Float32 {
		Mul(m, n, k, alpha, a, b, beta, c)
		return
	}
	r := roundings.Get()
	defer roundings.Put(r)
	Mul(m, n, k, 1, r.a.of(a, m, k, 1), r.b.of(b, k, n, alpha), beta, c)
}

// MulBias is the function [MulBias] in that precision; the bias is not rounded.
func (p Precision) MulBias(m, n, k int, a, b Matrix, bias []float32, c Matrix) {
	if p == Float32 {
		MulBias(m, n, k, a, b, bias, c)
		return
	}
	r := roundings.Get()
	defer roundings.Put(r)
	MulBias(m, n, k, r.a.of(a, m, k, 1), r.b.of(b, k, n, 1), bias, c)
}

// rounding holds copies of a product's operands, rounded to bfloat16.
type rounding struct{ a, b rounded }

type rounded []float32

var roundings parallel.FreeList[rounding]

// of is op(x), which is rows × cols, times alpha, rounded.
func (r *rounded) of(x Matrix, rows, cols int, alpha float32) Matrix {
	if x.Trans {
		rows, cols = cols, rows
	}
	if cap(*r) < rows*cols {
		*r = make([]float32, rows*cols)
	}
	for i := range rows {
		dst := (*r)[:rows*cols][i*cols:][:cols]
		for j, v := range x.Data[i*x.LD:][:cols] {
			dst[j] = alpha * v
		}
		bf16.Round(dst, dst)
	}
	return Matrix{Data: (*r)[:rows*cols], LD: cols, Trans: x.Trans}
}
