package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/tensor"
)

// BatchNorm is the state of a batch normalisation (Ioffe and Szegedy 2015) of C channels.
type BatchNorm struct {
	Gamma, Beta *Param // scale and shift, [C]
	// Running statistics, [C]: exponential averages of the batch mean and of the unbiased batch variance, as in PyTorch.
	RunningMean, RunningVar tensor.Tensor
	Eps                     float64
	Momentum                float64 // weight of the new batch in the running statistics
	// Frozen keeps the running statistics as they are, and makes Training normalise with them as Inference does: what PyTorch's eval() does
	// to one layer of a network that is trained. Of a window, that of the whole counts.
	Frozen bool

	// What CollectStatistics has found: sums of mean·rows and variance·rows over batches, and the rows.
	collection      uint64 // since which DiscardStatistics
	sumMean, sumVar []float64
	rows            float64

	windows []*BatchNorm // that have been asked for
	whole   *BatchNorm   // nil: this one; else it is a window of that
	lo      int          // where a window begins
}

// Window returns the batch norm of channels lo to hi-1, which shares parameters and running statistics with bn: what a
// convolution cut down to some of its channels needs. What CollectStatistics finds for it is its own. The same window is
// the same BatchNorm each time.
func (bn *BatchNorm) Window(lo, hi int) *BatchNorm {
	c := bn.Gamma.Value.Len()
	if lo == 0 && hi == c {
		return bn
	}
	for _, w := range bn.windows {
		if w.lo == lo && w.Gamma.Value.Len() == hi-lo {
			return w
		}
	}
	w := &BatchNorm{
		Gamma: bn.Gamma.Window(0, lo, hi), Beta: bn.Beta.Window(0, lo, hi),
		RunningMean: bn.RunningMean.Window(lo, hi), RunningVar: bn.RunningVar.Window(lo, hi),
		Eps: bn.Eps, Momentum: bn.Momentum, whole: bn, lo: lo,
	}
	bn.windows = append(bn.windows, w)
	return w
}

// Term is a summand of [BatchNormSum].
type Term struct {
	X  *Var
	BN *BatchNorm // nil: the term is X itself
}

// BatchNormSum adds normalised and plain terms of one shape in a single pass:
//
//	y = Σ_k  γ_k ⊙ (x_k − mean_k)/√(var_k + eps_k) + β_k   (or x_k where BN is nil)
//
// which is how the nodes of a search space's cell are made. Where mean and variance come from depends on the tape's
// [Mode]. In the backward pass the node's gradient is read once for all terms, and a term that came from a convolution
// gets its gradient in a form that the convolution completes while it reads it.
func BatchNormSum(tp *Tape, terms ...Term) *Var {
	return BatchNormSumAct(tp, ActIdentity, terms...)
}

// BatchNormSumAct is [BatchNormSum] with an activation behind it, in the same pass.
func BatchNormSumAct(tp *Tape, act Activation, terms ...Term) *Var {
	const name = "autograd.BatchNormSum"
	if len(terms) == 0 {
		panic(tensor.ShapeError{Op: name, Got: "no terms", Want: "at least one"})
	}
	act = tp.evaluated(act)
	for i, t := range terms {
		if !tp.has(t.X) {
			tp.refuse(name, i, len(terms), t.X)
		}
		if t.BN != nil {
			checkParams(name, t.BN.Gamma, t.BN.Beta)
		}
	}
	shape := terms[0].X.Value
	needs := false
	for _, t := range terms {
		if !t.X.Value.SameShape(shape) {
			panic(tensor.ShapeError{Op: name, Got: shapeOf(t.X), Want: fmt.Sprint(shape.Shape())})
		}
		if t.BN != nil && t.BN.Gamma.Value.Len() != shape.Cols() {
			panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("batch norm of %d channels", t.BN.Gamma.Value.Len()),
				Want: fmt.Sprintf("%d", shape.Cols())})
		}
		needs = needs || tp.trains(t.X) || t.BN != nil && tp.trains(nil, t.BN.Gamma, t.BN.Beta)
	}
	o := sums.get(tp)
	o.terms = resizeKeep(o.terms, len(terms))
	y := tp.outputLike(needs, shape)
	rows, c := shape.Rows(), shape.Cols()
	tp.terms = tp.terms[:0]
	for i, t := range terms {
		s := &o.terms[i]
		s.x, s.bn = t.X, t.BN
		nt := norm.Term{X: t.X.Value.Data, LD: t.X.Value.LD()}
		if t.BN != nil {
			s.grow(c)
			s.normalise(tp, rows)
			nt.Scale, nt.Shift = s.a, s.b
		}
		tp.terms = append(tp.terms, nt)
	}
	norm.ApplySumAct(y.Value.Data, rows, c, y.Value.LD(), tp.terms, act)
	if act != ActIdentity {
		tp.activated(y.Value, 1)
	}
	o.y[0], o.act = y, act
	if needs {
		tp.record(o)
	}
	return y
}

// BatchNorm2D normalises x by itself: [BatchNormSum] of one term.
func BatchNorm2D(tp *Tape, x *Var, bn *BatchNorm) *Var { return BatchNormSum(tp, Term{x, bn}) }

// batchStatistics says whether batch norms want the statistics of the batch at hand.
func (tp *Tape) batchStatistics() bool {
	return tp.mode != Inference && tp.mode != PopulationStatistics
}

// frozen reports whether the batch norm keeps its running statistics.
func (bn *BatchNorm) frozen() bool {
	for bn.whole != nil {
		bn = bn.whole
	}
	return bn.Frozen
}

