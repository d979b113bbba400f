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
	return convolve(tp, x, relu, nil, branches)
}

// convolve is Convs, of x or, if folded is not nil, of that.
func convolve(tp *Tape, x *Var, relu bool, folded *Folded, branches []ConvBranch) []*Var {
	n, h, w, c := rank4("autograd.Convs", x)
	if relu {
		tp.activated(x.Value, len(branches))
	}
	o := convs.get(tp)
	o.x = x
	o.in = conv.Input{X: x.Value.Data, LD: x.Value.LD(), N: n, H: h, W: w, C: c, ReLU: relu}
	if folded != nil {
		o.in.Fold = o.norm.set(tp, folded)
	}
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
		cb := convBranch(k, v, y, 0)
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
	if tp.records {
		tp.record(o)
	}
	return o.ys
}

// convBranch is a convolution into the channels of y from lo on.
func convBranch(k conv.Kernel, w tensor.Tensor, y *Var, lo int) conv.Branch {
	b := conv.Branch{Kernel: k, Weight: w.Data, Y: from(y.Value.Data, lo), LDY: y.Value.LD()}
	if !w.Dense() {
		b.WRow, b.WTap, b.WChannel = w.Stride(0), w.Stride(1), w.Stride(2)
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
	product := len(o.ys) == 1 && k.Pointwise() && !k.Folds() && !o.in.ReLU
	for i, y := range o.ys {
		b := o.branches[i]
		b.A, b.B, b.C = nil, nil, nil
		bias := o.params[i].bias
		switch {
		case y.lazy.g != nil && bias == nil && !product:
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

// FactorizedReduction halves height and width of x, [N][H][W][C] with H and W even, without losing every other pixel: two 1×1
// convolutions at stride 2 of x, or of max(x, 0) if relu is set, of which the second reads the pixels that lie one further down and
// right, make the two halves of the output, [N][H/2][W/2][Cout0+Cout1]. It is how the cells of DARTS (Liu, Simonyan and Yang 2019)
// and AmoebaNet reduce. The weights are [1][1][C][Cout0] and [1][1][C][Cout1]. The output comes with its sums for a [BatchNormSum]
// that follows.
func FactorizedReduction(tp *Tape, x *Var, relu bool, w0, w1 *Param) *Var {
	n, h, w, c := rank4("autograd.FactorizedReduction", x)
	for _, p := range []*Param{w0, w1} {
		if v := p.Value; h%2 != 0 || w%2 != 0 || v.Rank() != 4 || v.Dim(0) != 1 || v.Dim(1) != 1 || v.Dim(2) != c {
			panic(tensor.ShapeError{Op: "autograd.FactorizedReduction", Got: fmt.Sprintf("input %s, weight %v", shapeOf(x), v.Shape()),
				Want: fmt.Sprintf("even height and width, weights [1 1 %d Cout]", c)})
		}
	}
	if relu {
		tp.activated(x.Value, 1)
	}
	c0, c1 := w0.Value.Dim(3), w1.Value.Dim(3)
	y := tp.output(tp.records, n, h/2, w/2, c0+c1)
	o := factorized.get(tp)
	o.x, o.y[0], o.weights, o.lo = x, y, [2]*Param{w0, w1}, [2]int{0, c0}
	o.in = conv.Input{X: x.Value.Data, LD: x.Value.LD(), N: n, H: h, W: w, C: c, ReLU: relu}
	if tp.batchStatistics() {
		y.growSums(c0 + c1)
	}
	for i, p := range o.weights {
		k := conv.Square(c, p.Value.Dim(3), 1, 2)
		k.Shift = i
		b := convBranch(k, p.Value, y, o.lo[i])
		if y.hasSums {
			b.Sum, b.SumSq = y.sum[o.lo[i]:][:k.Cout], y.sumsq[o.lo[i]:][:k.Cout]
		}
		o.branches[i] = b
	}
	conv.Forward(&o.in, o.branches[:])
	if tp.records {
		tp.record(o)
	}
	return y
}

type factorizedOp struct {
	x        *Var
	y        [1]*Var
	in       conv.Input
	weights  [2]*Param
	lo       [2]int // where their channels begin
	branches [2]conv.Branch
}

var factorized = newSlab[factorizedOp]()

func (o *factorizedOp) outputs() []*Var { return o.y[:] }
func (o *factorizedOp) release(*Tape)   { o.x, o.in.X = nil, nil }

func (o *factorizedOp) backward(tp *Tape) {
	l := &o.y[0].lazy
	g := l.g
	if g == nil {
		g = tp.gradOf(o.y[0])
	}
	if g == nil {
		return
	}
	for i := range o.branches {
		b, lo := &o.branches[i], o.lo[i]
		b.G, b.LDG, b.A, b.B, b.C = from(g.data, lo), g.ld, nil, nil, nil
		if l.g != nil {
			b.A, b.B, b.C = l.a[lo:], l.b[lo:], l.c[lo:]
		}
		grad, add := tp.gradSlot(o.weights[i])
		b.DWeight, b.AddWeight = grad.Data, add
	}
	if !o.x.needs {
		conv.Backward(&o.in, nil, 0, false, o.branches[:])
		return
	}
	dx, add := tp.contribute(o.x)
	conv.Backward(&o.in, dx.data, dx.ld, add, o.branches[:])
}
