package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/tensor"
)

// DepthwiseConv2D convolves every channel of act(x), [N][H][W][C], with a kernel of its own, w [K][K][1][C], to [N][OH][OW][C].
// The weight is that of a convolution in C groups, one input channel for each output channel; it may be a window of a
// larger one, such as the middle taps of its first channels.
func DepthwiseConv2D(tp *Tape, x *Var, act depthwise.Activation, w *Param, k depthwise.Kernel) *Var {
	n, h, width, c := rank4("autograd.DepthwiseConv2D", x)
	if v := w.Value; k.C != c || v.Rank() != 4 || v.Dim(0) != k.K || v.Dim(1) != k.K || v.Dim(2) != 1 || v.Dim(3) != c {
		panic(tensor.ShapeError{Op: "autograd.DepthwiseConv2D", Got: fmt.Sprintf("input %s, weight %v", shapeOf(x), v.Shape()),
			Want: fmt.Sprintf("%d channels, weight [%d %d 1 %d]", k.C, k.K, k.K, k.C)})
	}
	if act == depthwise.ReLU6 && tp.open {
		act = depthwise.ReLU
	}
	if act != depthwise.Identity {
		tp.activated(x.Value, 1)
	}
	oh, ow := k.Out(h, width)
	y := tp.output(tp.records, n, oh, ow, c)
	in := depthwise.Input{X: x.Value.Data, LD: x.Value.LD(), N: n, H: h, W: width, Act: act}
	depthwise.Forward(k, in, weights(w.Value), y.Value.Data, y.Value.LD(), false)
	if tp.records {
		o := depthwises.get(tp)
		o.x, o.y[0], o.w, o.in, o.kernel = x, y, w, in, k
		tp.record(o)
	}
	return y
}

func weights(w tensor.Tensor) depthwise.Weights {
	return depthwise.Weights{Data: w.Data, LD: w.Stride(1), Row: w.Stride(0)}
}

type depthwiseOp struct {
	x      *Var
	y      [1]*Var
	w      *Param
	in     depthwise.Input
	kernel depthwise.Kernel
}

var depthwises = newSlab[depthwiseOp]()

func (o *depthwiseOp) outputs() []*Var { return o.y[:] }
func (o *depthwiseOp) release(*Tape)   { o.x, o.in.X = nil, nil }

func (o *depthwiseOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dw, add := tp.gradSlot(o.w)
	depthwise.BackwardWeights(o.kernel, o.in, weights(dw), g.data, g.ld, add)
	if o.x.needs {
		dx, add := tp.contribute(o.x)
		depthwise.BackwardData(o.kernel, o.in, weights(o.w.Value), dx.data, dx.ld, g.data, g.ld, add)
	}
}
