package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/strided"
	"github.com/oneshot-nas/oneshot/tensor"
)

// ConvTranspose2D is the transposed convolution of x, [N][H][W][Cin], to [N][OH][OW][Cout]: the gradient of a convolution
// ([conv.Transposed] has the formula and the geometry), to which comes bias[co] unless it is nil. The weight is [KH][KW][Cout][Cin],
// that of the convolution which goes the other way; a weight of PyTorch, [Cin][Cout][KH][KW], becomes it by the permutation that
// brings a convolution's there, (2, 3, 1, 0).
func ConvTranspose2D(tp *Tape, x *Var, w, bias *Param, k conv.Transposed) *Var {
	const op = "autograd.ConvTranspose2D"
	tp.Check(op, x)
	checkParams(op, w)
	checkAnyParams(op, bias)
	n, h, width, c := rank4(op, x)
	if k.Cin != c || w.Value.Rank() != 4 || !kernelFits(w.Value, k.KH, k.KW, k.Cout, k.Cin) || bias != nil && bias.Value.Len() != k.Cout {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("input %s, weight %v", shapeOf(x), w.Value.Shape()),
			Want: fmt.Sprintf("%d input channels, weight [%d %d %d %d], bias [%d] if any", k.Cin, k.KH, k.KW, k.Cout, k.Cin, k.Cout)})
	}
	oh, ow := k.Out(h, width)
	needs := tp.trains(x, w, bias)
	y := tp.output(needs, n, oh, ow, k.Cout)
	tp.fillBias(y, bias)
	o := transposes.get(tp)
	o.x, o.y[0], o.w, o.bias = x, y, w, bias
	// Of the convolution that goes the other way; its values are not needed yet.
	o.in = conv.Input{N: n, H: oh, W: ow, C: k.Cout, Precision: tp.Precision}
	o.branch[0] = convBranch(k.Adjoint(), w.Value, x, 0)
	b := &o.branch[0]
	b.G, b.LDG = x.Value.Data, x.Value.LD()
	conv.Backward(&o.in, y.Value.Data, y.Value.LD(), bias != nil, o.branch[:])
	if needs {
		tp.record(o)
	}
	return y
}

// fillBias makes every row of y the bias, if there is one.
func (tp *Tape) fillBias(y *Var, bias *Param) {
	if bias == nil {
		return
	}
	v := y.Value
	row := strided.Array{Data: bias.Value.Data, Stride: strided.Strides{0, 1}}
	strided.Copy(strided.Array{Data: v.Data, Stride: strided.Strides{v.LD(), 1}}, row, v.Rows(), v.Cols())
}

type convTransposeOp struct {
	x           *Var
	y           [1]*Var
	w, bias     *Param
	in          conv.Input // the result
	branch      [1]conv.Branch
	sum, unused []float64 // of the gradient, for the bias
}

var transposes = newSlab[convTransposeOp]()

func (o *convTransposeOp) outputs() []*Var { return o.y[:] }
func (o *convTransposeOp) release(*Tape)   { o.x, o.in.X, o.branch[0] = nil, nil, conv.Branch{} }

func (o *convTransposeOp) backward(tp *Tape) {
	y, b := o.y[0], &o.branch[0]
	g := tp.gradOf(y)
	if g == nil {
		return
	}
	o.sum, o.unused = tp.biasGradient(o.bias, g.data, y.Value.Rows(), g.ld, o.sum, o.unused)
	o.in.X, o.in.LD = g.data, g.ld
	if !o.w.frozen() {
		grad, add := tp.gradSlot(o.w)
		b.DWeight, b.AddWeight = grad.Data, add
		conv.Backward(&o.in, nil, 0, false, o.branch[:])
	}
	if o.x.needs {
		dx, add := tp.contribute(o.x)
		b.Y, b.LDY, b.Accumulate = dx.data, dx.ld, add
		conv.Forward(&o.in, o.branch[:])
	}
}
