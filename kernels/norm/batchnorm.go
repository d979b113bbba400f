package norm

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// BatchNorm is a whole batch norm in training mode, with an activation behind it:
//
//	y = act(γ⊙(x − mean)/√(variance + Eps) + β + others)
//
// For a layer whose sums come from a convolution, or whose gradient goes into one, use the pieces that it is made of.
type BatchNorm struct {
	Gamma, Beta []float32 // nil: ones and zeros
	Eps         float64
	Act         activation.Func

	// Mean and Variance (biased) of the batch, which Forward finds.
	Mean, Variance []float64

	sum, sumsq            []float64
	scale, shift, a, b, c []float32
	terms                 []Term
	sumGX                 [][]float64
}

// Forward normalises rows × c values x, rows ldx floats apart, to y, rows ldy floats apart; others are added before the activation,
// like a residual connection. y may be x if Backward will not be called.
func (n *BatchNorm) Forward(y []float32, ldy int, x []float32, ldx, rows, c int, others ...Term) {
	const op = "norm.BatchNorm.Forward"
	need(op, "input", x, rows, c, ldx)
	n.resize(op, c)
	Stats(x, rows, c, ldx, n.sum, n.sumsq)
	Moments(n.sum, n.sumsq, rows, n.Mean, n.Variance)
	Coefficients(n.Mean, n.Variance, n.Eps, n.Gamma, n.Beta, n.scale, n.shift)
	n.terms = append(append(n.terms[:0], Term{X: x, LD: ldx, Scale: n.scale, Shift: n.shift}), others...)
	applySum(op, y, rows, c, ldy, n.terms, n.Act)
	clear(n.terms)
}

// Backward computes the gradients of x and of γ and β from g, that of y, with y and x as Forward left them. dx, rows lddx floats apart, is
// added to if add is set, and so are dgamma and dbeta, which may be nil.
func (n *BatchNorm) Backward(dx []float32, lddx int, g []float32, ldg int, y []float32, ldy int, x []float32, ldx, rows, c int, dgamma,
	dbeta []float32, add bool) {
	const op = "norm.BatchNorm.Backward"
	n.resize(op, c)
	gate := gate{act: n.Act}
	if n.Act != activation.Identity {
		need(op, "output", y, rows, c, ldy)
		gate.y, gate.ld = y, ldy
	}
	need(op, "gradient", g, rows, c, ldg)
	need(op, "input", x, rows, c, ldx)
	need(op, "destination", dx, rows, c, lddx)
	n.terms = append(n.terms[:0], Term{X: x, LD: ldx})
	n.sumGX = append(n.sumGX[:0], n.sumsq)
	runGradSums(&active, g, rows, c, ldg, n.terms, gate, nil, 0, n.sum, n.sumGX)
	BackwardCoefficients(n.sum, n.sumsq, n.Mean, n.Variance, n.Eps, rows, n.Gamma, n.a, n.b, n.c, dgamma, dbeta, add)
	runAffine(&active, dx, lddx, add, g, ldg, x, ldx, rows, c, gate, n.a, n.b, n.c)
	clear(n.terms)
}

func (n *BatchNorm) resize(op string, c int) {
	if (n.Gamma != nil || n.Beta != nil) && (len(n.Gamma) != c || len(n.Beta) != c) {
		fault.Shape(op, fmt.Sprintf("%d values of γ and %d of β", len(n.Gamma), len(n.Beta)), fmt.Sprintf("%d of each, or none", c))
	}
	if len(n.Mean) == c && len(n.scale) == c {
		return
	}
	n.Mean, n.Variance, n.sum, n.sumsq = make([]float64, c), make([]float64, c), make([]float64, c), make([]float64, c)
	n.scale, n.shift = make([]float32, c), make([]float32, c)
	n.a, n.b, n.c = make([]float32, c), make([]float32, c), make([]float32, c)
}

// gate lets a gradient through where the activation had a slope, which its output y tells.
type gate struct {
	y   []float32
	ld  int
	act activation.Func
}

// hi is what the output must be below for the activation to have a slope, NaN if there is no such bound.
func (t *gate) hi() float32 {
	if t.act == activation.ReLU6 {
		return 6
	}
	return float32(math.NaN())
}

// through returns n rows of c gradients from row lo on as the activation passes them back, and their distance: g itself, or a masked
// copy in scratch of w.
func (t *gate) through(w *parallel.Worker, g []float32, ldg, lo, n, c int) ([]float32, int) {
	if t.act == activation.Identity {
		return g[lo*ldg:], ldg
	}
	masked := w.Scratch(n * c)
	t.rows(masked, c, g[lo*ldg:], ldg, lo, n, c)
	return masked, c
}

// rows writes n rows of c gradients from row lo on, of which g is the first, to dst as the activation passes them back.
func (t *gate) rows(dst []float32, ldd int, g []float32, ldg, lo, n, c int) {
	y := t.y[lo*t.ld:]
	if ldd == c && ldg == c && t.ld == c {
		t.act.LocalBackward(dst[:n*c], y[:n*c], g[:n*c], false)
		return
	}
	for r := range n {
		t.act.LocalBackward(dst[r*ldd:][:c], y[r*t.ld:][:c], g[r*ldg:][:c], false)
	}
}

// activate applies an activation to n rows of c values.
func activate(dst []float32, ld, n, c int, act activation.Func) {
	if act == activation.Identity {
		return
	}
	if ld == c {
		act.Local(dst[:n*c], dst[:n*c])
		return
	}
	for r := range n {
		act.Local(dst[r*ld:][:c], dst[r*ld:][:c])
	}
}
