package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/strided"
	"github.com/oneshot-nas/oneshot/tensor"
)

// GroupedConv2D convolves x, [N][H][W][Cin], in groups: the output channels of each see its input channels alone. The weight is
// [KH][KW][Cin/groups][Cout] and the kernel's channels are all of them; the bias is [Cout], or nil. Each group is a dense convolution
// of channel windows of input, weight and output, which copies nothing. Groups of few channels are computed several at a time, as a
// dense convolution most of whose weights are zero: a NaN or an infinity in one of them shows in all. As many groups as channels are a
// [DepthwiseConv2D].
func GroupedConv2D(tp *Tape, x *Var, w, bias *Param, k conv.Kernel, groups int) *Var {
	const op = "autograd.GroupedConv2D"
	tp.Check(op, x)
	checkParams(op, w)
	checkAnyParams(op, bias)
	n, h, width, c := imageOf(op, x)
	if groups < 1 || k.Cin != c || c%groups != 0 || k.Cout%groups != 0 || !kernelFits(w.Value, k.KH, k.KW, c/groups, k.Cout) ||
		bias != nil && bias.Value.Len() != k.Cout {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("input %s, weight %v, %d groups", shapeOf(x), w.Value.Shape(), groups),
			Want: fmt.Sprintf("%d input and %d output channels that groups divide, weight [%d %d %d/groups %d], bias [%d] if any",
				k.Cin, k.Cout, k.KH, k.KW, k.Cin, k.Cout, k.Cout)})
	}
	if groups == 1 {
		return Conv2D(tp, x, w, bias, k)
	}
	if d, ok := depthwiseOf(k, groups); ok && x.Value.Rank() == 4 && w.Value.Rank() == 4 {
		return depthwiseConv2D(tp, x, nil, ActIdentity, w, bias, d, false)
	}
	oh, ow := k.Out(h, width)
	needs := tp.trains(x, w, bias)
	y := tp.imageLike(x, needs, n, oh, ow, k.Cout)
	o := groupeds.get(tp)
	o.x, o.y[0], o.w, o.bias = x, y, w, bias
	o.together = together(k.Cin/groups, k.Cout/groups, groups)
	o.calls = groups / o.together
	o.in = conv.Input{LD: x.Value.LD(), N: n, H: h, W: width, C: c / o.calls, Precision: tp.Precision}
	k.Cin, k.Cout = k.Cin/o.calls, k.Cout/o.calls
	o.branch[0] = conv.Branch{Kernel: k, LDY: y.Value.LD()}
	b := &o.branch[0]
	if o.together == 1 {
		b.WRow, b.WTap, b.WChannel = o.weightStrides()
	} else {
		o.dense = resize(o.dense, k.Weights())
		clear(o.dense)
	}
	for i := range o.calls {
		lo := i * k.Cout
		o.in.X, b.Weight, b.Y = from(x.Value.Data, i*k.Cin), o.weight(lo), from(y.Value.Data, lo)
		if bias != nil {
			b.Bias = bias.Value.Data[lo:][:k.Cout]
		}
		conv.Forward(&o.in, o.branch[:])
	}
	if needs {
		tp.record(o)
	}
	return y
}

// together returns how many groups one dense convolution computes: of few channels so many that they fill the vectors, though most of its
// weights are zero then. 32 groups of 4 channels take 0.4 times as long.
func together(cin, cout, groups int) int {
	const channels = 16
	n := 1
	for m := 2; m*max(cin, cout) <= channels; m++ {
		if groups%m == 0 {
			n = m
		}
	}
	return n
}

// depthwiseOf returns the depthwise convolution that so many groups are, if they are one that kernels/depthwise computes.
func depthwiseOf(k conv.Kernel, groups int) (d depthwise.Kernel, ok bool) {
	d = depthwise.Kernel{C: k.Cin, K: k.KH, Stride: k.Stride, Pad: k.PadH, Dilation: k.Dilation}
	return d, groups == k.Cin && k.Cin == k.Cout && k.KH == k.KW && k.PadH == k.PadW && k.Shift == 0
}

type groupedOp struct {
	x        *Var
	y        [1]*Var
	w, bias  *Param
	together int // groups in a call
	calls    int
	in       conv.Input // of one call
	branch   [1]conv.Branch

	// Weights and gradient of one call, if several groups are together: those of each are a block on the diagonal, zeros the rest.
	dense, dDense []float32

	sum, unused []float64 // of the gradient, for the bias
}

var groupeds = newSlab[groupedOp]()

func (o *groupedOp) outputs() []*Var { return o.y[:] }
func (o *groupedOp) release(*Tape)   { o.x, o.in.X, o.branch[0] = nil, nil, conv.Branch{} }

func (o *groupedOp) weightStrides() (row, tap, channel int) {
	v := o.w.Value
	return v.Stride(0), v.Stride(v.Rank() - 3), v.Stride(v.Rank() - 2)
}

// weight returns the weights of the call whose output channels begin at lo.
func (o *groupedOp) weight(lo int) []float32 {
	if o.together == 1 {
		return o.w.Value.Data[lo:]
	}
	dense, own, shape := o.blocks(o.dense, o.w.Value.Data, lo)
	strided.Copy(dense, own, shape[:]...)
	return o.dense
}

// blocks are the weights of a call as they lie on the diagonal of dense ones, and as they lie in data like those of all groups.
func (o *groupedOp) blocks(dense, data []float32, lo int) (diagonal, own strided.Array, shape [5]int) {
	k := o.branch[0].Kernel
	cin, cout := k.Cin/o.together, k.Cout/o.together
	row, tap, channel := o.weightStrides()
	diagonal = strided.Array{Data: dense, Stride: strided.Strides{k.KW * k.Cin * k.Cout, k.Cin * k.Cout, cin*k.Cout + cout, k.Cout, 1}}
	own = strided.Array{Data: data, At: lo, Stride: strided.Strides{row, tap, cout, channel, 1}}
	return diagonal, own, [5]int{k.KH, k.KW, o.together, cin, cout}
}

func (o *groupedOp) backward(tp *Tape) {
	x, y, b := o.x, o.y[0], &o.branch[0]
	g := tp.gradOf(y)
	if g == nil {
		return
	}
	o.sum, o.unused = tp.biasGradient(o.bias, g.data, y.Value.Rows(), g.ld, o.sum, o.unused)
	frozen := o.w.frozen()
	if frozen && !x.needs {
		return
	}
	dw, addW := tp.gradSlot(o.w)
	var dx *buffer
	var add bool
	if x.needs {
		dx, add = tp.contribute(x)
	}
	b.LDG, b.AddWeight = g.ld, addW && o.together == 1
	if o.together > 1 {
		o.dDense = resize(o.dDense, b.Kernel.Weights())
	}
	for i := range o.calls {
		at, lo := i*b.Kernel.Cin, i*b.Kernel.Cout
		o.in.X, b.Weight, b.G = from(x.Value.Data, at), o.weight(lo), from(g.data, lo)
		switch {
		case frozen:
			b.DWeight = nil
		case o.together == 1:
			b.DWeight = dw.Data[lo:]
		default:
			b.DWeight = o.dDense
		}
		if dx == nil {
			conv.Backward(&o.in, nil, 0, false, o.branch[:])
		} else {
			conv.Backward(&o.in, from(dx.data, at), dx.ld, add, o.branch[:])
		}
		if frozen || o.together == 1 {
			continue
		}
		dense, own, shape := o.blocks(o.dDense, dw.Data, lo)
		if addW {
			strided.Add(own, dense, shape[:]...)
		} else {
			strided.Copy(own, dense, shape[:]...)
		}
	}
}
