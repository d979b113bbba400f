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
	tp.Check(name, x)
	checkParams(name, w)
	checkAnyParams(name, b)
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
	needs := tp.trains(x, w, b)
	y := tp.output(needs, shape[:r]...)
	o := linears.get(tp)
	o.x, o.y[0], o.w, o.b, o.trans, o.precision = x, y, w, b, trans, tp.Precision
	if b == nil {
		o.precision.Mul(rows, out, in, 1, matrix(x.Value), o.weight(false), 0, matrix(y.Value))
	} else {
		o.precision.MulBias(rows, out, in, matrix(x.Value), o.weight(false), b.Value.Data, matrix(y.Value))
	}
	if needs {
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
	precision   Precision
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
	x, dy := matrix(o.x.Value), gemm.Matrix{Data: g.data, LD: g.ld}
	switch {
	case o.w.frozen():
	case o.trans:
		dw, add := tp.gradSlot(o.w)
		dy.Trans = true
		o.precision.Mul(out, in, rows, 1, dy, x, keep(add), matrix(dw))
	default:
		dw, add := tp.gradSlot(o.w)
		x.Trans = true
		o.precision.Mul(in, out, rows, 1, x, dy, keep(add), matrix(dw))
	}
	if o.x.needs {
		dx, add := tp.contribute(o.x)
		dy.Trans = false
		o.precision.Mul(rows, in, out, 1, dy, o.weight(true), keep(add), gemm.Matrix{Data: dx.data, LD: dx.ld})
	}
	o.sum, o.unused = tp.biasGradient(o.b, g.data, rows, g.ld, o.sum, o.unused)
}

// keep is the factor of what a gradient holds already.
func keep(add bool) float32 {
	if add {
		return 1
	}
	return 0
}
