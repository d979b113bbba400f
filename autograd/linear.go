package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Linear computes y = x·w + b row by row of x, […][In], for w [In][Out] and b [Out] (which may be nil). The weight is the
// transpose of PyTorch's.
func Linear(tp *Tape, x *Var, w, b *Param) *Var { return linear(tp, "autograd.Linear", x, w, b, false) }

// TiedLinear computes y = x·tableᵀ + b row by row of x, […][In], for table [Out][In] and b [Out] (which may be nil): the
// decoder of a language model that shares its table with the [Embedding] (Press and Wolf 2017, arXiv 1608.05859).
func TiedLinear(tp *Tape, x *Var, table, b *Param) *Var {
	return linear(tp, "autograd.TiedLinear", x, table, b, true)
}

func linear(tp *Tape, name string, x *Var, w, b *Param, trans bool) *Var {
	v, r := w.Value, x.Value.Rank()
	if r < 1 || v.Rank() != 2 {
		panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("x %s, w %v", shapeOf(x), v.Shape()), Want: "x […][In] and a matrix"})
	}
	in, out := v.Dim(0), v.Dim(1)
	if trans {
		in, out = out, in
	}
	if x.Value.Cols() != in || b != nil && b.Value.Len() != out {
		panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("x %s, w %v", shapeOf(x), v.Shape()), Want: fmt.Sprintf("x […][%d] and a bias of [%d] if any", in, out)})
	}
	shape, _ := dims(x.Value)
	shape[r-1] = out
	rows := x.Value.Rows()
	y := tp.output(tp.records, shape[:r]...)
	o := linears.get(tp)
	o.x, o.y[0], o.w, o.b, o.trans = x, y, w, b, trans
	if b == nil {
		gemm.Mul(rows, out, in, 1, matrix(x.Value), o.weight(false), 0, matrix(y.Value))
	} else {
		gemm.MulBias(rows, out, in, matrix(x.Value), o.weight(false), b.Value.Data, matrix(y.Value))
	}
	if tp.records {
		tp.record(o)
	}
	return y
}

// matrix is the rows of a tensor as an operand.
func matrix(t tensor.Tensor) gemm.Matrix { return gemm.Matrix{Data: t.Data, LD: t.LD()} }

type linearOp struct {
	x           *Var
	y           [1]*Var
	w, b        *Param
	trans       bool // w is [Out][In]
	sum, unused []float64
}

var linears = newSlab[linearOp]()

// weight is w, [In][Out], or its transpose.
func (o *linearOp) weight(transposed bool) gemm.Matrix {
	w := matrix(o.w.Value)
	w.Trans = o.trans != transposed
	return w
}

func (o *linearOp) outputs() []*Var { return o.y[:] }
func (o *linearOp) release(*Tape)   { o.x = nil }

func (o *linearOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	rows, in, out := o.x.Value.Rows(), o.x.Value.Cols(), o.y[0].Value.Cols()
	dw, add := tp.gradSlot(o.w)
	x, dy := matrix(o.x.Value), gemm.Matrix{Data: g.data, LD: g.ld}
	if o.trans {
		dy.Trans = true
		gemm.Mul(out, in, rows, 1, dy, x, keep(add), matrix(dw))
	} else {
		x.Trans = true
		gemm.Mul(in, out, rows, 1, x, dy, keep(add), matrix(dw))
	}
	if o.x.needs {
		dx, add := tp.contribute(o.x)
		dy.Trans = false
		gemm.Mul(rows, in, out, 1, dy, o.weight(true), keep(add), gemm.Matrix{Data: dx.data, LD: dx.ld})
	}
	if o.b != nil {
		o.sum, o.unused = tp.biasGradient(o.b, g.data, rows, g.ld, o.sum, o.unused)
	}
}

// keep is the factor of what a gradient holds already.
func keep(add bool) float32 {
	if add {
		return 1
	}
	return 0
}

// MatMul computes op(a)·op(b) for matrices a and b, where op transposes if transA or transB is set: [M][K]·[K][N] gives [M][N].
func MatMul(tp *Tape, a, b *Var, transA, transB bool) *Var {
	size := func(v *Var, trans bool) (rows, cols int) {
		if v.Value.Rank() != 2 {
			panic(tensor.ShapeError{Op: "autograd.MatMul", Got: shapeOf(v), Want: "a matrix"})
		}
		if trans {
			return v.Value.Dim(1), v.Value.Dim(0)
		}
		return v.Value.Dim(0), v.Value.Dim(1)
	}
	m, k := size(a, transA)
	inner, n := size(b, transB)
	if inner != k {
		panic(tensor.ShapeError{Op: "autograd.MatMul", Got: fmt.Sprintf("%s (transposed: %v) and %s (transposed: %v)", shapeOf(a), transA, shapeOf(b), transB), Want: "[M][K] and [K][N]"})
	}
	needs := tp.recording(a) || tp.recording(b)
	y := tp.output(needs, m, n)
	gemm.Mul(m, n, k, 1, operand(a, transA), operand(b, transB), 0, matrix(y.Value))
	if needs {
		o := matMuls.get(tp)
		o.a, o.b, o.transA, o.transB, o.y[0] = a, b, transA, transB, y
		tp.record(o)
	}
	return y
}

// operand is a matrix or its transpose.
func operand(v *Var, trans bool) gemm.Matrix {
	m := matrix(v.Value)
	m.Trans = trans
	return m
}

type matMulOp struct {
	a, b           *Var
	transA, transB bool
	y              [1]*Var
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
	m, n := o.y[0].Value.Dim(0), o.y[0].Value.Dim(1)
	pass := func(to *Var, inner int, left, right gemm.Matrix) {
		if to.needs {
			d, add := tp.contribute(to)
			gemm.Mul(to.Value.Dim(0), to.Value.Dim(1), inner, 1, left, right, keep(add), gemm.Matrix{Data: d.data, LD: d.ld})
		}
	}
	dy, dyT := gemm.Matrix{Data: g.data, LD: g.ld}, gemm.Matrix{Data: g.data, LD: g.ld, Trans: true}
	if o.transA {
		pass(o.a, n, operand(o.b, o.transB), dyT)
	} else {
		pass(o.a, n, dy, operand(o.b, !o.transB))
	}
	if o.transB {
		pass(o.b, m, dyT, operand(o.a, o.transA))
	} else {
		pass(o.b, m, operand(o.a, !o.transA), dy)
	}
}
