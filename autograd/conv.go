package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/tensor"
)

// ConvBranch is one convolution of an input that several convolutions share.
type ConvBranch struct {
	Kernel conv.Kernel
	Weight *Param // [KH][KW][Cin][Cout]
	// Sums asks for the sums of the output per channel, for a [BatchNormSum] that follows: it then needs no pass over the
	// output to find mean and variance.
	Sums bool
}

// Conv2D convolves x, [N][H][W][Cin], to [N][OH][OW][Cout]:
//
//	y[n,oy,ox,co] = Σ x[n, oy·s − p + ky·d, ox·s − p + kx·d, ci] · w[ky,kx,ci,co]
func Conv2D(tp *Tape, x *Var, w *Param, k conv.Kernel) *Var {
	tp.branches = append(tp.branches[:0], ConvBranch{Kernel: k, Weight: w})
	return Convs(tp, x, false, tp.branches)[0]
}

// Convs applies several convolutions to one input, max(x, 0) if relu is set: y_i = conv_i(x). They share the cost of
// bringing the input into cache, and in the backward pass that of writing its gradient. The slice that it returns is
// valid until the tape is reset.
func Convs(tp *Tape, x *Var, relu bool, branches []ConvBranch) []*Var {
	n, h, w, c := rank4("autograd.Convs", x)
	o := tp.convs.get()
	o.x = x
	o.in = conv.Input{X: x.Value.Data, LD: x.Value.LD(), N: n, H: h, W: w, C: c, ReLU: relu}
	o.ys, o.params, o.branches = o.ys[:0], o.params[:0], o.branches[:0]
	for _, b := range branches {
		k := b.Kernel
		if v := b.Weight.Value; k.Cin != c || v.Rank() != 4 || v.Dim(0) != k.KH || v.Dim(1) != k.KW || v.Dim(2) != k.Cin || v.Dim(3) != k.Cout {
			panic(tensor.ShapeError{Op: "autograd.Convs", Got: fmt.Sprintf("input %s, weight %v", shapeOf(x), v.Shape()),
				Want: fmt.Sprintf("%d input channels, weight [%d %d %d %d]", k.Cin, k.KH, k.KW, k.Cin, k.Cout)})
		}
		oh, ow := k.Out(h, w)
		y := tp.output(tp.mode == Training, n, oh, ow, k.Cout)
		cb := conv.Branch{Kernel: k, Weight: b.Weight.Value.Data, Y: y.Value.Data, LDY: k.Cout}
		if b.Sums && tp.mode != Inference && tp.mode != Recalibrated {
			y.sum, y.sumsq = resize(y.sum, k.Cout), resize(y.sumsq, k.Cout)
			y.hasSums = true
			cb.Sum, cb.SumSq = y.sum, y.sumsq
		}
		o.ys, o.params, o.branches = append(o.ys, y), append(o.params, b.Weight), append(o.branches, cb)
	}
	conv.Forward(&o.in, o.branches)
	if tp.mode == Training {
		tp.record(o)
	}
	return o.ys
}

type convOp struct {
	x        *Var
	in       conv.Input
	ys       []*Var
	params   []*Param
	branches []conv.Branch
}

func (o *convOp) outputs() []*Var { return o.ys }

func (o *convOp) release(*Tape) { o.x = nil; o.in.X = nil }

func (o *convOp) backward(tp *Tape) {
	kept := o.branches[:0]
	for i, y := range o.ys {
		b := o.branches[i]
		b.A, b.B, b.C = nil, nil, nil
		switch {
		case y.lazy.g != nil:
			b.G, b.A, b.B, b.C = y.lazy.g.data, y.lazy.a, y.lazy.b, y.lazy.c
		case y.grad != nil:
			b.G = y.grad.data
		default:
			continue // nobody wanted this output
		}
		b.LDG = b.Kernel.Cout
		grad, add := tp.gradSlot(o.params[i])
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
	conv.Backward(&o.in, dx, o.in.C, add, kept)
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func shapeOf(v *Var) string { return fmt.Sprint(v.Value.Shape()) }
