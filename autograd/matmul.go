package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/tensor"
)

// MatMul computes op(a)·op(b) for the matrices in the last two axes of a and b, where op transposes if transA or transB is set:
// […][M][K]·[…][K][N] gives […][M][N]. The axes before them, two at most, are those of a batch of products. They are matched from the
// right, as in torch.matmul, and where one is missing or of length 1, the same matrix serves for all; its gradient is the sum over them.
// [Tape.Precision] is for what comes to one product: of two matrices, or of […][M][K] with one [K][N].
func MatMul(tp *Tape, a, b *Var, transA, transB bool) *Var {
	tp.Check("autograd.MatMul", a, b)
	x, y := batchOf(a.Value, transA), batchOf(b.Value, transB)
	outer, fits := stretched(x.outer, y.outer)
	inner, fit := stretched(x.inner, y.inner)
	if a.Value.Rank() < 2 || b.Value.Rank() < 2 || x.cols != y.rows || !fits || !fit {
		panic(tensor.ShapeError{Op: "autograd.MatMul",
			Got:  fmt.Sprintf("%s (transposed: %v) and %s (transposed: %v)", shapeOf(a), transA, shapeOf(b), transB),
			Want: "[…][M][K] and […][K][N] with the same axes before them, or some of length 1"})
	}
	needs := tp.recording(a) || tp.recording(b)
	shape := [tensor.MaxRank]int{outer, inner, x.rows, y.cols}
	z := tp.output(needs, shape[tensor.MaxRank-max(a.Value.Rank(), b.Value.Rank()):]...)
	p := batched{outer, inner, x.rows, y.cols, x.cols, tp.Precision}
	if y.outer == 1 && y.inner == 1 && !transA { // the rows of all matrices of a meet one matrix: that is one product
		p = batched{1, 1, outer * inner * x.rows, y.cols, x.cols, tp.Precision}
	}
	p.multiply(p.m, p.n, p.k, p.batch(a, a.Value.Data, a.Value.LD(), transA), p.batch(b, b.Value.Data, b.Value.LD(), transB), 0,
		p.batch(z, z.Value.Data, z.Value.LD(), false))
	if needs {
		o := matMuls.get(tp)
		o.a, o.b, o.transA, o.transB, o.y[0], o.batched = a, b, transA, transB, z, p
		tp.record(o)
	}
	return z
}

// matrices is a tensor as a batch of op(X).
type matrices struct{ outer, inner, rows, cols int }

func batchOf(t tensor.Tensor, trans bool) matrices {
	shape, rank := [tensor.MaxRank]int{1, 1, 1, 1}, t.Rank()
	for i := range rank {
		shape[tensor.MaxRank-rank+i] = t.Dim(i)
	}
	m := matrices{shape[0], shape[1], shape[2], shape[3]}
	if trans {
		m.rows, m.cols = m.cols, m.rows
	}
	return m
}

// stretched is the length of an axis that two values share, if they can.
func stretched(a, b int) (n int, ok bool) {
	if a == 1 {
		return b, true
	}
	return a, a == b || b == 1
}

// batched says how many products of what size a MatMul consists of: [M][K]·[K][N] for each i and j. Only of one alone has the precision a
// say.
type batched struct {
	outer, inner, m, n, k int
	precision             Precision
}

// batch is a value, or its gradient, whose rows lie ld apart in data.
func (p batched) batch(v *Var, data []float32, ld int, trans bool) gemm.Batch {
	b := gemm.Batch{Matrix: gemm.Matrix{Data: data, LD: ld, Trans: trans}}
	m := batchOf(v.Value, false)
	if p.inner > 1 && m.inner > 1 {
		b.Inner = m.rows * ld
	}
	if p.outer > 1 && m.outer > 1 {
		b.Outer = m.inner * m.rows * ld
	}
	return b
}

func (p batched) multiply(m, n, k int, a, b gemm.Batch, beta float32, c gemm.Batch) {
	if p.outer == 1 && p.inner == 1 {
		p.precision.Mul(m, n, k, 1, a.Matrix, b.Matrix, beta, c.Matrix)
		return
	}
	gemm.MulBatch(p.outer, p.inner, m, n, k, 1, a, b, beta, c)
}

type matMulOp struct {
	a, b           *Var
	transA, transB bool
	y              [1]*Var
	batched
}

var matMuls = newSlab[matMulOp]()

func (o *matMulOp) outputs() []*Var { return o.y[:] }
func (o *matMulOp) release(*Tape)   { o.a, o.b = nil, nil }

// backward computes the gradients dy·op(b)ᵀ of op(a) and op(a)ᵀ·dy of op(b), transposed where a or b is.
func (o *matMulOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	p := o.batched
	operand := func(v *Var, trans bool) gemm.Batch { return p.batch(v, v.Value.Data, v.Value.LD(), trans) }
	pass := func(to *Var, m, n, k int, left, right gemm.Batch) {
		if to.needs {
			d, add := tp.contribute(to)
			p.multiply(m, n, k, left, right, keep(add), p.batch(to, d.data, d.ld, false))
		}
	}
	dy, dyT := p.batch(o.y[0], g.data, g.ld, false), p.batch(o.y[0], g.data, g.ld, true)
	if o.transA {
		pass(o.a, p.k, p.m, p.n, operand(o.b, o.transB), dyT)
	} else {
		pass(o.a, p.m, p.k, p.n, dy, operand(o.b, !o.transB))
	}
	if o.transB {
		pass(o.b, p.n, p.k, p.m, dyT, operand(o.a, o.transA))
	} else {
		pass(o.b, p.k, p.n, p.m, operand(o.a, !o.transA), dy)
	}
}
