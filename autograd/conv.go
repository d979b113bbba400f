package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/tensor"
)

// ConvBranch is one convolution of an input that several convolutions share.
type ConvBranch struct {
	Kernel conv.Kernel
	Weight *Param // [KH][KW][Cin][Cout], maybe a window of a larger weight
	Bias   *Param // [Cout], or nil
	// Sums asks for the sums of the output per channel, for a [BatchNormSum] that follows: it then needs no pass over the
	// output to find mean and variance.
	Sums bool
}

// Conv2D convolves x, [N][H][W][Cin], to [N][OH][OW][Cout]:
//
//	y[n,oy,ox,co] = Σ x[n, oy·s − p + ky·d, ox·s − p + kx·d, ci] · w[ky,kx,ci,co]
//
// to which comes bias[co] unless it is nil.
func Conv2D(tp *Tape, x *Var, w, bias *Param, k conv.Kernel) *Var {
	tp.branches = append(tp.branches[:0], ConvBranch{Kernel: k, Weight: w, Bias: bias})
	return Convs(tp, x, false, tp.branches)[0]
}

// Convs applies several convolutions to one input, max(x, 0) if relu is set: y_i = conv_i(x). They share the cost of
// bringing the input into cache, and in the backward pass that of writing its gradient. The slice that it returns is
// valid until the tape is reset.
func Convs(tp *Tape, x *Var, relu bool, branches []ConvBranch) []*Var {
	n, h, w, c := rank4("autograd.Convs", x)
	o := convs.get(tp)
	o.x = x
	o.in = conv.Input{X: x.Value.Data, LD: x.Value.LD(), N: n, H: h, W: w, C: c, ReLU: relu}
	o.ys, o.params, o.branches = o.ys[:0], o.params[:0], o.branches[:0]
	for _, b := range branches {
		k := b.Kernel
		v := b.Weight.Value
		if k.Cin != c || v.Rank() != 4 || v.Dim(0) != k.KH || v.Dim(1) != k.KW || v.Dim(2) != k.Cin || v.Dim(3) != k.Cout || b.Bias != nil && b.Bias.Value.Len() != k.Cout {
			panic(tensor.ShapeError{Op: "autograd.Convs", Got: fmt.Sprintf("input %s, weight %v", shapeOf(x), v.Shape()),
				Want: fmt.Sprintf("%d input channels, weight [%d %d %d %d], bias [%d] if any", k.Cin, k.KH, k.KW, k.Cin, k.Cout, k.Cout)})
		}
		oh, ow := k.Out(h, w)
		y := tp.output(tp.records, n, oh, ow, k.Cout)
		cb := conv.Branch{Kernel: k, Weight: v.Data, Y: y.Value.Data, LDY: y.Value.LD()}
		if !v.Dense() {
			cb.WRow, cb.WTap, cb.WChannel = v.Stride(0), v.Stride(1), v.Stride(2)
		}
		if b.Bias != nil {
			cb.Bias = b.Bias.Value.Data[:k.Cout]
		}
		if b.Sums && tp.batchStatistics() {
			y.sum, y.sumsq = resize(y.sum, k.Cout), resize(y.sumsq, k.Cout)
			y.hasSums = true
			cb.Sum, cb.SumSq = y.sum, y.sumsq
		}
		o.ys, o.params, o.branches = append(o.ys, y), append(o.params, convParams{b.Weight, b.Bias}), append(o.branches, cb)
	}
	conv.Forward(&o.in, o.branches)
	if tp.records {
		tp.record(o)
	}
	return o.ys
}

type convOp struct {
	x           *Var
	in          conv.Input
	ys          []*Var
	params      []convParams
	branches    []conv.Branch
	sum, unused []float64 // of the gradient, for the bias
}

type convParams struct{ weight, bias *Param }

var convs = newSlab[convOp]()

func (o *convOp) outputs() []*Var { return o.ys }

func (o *convOp) release(*Tape) { o.x = nil; o.in.X = nil }

func (o *convOp) backward(tp *Tape) {
	kept := o.branches[:0]
	for i, y := range o.ys {
		b := o.branches[i]
		b.A, b.B, b.C = nil, nil, nil
		bias := o.params[i].bias
		switch {
		case y.lazy.g != nil && bias == nil:
			b.G, b.LDG, b.A, b.B, b.C = y.lazy.g.data, y.lazy.g.ld, y.lazy.a, y.lazy.b, y.lazy.c
		default:
			g := tp.gradOf(y)
			if g == nil {
				continue // nobody wanted this output
			}
			b.G, b.LDG = g.data, g.ld
		}
		if bias != nil {
			o.sum, o.unused = tp.biasGradient(bias, b.G, y.Value.Rows(), b.LDG, o.sum, o.unused)
		}
		grad, add := tp.gradSlot(o.params[i].weight)
		b.DWeight, b.AddWeight = grad.Data, add
		kept = append(kept, b)
	}
	if len(kept) == 0 {
		return
	}
	if !o.x.needs {
		conv.Backward(&o.in, nil, 0, false, kept)
		return
	}
	dx, add := tp.contribute(o.x)
	conv.Backward(&o.in, dx.data, dx.ld, add, kept)
}

// biasGradient adds the sums of the columns of g to the gradient of a bias, with two buffers as scratch, which it returns.
func (tp *Tape) biasGradient(bias *Param, g []float32, rows, ld int, sum, unused []float64) (_, _ []float64) {
	c := bias.Value.Len()
	sum, unused = resize(sum, c), resize(unused, c)
	norm.Stats(g, rows, c, ld, sum, unused)
	db, add := tp.gradSlot(bias)
	for j, s := range sum {
		if !add {
			db.Data[j] = 0
		}
		db.Data[j] += float32(s)
	}
	return sum, unused
}
