package autograd

import (
	"fmt"
	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/kernels/rnn"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Mask draws n factors of a dropout that drops with probability p, 0 ≤ p < 1: zero, or 1/(1−p) (see [rnn.Mask]). One for each
// element of a value is for [Dropout], one for each element of a step for [LockedDropout], one for each sample for [DropPath],
// one for each row of a table for [Embedding]. They lie in memory of the tape, until it is reset, or until the end of the
// [Tape.Block] that they were drawn in if nothing is recorded.
func Mask(tp *Tape, n int, p float64, rng *rand.Rand) []float32 {
	if n < 0 || !(p >= 0 && p < 1) {
		panic(tensor.ShapeError{Op: "autograd.Mask", Got: fmt.Sprintf("%d factors, probability %v", n, p), Want: "0 ≤ p < 1"})
	}
	if rng == nil {
		panic(tensor.ShapeError{Op: "autograd.Mask", Got: "no source of random numbers, but nil",
			Want: "a rand.Rand: rand.New(rand.NewPCG(seed, 0))"})
	}
	// A value that nobody uses: it goes when those around it go.
	v := vars.get(tp)
	v.buf = tp.buffer(n)
	v.Value = tensor.Wrap(v.buf.data, n)
	rnn.Mask(v.buf.data, p, rng)
	return v.buf.data
}

// Dropout multiplies x with a mask, which has as many elements (Srivastava et al. 2014): see [Mask]. The mask must stay as it is
// until Backward has run.
func Dropout(tp *Tape, x *Var, mask []float32) *Var {
	tp.Check("autograd.Dropout", x)
	if len(mask) != x.Value.Len() {
		panic(tensor.ShapeError{Op: "autograd.Dropout", Got: fmt.Sprintf("x %s and a mask of %d", shapeOf(x), len(mask)),
			Want: "a mask with an element for each of x"})
	}
	return dropout(tp, x, mask, 1)
}

// LockedDropout multiplies every step of x, [T][…][C], with the same mask, which has as many elements as a step: the variational
// dropout of recurrent networks (Gal and Ghahramani 2016, arXiv 1512.05287). The mask must stay as it is until Backward has run.
func LockedDropout(tp *Tape, x *Var, mask []float32) *Var {
	tp.Check("autograd.LockedDropout", x)
	if x.Value.Rank() < 2 || len(mask)*x.Value.Dim(0) != x.Value.Len() {
		panic(tensor.ShapeError{Op: "autograd.LockedDropout", Got: fmt.Sprintf("x %s and a mask of %d", shapeOf(x), len(mask)),
			Want: "x [T][…][C] and a mask for a step of it"})
	}
	return dropout(tp, x, mask, x.Value.Dim(0))
}

func dropout(tp *Tape, x *Var, mask []float32, steps int) *Var {
	needs := tp.recording(x)
	y := tp.outputLike(needs, x.Value)
	applyMask(y.Value.Data, y.Value.LD(), x.Value.Data, x.Value.LD(), x.Value.Rows(), x.Value.Cols(), mask, steps, false)
	if needs {
		o := dropouts.get(tp)
		o.x, o.y[0], o.mask, o.steps = x, y, mask, steps
		tp.record(o)
	}
	return y
}

// applyMask multiplies each of so many steps of a, rows × cols together, with the mask.
func applyMask(dst []float32, ldd int, a []float32, lda, rows, cols int, mask []float32, steps int, add bool) {
	if rows*cols == 0 {
		return
	}
	rows /= steps
	if ldd == cols && lda == cols { // a step is one long row
		vec.MulRow(dst, len(mask), a, len(mask), mask, steps, add)
		return
	}
	for i := range steps {
		vec.MulRows(dst[i*rows*ldd:], ldd, a[i*rows*lda:], lda, mask, cols, rows, cols, add)
	}
}

type dropoutOp struct {
	x     *Var
	y     [1]*Var
	mask  []float32
	steps int
}

var dropouts = newSlab[dropoutOp]()

func (o *dropoutOp) outputs() []*Var { return o.y[:] }
func (o *dropoutOp) release(*Tape)   { o.x, o.mask = nil, nil }

func (o *dropoutOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	applyMask(dx.data, dx.ld, g.data, g.ld, o.x.Value.Rows(), o.x.Value.Cols(), o.mask, o.steps, add)
}

// DropPath multiplies each sample of x, [N][…][C], with its factor, zero or one over the probability to be kept: see
// [DropPathSum] and [Mask].
func DropPath(tp *Tape, x *Var, mask []float32) *Var {
	tp.pathTerm, tp.pathMask = [1]*Var{x}, [1][]float32{mask}
	return DropPathSum(tp, tp.pathTerm[:], tp.pathMask[:])
}

// DropPathSum adds terms of one shape, [N][…][C], after drop path (Larsson, Maire and Shakhnarovich 2017, arXiv 1605.07648) with
// a decision for each sample:
//
//	y[n, …] = Σ_k masks[k][n] · xs[k][n, …]
//
// for masks of N factors, zero or one over the probability to be kept ([Mask]); a nil mask stands for ones. All of it is one
// pass, and a sample that is dropped is not read. The masks must stay as they are until Backward has run.
func DropPathSum(tp *Tape, xs []*Var, masks [][]float32) *Var {
	const name = "autograd.DropPathSum"
	tp.Check(name, xs...)
	if len(xs) == 0 || len(masks) != len(xs) || xs[0].Value.Rank() < 2 {
		panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("%d terms and %d masks", len(xs), len(masks)),
			Want: "terms of shape [N][…][C], and as many masks"})
	}
	shape := xs[0].Value
	n, needs := shape.Dim(0), false
	for k, x := range xs {
		sameShape(name, xs[0], x)
		if m := masks[k]; m != nil && len(m) != n {
			panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("a mask of %d for term %d", len(m), k),
				Want: fmt.Sprintf("a factor for each of %d samples", n)})
		}
		needs = needs || tp.recording(x)
	}
	y := tp.outputLike(needs, shape)
	o := dropPaths.get(tp)
	o.terms = o.terms[:0]
	for k, x := range xs {
		o.terms = append(o.terms, vec.Weighted{X: x.Value.Data, LD: x.Value.LD(), Factor: masks[k]})
	}
	vec.WeightedSum(y.Value.Data, y.Value.LD(), n, shape.Rows()/max(n, 1), shape.Cols(), o.terms, false)
	if !needs {
		clear(o.terms)
		return y
	}
	o.xs, o.y[0] = append(o.xs[:0], xs...), y
	tp.record(o)
	return y
}

type dropPathOp struct {
	xs    []*Var
	y     [1]*Var
	terms []vec.Weighted // of the sum; backward, the first is that of a gradient
}

var dropPaths = newSlab[dropPathOp]()

func (o *dropPathOp) outputs() []*Var { return o.y[:] }

func (o *dropPathOp) release(*Tape) {
	clear(o.xs)
	clear(o.terms)
}

func (o *dropPathOp) backward(tp *Tape) {
	y := o.y[0]
	g := tp.gradOf(y)
	if g == nil {
		return
	}
	n, rows, cols := y.Value.Dim(0), y.Value.Rows(), y.Value.Cols()
	for k, x := range o.xs {
		mask := o.terms[k].Factor
		switch {
		case !x.needs:
		case mask == nil:
			tp.contributeShared(x, g)
		default:
			dx, add := tp.contribute(x)
			o.terms[0] = vec.Weighted{X: g.data, LD: g.ld, Factor: mask}
			vec.WeightedSum(dx.data, dx.ld, n, rows/max(n, 1), cols, o.terms[:1], add)
		}
	}
}
