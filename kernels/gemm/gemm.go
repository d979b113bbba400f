package gemm

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// Matrix is a matrix in row-major order: consecutive rows are LD floats apart. Trans says that the operand is the transpose
// of what lies in memory.
type Matrix struct {
	Data  []float32
	LD    int
	Trans bool
}

// check panics when the matrix cannot be op(X) of rows × cols.
func (x Matrix) check(op, name string, rows, cols int) {
	if x.Trans {
		rows, cols = cols, rows
	}
	fault.CheckRows(op, name, len(x.Data), rows, cols, x.LD)
}

// Mul computes C = alpha·op(A)·op(B) + beta·C, where op(A) is m × k, op(B) is k × n and C is m × n (and not transposed). With
// beta = 0, C is not read; with alpha = 0 or k = 0, A and B are not. It panics if a matrix is too short or C is transposed. C
// must not overlap A or B.
func Mul(m, n, k int, alpha float32, a, b Matrix, beta float32, c Matrix) {
	Float32.Mul(m, n, k, alpha, a, b, beta, c)
}

// MulBias computes C = op(A)·op(B) + bias, with the n numbers of the bias in every row: the same bits as [Mul] with beta = 1 upon a C
// of such rows, which are written where they are still in the cache when the product reads them.
func MulBias(m, n, k int, a, b Matrix, bias []float32, c Matrix) {
	Float32.MulBias(m, n, k, a, b, bias, c)
}

// Packed is op(B) laid out for multiplication. It is read only and may be used by several goroutines.
type Packed struct {
	Precision Precision // of the products: to be set before Set
	kernels   *kernels
	n, k      int
	data      []float32 // [step of k][panel][k of the step][column of the panel]
	tiles     []uint16  // instead, unless it is empty: what [bf16.PackB] makes of it, if that is how products are computed
}

// Pack copies op(B), which is k × n, scaled by alpha.
func Pack(n, k int, alpha float32, b Matrix) *Packed {
	p := new(Packed)
	p.Set(n, k, alpha, b)
	return p
}

// Set is [Pack] into the memory of a product that is no longer needed.
func (p *Packed) Set(n, k int, alpha float32, b Matrix) {
	checkSizes("gemm.Packed.Set", 0, n, k)
	b.check("gemm.Packed.Set", "B", k, n)
	if p.Precision.tiled(k) && alpha != 0 {
		p.packTiles(n, k, alpha, b)
	} else {
		active.pack(p, n, k, alpha, b)
	}
}

// Mul computes C = op(A)·B + beta·C for the packed B, where op(A) is m × k and C is m × n: see [Mul].
func (p *Packed) Mul(m int, a Matrix, beta float32, c Matrix) {
	checkSizes("gemm.Packed.Mul", m, p.n, p.k)
	a.check("gemm.Packed.Mul", "A", m, p.k)
	checkResult("gemm.Packed.Mul", c, m, p.n)
	t := tasks.Get()
	defer tasks.Put(t)
	t.precision, t.bias = p.Precision, nil
	t.run(p.kernels, m, p.n, p.k, 1, a, Matrix{}, p, beta, c)
}

// Local computes products on one worker, from within a [parallel.Task]. The zero value is ready; a chunk has one to itself.
type Local struct {
	Precision Precision // of the products
	task      task
}

// Mul is the function [Mul] on worker w, with its scratch.
func (l *Local) Mul(w *parallel.Worker, m, n, k int, alpha float32, a, b Matrix, beta float32, c Matrix) {
	checkProduct("gemm.Local.Mul", m, n, k, a, b, c)
	l.task.precision = l.Precision
	l.task.runOn(w, &active, m, n, k, alpha, a, b, beta, c)
}

func checkProduct(op string, m, n, k int, a, b, c Matrix) {
	checkSizes(op, m, n, k)
	a.check(op, "A", m, k)
	b.check(op, "B", k, n)
	checkResult(op, c, m, n)
}

func checkSizes(op string, m, n, k int) {
	if m < 0 || n < 0 || k < 0 {
		fault.Shape(op, fmt.Sprintf("m = %d, n = %d, k = %d", m, n, k), "none negative")
	}
}

func checkResult(op string, c Matrix, m, n int) {
	if c.Trans {
		fault.Shape(op, "a transposed C", "Cᵀ = op(B)ᵀ·op(A)ᵀ computed instead")
	}
	c.check(op, "C", m, n)
}

var tasks parallel.FreeList[task]

var _ parallel.Task = (*task)(nil)
