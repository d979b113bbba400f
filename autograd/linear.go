package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/conv"
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
	// A matrix product is a 1×1 convolution of one-pixel images.
	o.in = conv.Input{X: x.Value.Data, LD: x.Value.LD(), N: n, H: 1, W: 1, C: in}
	o.branch[0] = conv.Branch{Kernel: conv.Square(in, out, 1, 1), Weight: w.Value.Data, Y: y.Value.Data, LDY: out}
	conv.Forward(&o.in, o.branch[:])
	if b != nil {
		for r := range n {
			for j, v := range b.Value.Data {
				y.Value.Data[r*out+j] += v
			}
		}
	}
	if needs {
		tp.record(o)
	}
	return y
}

type linearOp struct {
	x           *Var
	y           [1]*Var
	w, b        *Param
	in          conv.Input
	branch      [1]conv.Branch
	sum, unused []float64
}

func (o *linearOp) outputs() []*Var { return o.y[:] }
func (o *linearOp) release(*Tape)   { o.x = nil; o.in.X = nil }

func (o *linearOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	n, out := o.in.N, o.branch[0].Kernel.Cout
	dw, add := tp.gradSlot(o.w)
	b := &o.branch[0]
	b.G, b.LDG, b.DWeight, b.AddWeight = g, out, dw.Data, add
	if o.x.needs {
		dx, add := tp.contribute(o.x)
		conv.Backward(&o.in, dx, o.in.C, add, o.branch[:])
	} else {
		conv.Backward(&o.in, nil, 0, false, o.branch[:])
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