// fixed says whether the batch at hand does not move the statistics of a batch norm, which then have no gradient.
func (tp *Tape) fixed(bn *BatchNorm) bool {
	return !tp.batchStatistics() || tp.mode == Training && bn.frozen()
}

// statistics finds the mean and the biased variance to normalise rows of x with, and keeps the books of the mode.
func (bn *BatchNorm) statistics(tp *Tape, x *Var, rows int, mean, variance []float64) {
	c := len(mean)
	switch {
	case tp.mode == Inference || tp.mode == Training && bn.frozen():
		for i := range c {
			mean[i], variance[i] = float64(bn.RunningMean.Data[i]), float64(bn.RunningVar.Data[i])
		}
		return
	case tp.mode == PopulationStatistics:
		if bn.collection != tp.collection || bn.rows == 0 {
			panic(tensor.ShapeError{Op: "autograd.BatchNormSum", Got: "a batch norm that CollectStatistics has not reached",
				Want: "its statistics, in the mode PopulationStatistics"})
		}
		for i := range c {
			mean[i], variance[i] = bn.sumMean[i]/bn.rows, bn.sumVar[i]/bn.rows
		}
		return
	}
	if !x.hasSums {
		x.growSums(c)
		norm.Stats(x.Value.Data, rows, c, x.Value.LD(), x.sum, x.sumsq)
	}
	norm.Moments(x.sum, x.sumsq, rows, mean, variance)
	switch tp.mode {
	case Training:
		unbiased := float64(rows) / float64(max(rows-1, 1))
		m := bn.Momentum
		for i := range c {
			rm, rv := &bn.RunningMean.Data[i], &bn.RunningVar.Data[i]
			*rm = float32((1-m)*float64(*rm) + m*mean[i])
			*rv = float32((1-m)*float64(*rv) + m*variance[i]*unbiased)
		}
	case CollectStatistics:
		if bn.collection != tp.collection {
			bn.collection, bn.rows = tp.collection, 0
			bn.sumMean, bn.sumVar = resize(bn.sumMean, c), resize(bn.sumVar, c)
			clear(bn.sumMean)
			clear(bn.sumVar)
		}
		for i := range c {
			bn.sumMean[i] += float64(rows) * mean[i]
			bn.sumVar[i] += float64(rows) * variance[i]
		}
		bn.rows += float64(rows)
	}
}

// PopulationStatistics returns the mean and the biased variance of each channel that [CollectStatistics] has collected on the tape, those
// that the mode [PopulationStatistics] normalises with; nil if it has not reached this batch norm.
func (bn *BatchNorm) PopulationStatistics(tp *Tape) (mean, variance []float64) {
	if bn.collection != tp.collection || bn.rows == 0 {
		return nil, nil
	}
	for i := range bn.sumMean {
		mean, variance = append(mean, bn.sumMean[i]/bn.rows), append(variance, bn.sumVar[i]/bn.rows)
	}
	return mean, variance
}

// sumTerm is one term of a recorded sum.
type sumTerm struct {
	x              *Var
	bn             *BatchNorm
	running        bool // the batch does not move the statistics: they have no gradient
	mean, variance []float64
	a, b, c        []float32 // scale and shift forward; the coefficients of the lazy gradient backward
	sumGX          []float64
}

func (s *sumTerm) grow(c int) {
	s.mean, s.variance, s.sumGX = resize(s.mean, c), resize(s.variance, c), resize(s.sumGX, c)
	s.a, s.b, s.c = resize(s.a, c), resize(s.b, c), resize(s.c, c)
}

type sumOp struct {
	y     [1]*Var
	act   Activation
	terms []sumTerm
	sumG  []float64
	sumGX [][]float64
}

var sums = newSlab[sumOp]()

func (o *sumOp) outputs() []*Var { return o.y[:] }

func (o *sumOp) release(*Tape) {
	for i := range o.terms {
		o.terms[i].x, o.terms[i].bn = nil, nil
	}
}

func (o *sumOp) backward(tp *Tape) {
	y := o.y[0]
	g := tp.gradOf(y)
	if g == nil {
		return
	}
	rows, c := y.Value.Rows(), y.Value.Cols()
	o.sumG, o.sumGX, tp.terms = resize(o.sumG, c), o.sumGX[:0], tp.terms[:0]
	for i := range o.terms {
		if s := &o.terms[i]; s.bn != nil {
			o.sumGX = append(o.sumGX, s.sumGX)
			tp.terms = append(tp.terms, norm.Term{X: s.x.Value.Data, LD: s.x.Value.LD()})
		}
	}
	switch {
	case o.act != ActIdentity:
		g = tp.gate(y, o)
	case len(tp.terms) > 0:
		norm.GradSums(g.data, rows, c, g.ld, tp.terms, o.sumG, o.sumGX)
	}
	for i := range o.terms {
		s := &o.terms[i]
		if s.bn == nil {
			if s.x.needs {
				tp.contributeShared(s.x, g)
			}
			continue
		}
		s.backward(tp, g, o.sumG)
	}
}

// gate passes the gradient of y, that of o, back through the activation that made it, makes the result the gradient of y, and finds
// its sums with tp.terms.
func (tp *Tape) gate(y *Var, o *sumOp) *buffer {
	g := y.grad
	to := g
	if g.refs > 1 {
		to = tp.gradient(y)
	}
	v := y.Value
	norm.GradSumsAct(to.data, to.ld, g.data, v.Rows(), v.Cols(), g.ld, v.Data, v.LD(), o.act, tp.terms, o.sumG, o.sumGX)
	if to != g {
		tp.unref(g)
		y.grad = to
	}
	return to
}
