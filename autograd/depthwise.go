package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/tensor"
)

// DepthwiseConv2D convolves every channel of act(x), [N][H][W][C], with a kernel of its own, w [K][K][1][C], to [N][OH][OW][C].
// The weight is that of a convolution in C groups, one input channel for each output channel; it may be a window of a
// larger one, such as the middle taps of its first channels.
func DepthwiseConv2D(tp *Tape, x *Var, act Activation, w *Param, k depthwise.Kernel) *Var {
	return depthwiseConv2D(tp, x, nil, act, w, nil, k, false)
}

// depthwiseConv2D is DepthwiseConv2D, of x or, if folded is not nil, of that, to which comes bias[c] unless it is nil. With a bias
// there are no sums.
func depthwiseConv2D(tp *Tape, x *Var, folded *Folded, act Activation, w, bias *Param, k depthwise.Kernel, sums bool) *Var {
	const name = "autograd.DepthwiseConv2D"
	tp.Check(name, x)
	checkParams(name, w)
	checkAnyParams(name, bias)
	n, h, width, c := rank4(name, x)
	if v := w.Value; k.C != c || v.Rank() != 4 || v.Dim(0) != k.K || v.Dim(1) != k.K || v.Dim(2) != 1 || v.Dim(3) != c {
		panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("input %s, weight %v", shapeOf(x), v.Shape()),
			Want: fmt.Sprintf("%d channels, weight [%d %d 1 %d]", k.C, k.K, k.K, k.C)})
	}
	act = tp.evaluated(act)
	if act != ActIdentity {
		tp.activated(x.Value, 1)
	}
	oh, ow := k.Out(h, width)
	o := depthwises.get(tp)
	o.x, o.w, o.bias, o.kernel = x, w, bias, k
	o.in = depthwise.Input{X: x.Value.Data, LD: x.Value.LD(), N: n, H: h, W: width, Act: act}
	if folded != nil {
		o.in.Fold = o.norm.set(tp, folded, 1)
	}
	needs := tp.trains(x, w, bias) || folded != nil && tp.trains(nil, folded.BN.Gamma, folded.BN.Beta)
	y := tp.output(needs, n, oh, ow, c)
	o.y[0] = y
	if sums && tp.batchStatistics() {
		y.growSums(c)
		depthwise.ForwardSums(k, o.in, weights(w.Value), y.Value.Data, y.Value.LD(), false, y.sum, y.sumsq)
	} else {
		tp.fillBias(y, bias)
		depthwise.Forward(k, o.in, weights(w.Value), y.Value.Data, y.Value.LD(), bias != nil)
	}
	if needs {
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
	bias   *Param // or nil
	in     depthwise.Input
	norm   foldedNorm // of x, if in.Fold is not nil
	kernel depthwise.Kernel

	sum, unused []float64 // of the gradient, for the bias
}

var depthwises = newSlab[depthwiseOp]()

func (o *depthwiseOp) outputs() []*Var { return o.y[:] }
func (o *depthwiseOp) release(*Tape) {
	o.x, o.in.X, o.in.Fold = nil, nil, nil
	o.norm.release()
}

func (o *depthwiseOp) backward(tp *Tape) {
	var g depthwise.Gradient
	y := o.y[0]
	data := o.w.frozen() && o.in.Fold == nil // alone
	if l := &y.lazy; l.g != nil && depthwise.Folds() && o.bias.frozen() && !data {
		g = depthwise.Gradient{G: l.g.data, LD: l.g.ld, A: l.a, B: l.b, C: l.c, Y: y.Value.Data, LDY: y.Value.LD()}
	} else if b := tp.gradOf(y); b != nil {
		g.G, g.LD = b.data, b.ld
	} else {
		return // nobody wanted this output
	}
	o.sum, o.unused = tp.biasGradient(o.bias, g.G, y.Value.Rows(), g.LD, o.sum, o.unused)
	w := weights(o.w.Value)
	if data {
		if o.x.needs {
			dx, add := tp.contribute(o.x)
			depthwise.BackwardData(o.kernel, o.in, w, dx.data, dx.ld, g.G, g.LD, add)
		}
		return
	}
	dw, addW := tp.gradSlot(o.w)
	switch {
	case o.in.Fold != nil:
		dx := tp.gradient(o.x)
		depthwise.Backward(o.kernel, o.in, w, dx.data, dx.ld, false, weights(dw), addW, g)
		o.norm.backward(tp, dx)
	case o.x.needs:
		dx, add := tp.contribute(o.x)
		depthwise.Backward(o.kernel, o.in, w, dx.data, dx.ld, add, weights(dw), addW, g)
	default:
		depthwise.Backward(o.kernel, o.in, w, nil, 0, false, weights(dw), addW, g)
	}
}
