package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/tensor"
)

// GroupedConv2D convolves x, [N][H][W][Cin], in groups: output channels of the g-th of them see the input channels of the g-th. The weight is
// [KH][KW][Cin/groups][Cout] and the kernel's channels are all of them; the bias is [Cout], or nil. Each group is a dense convolution of
// channel windows of input, weight and output, which copies nothing; as many groups as channels are a [DepthwiseConv2D].
func GroupedConv2D(tp *Tape, x *Var, w, bias *Param, k conv.Kernel, groups int) *Var {
	const op = "autograd.GroupedConv2D"
	tp.check(op, x)
	checkParams(op, w)
	checkAnyParams(op, bias)
	n, h, width, c := imageOf(op, x)
	if groups < 1 || k.Cin != c || c%groups != 0 || k.Cout%groups != 0 || !kernelFits(w.Value, k.KH, k.KW, c/max(groups, 1), k.Cout) || bias != nil && bias.Value.Len() != k.Cout {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("input %s, weight %v, %d groups", shapeOf(x), w.Value.Shape(), groups),
			Want: fmt.Sprintf("%d input and %d output channels that groups divide, weight [%d %d %d/groups %d], bias [%d] if any", k.Cin, k.Cout, k.KH, k.KW, k.Cin, k.Cout, k.Cout)})
	}
	if groups == 1 {
		return Conv2D(tp, x, w, bias, k)
	}
	if d, ok := depthwiseOf(k, groups); ok && x.Value.Rank() == 4 && w.Value.Rank() == 4 {
		return depthwiseConv2D(tp, x, nil, depthwise.Identity, w, bias, d, false)
	}
	oh, ow := k.Out(h, width)
	y := tp.imageLike(x, tp.records, n, oh, ow, k.Cout)
	o := groupeds.get(tp)
	o.x, o.y[0], o.w, o.bias, o.groups = x, y, w, bias, groups
	o.in = conv.Input{LD: x.Value.LD(), N: n, H: h, W: width, C: c / groups}
	k.Cin, k.Cout = k.Cin/groups, k.Cout/groups
	o.branch[0] = conv.Branch{Kernel: k, LDY: y.Value.LD(), WRow: w.Value.Stride(0), WTap: w.Value.Stride(w.Value.Rank() - 3), WChannel: w.Value.Stride(w.Value.Rank() - 2)}
	b := &o.branch[0]
	for g := range groups {
		lo := g * k.Cout
		o.in.X, b.Weight, b.Y = from(x.Value.Data, g*k.Cin), w.Value.Data[lo:], from(y.Value.Data, lo)
		if bias != nil {
			b.Bias = bias.Value.Data[lo:][:k.Cout]
		}
		conv.Forward(&o.in, o.branch[:])
	}
	if tp.records {
		tp.record(o)
	}
	return y
}

// depthwiseOf returns the depthwise convolution that so many groups are, if they are one that kernels/depthwise computes.
func depthwiseOf(k conv.Kernel, groups int) (d depthwise.Kernel, ok bool) {
	d = depthwise.Kernel{C: k.Cin, K: k.KH, Stride: k.Stride, Pad: k.PadH, Dilation: k.Dilation}
	return d, groups == k.Cin && k.Cin == k.Cout && k.KH == k.KW && k.PadH == k.PadW && k.Shift == 0
}

type groupedOp struct {
	x           *Var
	y           [1]*Var
	w, bias     *Param
	groups      int
	in          conv.Input // of one group
	branch      [1]conv.Branch
	sum, unused []float64 // of the gradient, for the bias
}

var groupeds = newSlab[groupedOp]()

func (o *groupedOp) outputs() []*Var { return o.y[:] }
func (o *groupedOp) release(*Tape)   { o.x, o.in.X, o.branch[0] = nil, nil, conv.Branch{} }

func (o *groupedOp) backward(tp *Tape) {
	x, y, b := o.x, o.y[0], &o.branch[0]
	g := tp.gradOf(y)
	if g == nil {
		return
	}
	if o.bias != nil {
		o.sum, o.unused = tp.biasGradient(o.bias, g.data, y.Value.Rows(), g.ld, o.sum, o.unused)
	}
	dw, addW := tp.gradSlot(o.w)
	var dx *buffer
	var add bool
	if x.needs {
		dx, add = tp.contribute(x)
	}
	b.LDG, b.AddWeight = g.ld, addW
	for i := range o.groups {
		from0, lo := i*b.Kernel.Cin, i*b.Kernel.Cout
		o.in.X, b.Weight, b.DWeight, b.G = from(x.Value.Data, from0), o.w.Value.Data[lo:], dw.Data[lo:], from(g.data, lo)
		if dx == nil {
			conv.Backward(&o.in, nil, 0, false, o.branch[:])
		} else {
			conv.Backward(&o.in, from(dx.data, from0), dx.ld, add, o.branch[:])
		}
	}
}
