package autograd

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Folded is act(norm(x)), a normalised value that only convolutions read, all in one call. [FoldedConvs] and [FoldedDepthwiseConv2D]
// evaluate it as they go, forward and once more backward, so that it is never written: of a layer with its batch norm and its activation
// the tape keeps one tensor, what the layer's convolution has made.
type Folded struct {
	X   *Var
	BN  *BatchNorm
	Act Activation
}

// written is the value as an operation of its own, for a convolution that does not evaluate it.
func (f Folded) written(tp *Tape) *Var {
	place := tp.place // is that of the convolution's output
	tp.place = nil
	tp.sumTerms = append(tp.sumTerms[:0], Term{f.X, f.BN})
	y := BatchNormSumAct(tp, f.Act, tp.sumTerms...)
	tp.place = place
	return y
}

// FoldedConv2D is [FoldedConvs] with one branch.
func FoldedConv2D(tp *Tape, x Folded, b ConvBranch) *Var {
	tp.branches = append(tp.branches[:0], b)
	return FoldedConvs(tp, x, tp.branches)[0]
}

// FoldedConvs is [Convs] of a folded value. For large convolutions (see [conv.Kernel.Folds]) and those with a bias it is written down, in
// bfloat16 for all but a single 1×1.
func FoldedConvs(tp *Tape, x Folded, branches []ConvBranch) []*Var {
	x.check(tp)
	for i := range branches {
		b := &branches[i]
		if !b.Kernel.Folds() || b.Bias != nil || tp.Precision == BF16 && (len(branches) > 1 || !b.Kernel.Pointwise()) {
			return Convs(tp, x.written(tp), ActIdentity, branches)
		}
	}
	return convolve(tp, x.X, ActIdentity, &x, branches)
}

// FoldedDepthwiseConv2D is [DepthwiseConv2D] of a folded value. With sums, those of its output are found for a batch norm that follows. It
// is written down where the kernels do not fold (see [depthwise.Folds]).
func FoldedDepthwiseConv2D(tp *Tape, x Folded, w *Param, k depthwise.Kernel, sums bool) *Var {
	x.check(tp)
	if !depthwise.Folds() {
		return depthwiseConv2D(tp, x.written(tp), nil, ActIdentity, w, nil, k, sums)
	}
	return depthwiseConv2D(tp, x.X, &x, ActIdentity, w, nil, k, sums)
}

// foldedNorm is the batch norm that a convolution has taken in.
type foldedNorm struct {
	sumTerm
	sumG []float64
	fold norm.Fold
}

// check panics unless the batch norm is one of the value's channels.
func (f Folded) check(tp *Tape) {
	tp.Check("autograd.Folded", f.X)
	c, got := f.X.Value.Cols(), "no batch norm"
	if f.BN != nil {
		checkParams("autograd.Folded", f.BN.Gamma, f.BN.Beta)
		if f.BN.Gamma.Value.Len() == c {
			return
		}
		got = fmt.Sprintf("a batch norm of %d channels", f.BN.Gamma.Value.Len())
	}
	panic(tensor.ShapeError{Op: "autograd.Folded", Got: fmt.Sprintf("a value %s with %s", shapeOf(f.X), got),
		Want: fmt.Sprintf("a batch norm of %d channels", c)})
}

// set finds the statistics of a folded value, and returns how so many convolutions evaluate it.
func (n *foldedNorm) set(tp *Tape, f *Folded, times int) *norm.Fold {
	x, act := f.X, f.Act
	rows, c := x.Value.Rows(), x.Value.Cols()
	act = tp.evaluated(act)
	n.x, n.bn = x, f.BN
	n.grow(c)
	n.sumG = resize(n.sumG, c)
	n.normalise(tp, rows)
	n.fold = norm.Fold{Scale: n.a, Shift: n.b, Act: act, SumG: n.sumG, SumGX: n.sumGX}
	if act != ActIdentity && tp.observer != nil && tp.observer.Activation != nil { // written down for the observer alone
		v := tp.gradient(x)
		tp.terms = append(tp.terms[:0], norm.Term{X: x.Value.Data, LD: x.Value.LD(), Scale: n.a, Shift: n.b})
		norm.ApplySumAct(v.data, rows, c, v.ld, tp.terms, act)
		tp.activated(tensor.WrapLike(v.data[:x.Value.Len()], x.Value), times)
		tp.unref(v)
	}
	return &n.fold
}

// backward passes on g, the gradient behind the batch norm, of which the convolution has found the sums, and gives it up.
func (n *foldedNorm) backward(tp *Tape, g *buffer) {
	n.sumTerm.backward(tp, g, n.sumG)
	tp.unref(g)
}

func (n *foldedNorm) release() { n.x, n.bn, n.fold = nil, nil, norm.Fold{} }

// normalise finds scale and shift, a and b, of rows of x.
func (s *sumTerm) normalise(tp *Tape, rows int) {
	c := len(s.mean)
	s.running = tp.fixed(s.bn)
	s.bn.statistics(tp, s.x, rows, s.mean, s.variance)
	norm.Coefficients(s.mean, s.variance, s.bn.Eps, s.bn.Gamma.Value.Data[:c], s.bn.Beta.Value.Data[:c], s.a, s.b)
}

// backward passes the gradient g of what the term is normalised to on to x and to the parameters. sumG and s.sumGX are its sums. Running
// statistics do not move with the batch: they have no gradient.
func (s *sumTerm) backward(tp *Tape, g *buffer, sumG []float64) {
	rows, c := s.x.Value.Rows(), len(s.mean)
	gamma := s.bn.Gamma.Value.Data[:c]
	dgamma, dbeta := tp.addToParam(s.bn.Gamma), tp.addToParam(s.bn.Beta)
	norm.BackwardCoefficients(sumG, s.sumGX, s.mean, s.variance, s.bn.Eps, rows, gamma, s.a, s.b, s.c, dgamma, dbeta, true)
	if s.running {
		for i := range c {
			s.a[i] = float32(float64(gamma[i]) / math.Sqrt(s.variance[i]+s.bn.Eps))
		}
		clear(s.b)
		clear(s.c)
	}
	if s.x.needs {
		tp.contributeLazy(s.x, g, s.a, s.b, s.c)
	}
}
