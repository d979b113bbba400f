package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/tensor"
)

// FactorizedReduction halves height and width of x, [N][H][W][C] with H and W even, without losing every other pixel: two 1×1
// convolutions at stride 2 of act(x), ActIdentity, ActReLU or ActReLU6, of which the second reads the pixels that lie one further down and
// right, make the two halves of the output, [N][H/2][W/2][Cout0+Cout1]. It is how the cells of DARTS (Liu, Simonyan and Yang 2019)
// and AmoebaNet reduce. The weights are [1][1][C][Cout0] and [1][1][C][Cout1]. The output comes with its sums for a [BatchNormSum]
// that follows.
func FactorizedReduction(tp *Tape, x *Var, act Activation, w0, w1 *Param) *Var {
	const op = "autograd.FactorizedReduction"
	tp.Check(op, x)
	checkParams(op, w0, w1)
	n, h, w, c := rank4(op, x)
	for _, p := range []*Param{w0, w1} {
		if v := p.Value; h%2 != 0 || w%2 != 0 || v.Rank() != 4 || v.Dim(0) != 1 || v.Dim(1) != 1 || v.Dim(2) != c {
			panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("input %s, weight %v", shapeOf(x), v.Shape()),
				Want: fmt.Sprintf("even height and width, weights [1 1 %d Cout]", c)})
		}
	}
	act = tp.evaluated(act)
	if act != ActIdentity {
		tp.activated(x.Value, 1)
	}
	c0, c1 := w0.Value.Dim(3), w1.Value.Dim(3)
	needs := tp.trains(x, w0, w1)
	y := tp.output(needs, n, h/2, w/2, c0+c1)
	o := factorized.get(tp)
	o.x, o.y[0], o.weights, o.lo = x, y, [2]*Param{w0, w1}, [2]int{0, c0}
	o.in = conv.Input{X: x.Value.Data, LD: x.Value.LD(), N: n, H: h, W: w, C: c, Act: act, Precision: tp.Precision}
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
	if needs {
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
