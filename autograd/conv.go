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
	return Convs(tp, x, ActIdentity, tp.branches)[0]
}

// Conv1D convolves x, [N][L][Cin], along its steps to [N][OL][Cout]: a [Conv2D] of images with one row, with a kernel of KH 1 and no PadH.
// The weight is [K][Cin][Cout]. Of a sequence [T][B][C] that is Transpose(tp, x, 1, 0, 2).
func Conv1D(tp *Tape, x *Var, w, bias *Param, k conv.Kernel) *Var {
	const name = "autograd.Conv1D"
	tp.Check(name, x)
	checkParams(name, w)
	if x.Value.Rank() != 3 || w.Value.Rank() != 3 || k.KH != 1 || k.PadH != 0 {
		panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("input %s, weight %v, kernel %+v", shapeOf(x), w.Value.Shape(), k),
			Want: "[N][L][Cin], weight [K][Cin][Cout], a kernel of one row"})
	}
	return Conv2D(tp, x, w, bias, k)
}

// imageOf panics unless v is a batch of images, or of sequences, [N][L][C], which are images of one row.
func imageOf(op string, v *Var) (n, h, w, c int) {
	if v.Value.Rank() == 3 {
		return v.Value.Dim(0), 1, v.Value.Dim(1), v.Value.Dim(2)
	}
	return rank4(op, v)
}

// imageLike is an output of images, or of sequences if x is one.
func (tp *Tape) imageLike(x *Var, needs bool, n, h, w, c int) *Var {
	if x.Value.Rank() == 3 && h == 1 {
		return tp.output(needs, n, w, c)
	}
	return tp.output(needs, n, h, w, c)
}

// kernelFits reports whether a weight is [KH][KW][cin][cout], or [K][cin][cout] for a kernel of one row.
func kernelFits(w tensor.Tensor, kh, kw, cin, cout int) bool {
	r := w.Rank()
	return (r == 4 && w.Dim(0) == kh || r == 3 && kh == 1) && w.Dim(r-3) == kw && w.Dim(r-2) == cin && w.Dim(r-1) == cout
}

// Convs applies several convolutions to one input: y_i = conv_i(act(x)), where act is ActIdentity, ActReLU or ActReLU6. They share the cost of
// bringing the input into cache, and in the backward pass that of writing its gradient. The slice that it returns is
// valid until the tape is reset.
func Convs(tp *Tape, x *Var, act Activation, branches []ConvBranch) []*Var {
	return convolve(tp, x, act, nil, branches)
}

// convolve is Convs, of x or, if folded is not nil, of that.
func convolve(tp *Tape, x *Var, act Activation, folded *Folded, branches []ConvBranch) []*Var {
	const name = "autograd.Convs"
	tp.Check(name, x)
	n, h, w, c := imageOf(name, x)
	act = tp.evaluated(act)
	if act != ActIdentity {
		tp.activated(x.Value, len(branches))
	}
	o := convs.get(tp)
	o.x = x
	o.in = conv.Input{X: x.Value.Data, LD: x.Value.LD(), N: n, H: h, W: w, C: c, Act: act, Precision: tp.Precision}
	if folded != nil {
		o.in.Fold = o.norm.set(tp, folded, len(branches))
	}
	o.ys, o.params, o.branches = o.ys[:0], o.params[:0], o.branches[:0]
	needs := tp.trains(x)
	if folded != nil {
		needs = needs || tp.trains(nil, folded.BN.Gamma, folded.BN.Beta)
	}
	for _, b := range branches {
		needs = needs || tp.trains(nil, b.Weight, b.Bias)
	}
	for _, b := range branches {
		checkParams(name, b.Weight)
		k := b.Kernel
		v := b.Weight.Value
		if k.Cin != c || !kernelFits(v, k.KH, k.KW, k.Cin, k.Cout) || b.Bias != nil && b.Bias.Value.Len() != k.Cout {
			panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("input %s, weight %v", shapeOf(x), v.Shape()),
				Want: fmt.Sprintf("%d input channels, weight [%d %d %d %d], bias [%d] if any", k.Cin, k.KH, k.KW, k.Cin, k.Cout, k.Cout)})
		}
		oh, ow := k.Out(h, w)
		y := tp.imageLike(x, needs, n, oh, ow, k.Cout)
		cb := convBranch(k, v, y, 0)
		checkAnyParams(name, b.Bias)
		if b.Bias != nil {
			cb.Bias = b.Bias.Value.Data[:k.Cout]
		}
		if b.Sums && tp.batchStatistics() {
			y.growSums(k.Cout)
			cb.Sum, cb.SumSq = y.sum, y.sumsq
		}
		o.ys, o.params, o.branches = append(o.ys, y), append(o.params, convParams{b.Weight, b.Bias}), append(o.branches, cb)
	}
	conv.Forward(&o.in, o.branches)
	if needs {
		tp.record(o)
	}
	return o.ys
}

