package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Linear computes y = x·w + b for x [N][In], w [In][Out] and b [Out] (which may be nil). The weight is the transpose of
// PyTorch's.
func Linear(tp *Tape, x *Var, w, b *Param) *Var {
	if x.Value.Rank() != 2 || w.Value.Rank() != 2 || x.Value.Dim(1) != w.Value.Dim(0) || b != nil && b.Value.Len() != w.Value.Dim(1) {
		panic(tensor.ShapeError{Op: "autograd.Linear", Got: fmt.Sprintf("x %s, w %v", shapeOf(x), w.Value.Shape()), Want: "[N][In], [In][Out] and a bias of [Out]"})
	}
	n, in, out := x.Value.Dim(0), x.Value.Dim(1), w.Value.Dim(1)
	needs := tp.mode == Training
	y := tp.output(needs, n, out)
	o := tp.linears.get()
	o.x, o.y[0], o.w, o.b = x, y, w, b
	beta := float32(0)
	if b != nil {
		beta = 1
		for r := range n {
			copy(y.Value.Data[r*out:][:out], b.Value.Data)
		}
	}
	gemm.Mul(n, out, in, 1, matrix(x.Value), matrix(w.Value), beta, matrix(y.Value))
	if needs {
		tp.record(o)
	}
	return y
}

// matrix is a tensor of rank two as an operand.
func matrix(t tensor.Tensor) gemm.Matrix { return gemm.Matrix{Data: t.Data, LD: t.LD()} }

type linearOp struct {
	x           *Var
	y           [1]*Var
	w, b        *Param
	sum, unused []float64
}

func (o *linearOp) outputs() []*Var { return o.y[:] }
func (o *linearOp) release(*Tape)   { o.x = nil }

func (o *linearOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	n, in, out := o.x.Value.Dim(0), o.w.Value.Dim(0), o.w.Value.Dim(1)
	gm := gemm.Matrix{Data: g, LD: out}
	dw, add := tp.gradSlot(o.w)
	x := matrix(o.x.Value)
	x.Trans = true
	gemm.Mul(in, out, n, 1, x, gm, keep(add), matrix(dw))
	if o.x.needs {
		dx, add := tp.contribute(o.x)
		w := matrix(o.w.Value)
		w.Trans = true
		gemm.Mul(n, in, out, 1, gm, w, keep(add), gemm.Matrix{Data: dx, LD: in})
	}
	if o.b == nil {
		return
	}
	o.sum, o.unused = resize(o.sum, out), resize(o.unused, out)
	norm.Stats(g, n, out, out, o.sum, o.unused)
	db, add := tp.gradSlot(o.b)
	for j, s := range o.sum {
		if !add {
			db.Data[j] = 0
		}
		db.Data[j] += float32(s)
	}
}

// keep is the factor of what a gradient holds already.
func keep(add bool) float32 {
	if add {
		return 1
	}
	return 0
}