// convBranch is a convolution into the channels of y from lo on.
func convBranch(k conv.Kernel, w tensor.Tensor, y *Var, lo int) conv.Branch {
	b := conv.Branch{Kernel: k, Weight: w.Data, Y: from(y.Value.Data, lo), LDY: y.Value.LD()}
	if !w.Dense() {
		b.WRow, b.WTap, b.WChannel = w.Stride(0), w.Stride(w.Rank()-3), w.Stride(w.Rank()-2)
	}
	return b
}

// from is data[lo:], or what there is.
func from(data []float32, lo int) []float32 { return data[min(lo, len(data)):] }

// growSums makes room for the sums of c channels, which will be there.
func (v *Var) growSums(c int) {
	v.sum, v.sumsq, v.hasSums = resize(v.sum, c), resize(v.sumsq, c), true
}

type convOp struct {
	x           *Var
	in          conv.Input
	norm        foldedNorm // of x, if in.Fold is not nil
	ys          []*Var
	params      []convParams
	branches    []conv.Branch
	sum, unused []float64 // of the gradient, for the bias
}

type convParams struct{ weight, bias *Param }

var convs = newSlab[convOp]()

func (o *convOp) outputs() []*Var { return o.ys }

func (o *convOp) release(*Tape) {
	o.x, o.in.X, o.in.Fold = nil, nil, nil
	o.norm.release()
}

func (o *convOp) backward(tp *Tape) {
	kept := o.branches[:0]
	// The backward pass of a large convolution 1×1 is two products of matrices, which read gradients where they lie: better write a lazy
	// one down for them than have it packed image by image. (That takes 1 to 2 times as long on large images, 5 times on 2×2 pixels.)
	k := o.branches[0].Kernel
	product := len(o.ys) == 1 && k.Pointwise() && !k.Folds() && o.in.Act == ActIdentity
	for i, y := range o.ys {
		b := o.branches[i]
		b.A, b.B, b.C = nil, nil, nil
		weight, bias := o.params[i].weight, o.params[i].bias
		switch {
		case y.lazy.g != nil && bias.frozen() && !product:
			b.G, b.LDG, b.A, b.B, b.C = y.lazy.g.data, y.lazy.g.ld, y.lazy.a, y.lazy.b, y.lazy.c
		default:
			g := tp.gradOf(y)
			if g == nil {
				continue // nobody wanted this output
			}
			b.G, b.LDG = g.data, g.ld
		}
		o.sum, o.unused = tp.biasGradient(bias, b.G, y.Value.Rows(), b.LDG, o.sum, o.unused)
		b.DWeight = nil
		if !weight.frozen() {
			grad, add := tp.gradSlot(weight)
			b.DWeight, b.AddWeight = grad.Data, add
		} else if o.in.Fold == nil && !o.x.needs {
			continue
		}
		kept = append(kept, b)
	}
	if len(kept) == 0 {
		return
	}
	if o.in.Fold != nil {
		g := tp.gradient(o.x)
		conv.Backward(&o.in, g.data, g.ld, false, kept)
		o.norm.backward(tp, g)
		return
	}
	if !o.x.needs {
		conv.Backward(&o.in, nil, 0, false, kept)
		return
	}
	dx, add := tp.contribute(o.x)
	conv.Backward(&o.in, dx.data, dx.ld, add, kept)
}

// biasGradient adds the sums of the columns of g to the gradient of a bias, if there is one and its gradient is wanted, with two buffers as
// scratch, which it returns.
func (tp *Tape) biasGradient(bias *Param, g []float32, rows, ld int, sum, unused []float64) (_, _ []float64) {
	if bias.frozen() {
		return sum, unused
	}
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
