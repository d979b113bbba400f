package norm

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// need panics unless s holds rows × c values, at least one to a row, rows ld floats apart.
func need(op, operand string, s []float32, rows, c, ld int) {
	if c < 1 {
		fault.Shape(op, fmt.Sprintf("%d channels", c), "at least one")
	}
	fault.CheckRows(op, operand, len(s), rows, c, ld)
}

// needChannels panics unless each of the vectors has a value for every channel.
func needChannels[T any](op, operand string, c int, vectors ...[]T) {
	for _, v := range vectors {
		fault.CheckLen(op, operand, len(v), c)
	}
}

// Term is one summand of [ApplySum]: rows × c values, rows LD floats apart, with a scale and a shift per channel.
type Term struct {
	X            []float32
	LD           int
	Scale, Shift []float32 // nil Scale: the term is X itself
}

// Stats computes Σx and Σx² of every channel over rows × c values, rows ld floats apart.
func Stats(x []float32, rows, c, ld int, sum, sumsq []float64) {
	const op = "norm.Stats"
	need(op, "input", x, rows, c, ld)
	needChannels(op, "sums", c, sum, sumsq)
	runStats(&active, x, rows, c, ld, sum, sumsq)
}

// AddStats adds Σx and Σx² of every channel over rows × c values to sum and sumsq, in the calling goroutine. It is the
// piece of [Stats] that a convolution runs on an image that it has just written.
func AddStats(x []float32, rows, c, ld int, sum, sumsq []float32) {
	const op = "norm.AddStats"
	need(op, "input", x, rows, c, ld)
	needChannels(op, "sums", c, sum, sumsq)
	step := max(4, blockFloats/c)
	for r := 0; r < rows; r += step {
		active.stats(x[r*ld:], min(step, rows-r), ld, sum[:c], sumsq[:c])
	}
}

// AffineRows computes dst = a⊙g + b⊙x + c0 over rows × len(a) values in the calling goroutine: the piece of [Affine] that
// a convolution runs on the gradients that it packs.
func AffineRows(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c0 []float32) {
	const op = "norm.AffineRows"
	need(op, "destination", dst, rows, len(a), ldd)
	need(op, "gradient", g, rows, len(a), ldg)
	need(op, "input", x, rows, len(a), ldx)
	needChannels(op, "coefficients", len(a), b, c0)
	step := max(4, blockFloats/len(a))
	for r := 0; r < rows; r += step {
		active.affine(dst[r*ldd:], ldd, g[r*ldg:], ldg, x[r*ldx:], ldx, min(step, rows-r), a, b[:len(a)], c0[:len(a)], false)
	}
}

// ApplySum computes dst = Σ_k scale_k ⊙ x_k + shift_k over rows × c values: the output of a node that sums batch-normed
// branches and plain ones, in one pass. dst may be the first of the terms, no other.
func ApplySum(dst []float32, rows, c, ld int, terms []Term) {
	applySum("norm.ApplySum", dst, rows, c, ld, terms, activation.Identity)
}

// ApplySumAct is [ApplySum] with an activation behind it: dst = act(Σ_k scale_k ⊙ x_k + shift_k).
func ApplySumAct(dst []float32, rows, c, ld int, terms []Term, act activation.Func) {
	applySum("norm.ApplySumAct", dst, rows, c, ld, terms, act)
}

func applySum(op string, dst []float32, rows, c, ld int, terms []Term, act activation.Func) {
	need(op, "destination", dst, rows, c, ld)
	if !act.Clamps() {
		fault.Shape(op, fmt.Sprintf("activation %d", act), "Identity, ReLU or ReLU6")
	}
	for _, t := range terms {
		need(op, "term", t.X, rows, c, t.LD)
		if t.Scale != nil {
			needChannels(op, "scale or shift of a term", c, t.Scale, t.Shift)
		}
	}
	runApply(&active, dst, rows, c, ld, terms, act)
}

// GradSums computes what the backward pass of batch norm needs to know about the gradient g of a sum of normed branches:
// sumG = Σ g per channel, and for every branch k, sumGX[k] = Σ g·x_k per channel. Scale and Shift of the terms are not
// looked at.
func GradSums(g []float32, rows, c, ld int, terms []Term, sumG []float64, sumGX [][]float64) {
	gradSumsOf("norm.GradSums", g, rows, c, ld, terms, gate{}, nil, 0, sumG, sumGX)
}

// GradSumsAct is [GradSums] of the gradient that an activation with output y passes back of g, which it writes to dst on the way. dst may
// be g.
func GradSumsAct(dst []float32, ldd int, g []float32, rows, c, ld int, y []float32, ldy int, act activation.Func, terms []Term,
	sumG []float64, sumGX [][]float64) {
	const op = "norm.GradSumsAct"
	need(op, "destination", dst, rows, c, ldd)
	need(op, "output", y, rows, c, ldy)
	if act != activation.ReLU && act != activation.ReLU6 {
		fault.Shape(op, fmt.Sprintf("activation %d", act), "ReLU or ReLU6")
	}
	gradSumsOf(op, g, rows, c, ld, terms, gate{y, ldy, act}, dst, ldd, sumG, sumGX)
}

func gradSumsOf(op string, g []float32, rows, c, ld int, terms []Term, gate gate, dst []float32, ldd int, sumG []float64,
	sumGX [][]float64) {
	need(op, "gradient", g, rows, c, ld)
	for _, t := range terms {
		need(op, "term", t.X, rows, c, t.LD)
	}
	needChannels(op, "sums", c, sumG)
	if len(sumGX) < len(terms) {
		fault.Shape(op, fmt.Sprintf("%d slices for sums", len(sumGX)), fmt.Sprintf("one for each of %d terms", len(terms)))
	}
	needChannels(op, "sums of a term", c, sumGX[:len(terms)]...)
	runGradSums(&active, g, rows, c, ld, terms, gate, dst, ldd, sumG, sumGX)
}

// Affine computes dst = a⊙g + b⊙x + c0 over rows × c values (added to dst if accumulate is set): the gradient that a
// batch norm passes on, with the coefficients of [BackwardCoefficients].
func Affine(dst []float32, ldd int, accumulate bool, g []float32, ldg int, x []float32, ldx int, rows, c int, a, b, c0 []float32) {
	const op = "norm.Affine"
	need(op, "destination", dst, rows, c, ldd)
	need(op, "gradient", g, rows, c, ldg)
	need(op, "input", x, rows, c, ldx)
	needChannels(op, "coefficients", c, a, b, c0)
	runAffine(&active, dst, ldd, accumulate, g, ldg, x, ldx, rows, c, gate{}, a[:c], b[:c], c0[:c])
}

// Moments turns sums over m values into means and biased variances (never negative).
func Moments(sum, sumsq []float64, m int, mean, variance []float64) {
	needChannels("norm.Moments", "sums and moments", len(sum), sumsq, mean, variance)
	for i := range sum {
		mu := sum[i] / float64(m)
		mean[i] = mu
		variance[i] = max(sumsq[i]/float64(m)-mu*mu, 0)
	}
}

// Coefficients returns the normalisation as scale and shift: γ·(x − mean)/√(variance + eps) + β = scale·x + shift.
// Nil gamma and beta stand for ones and zeros.
func Coefficients(mean, variance []float64, eps float64, gamma, beta, scale, shift []float32) {
	const op = "norm.Coefficients"
	needChannels(op, "variance", len(mean), variance)
	needChannels(op, "scale or shift", len(mean), scale, shift)
	if gamma != nil {
		needChannels(op, "gamma or beta", len(mean), gamma, beta)
	}
	for i := range mean {
		ga, be := 1.0, 0.0
		if gamma != nil {
			ga, be = float64(gamma[i]), float64(beta[i])
		}
		s := ga / math.Sqrt(variance[i]+eps)
		scale[i] = float32(s)
		shift[i] = float32(be - s*mean[i])
	}
}

// BackwardCoefficients completes the backward pass of batch norm in training (Ioffe and Szegedy 2015, section 3) from
// the sums of [GradSums] over m rows. With x̂ = (x − mean)/σ, σ = √(variance + eps):
//
//	dβ = Σg,  dγ = Σ g·x̂,  dx = γ/σ · (g − Σg/m − x̂·Σ(g·x̂)/m) = a⊙g + b⊙x + c
//
// dgamma and dbeta may be nil; they are added to if add is set, else overwritten.
func BackwardCoefficients(sumG, sumGX, mean, variance []float64, eps float64, m int, gamma []float32, a, b, c []float32, dgamma,
	dbeta []float32, add bool) {
	const op = "norm.BackwardCoefficients"
	needChannels(op, "sums or variance", len(mean), sumG, sumGX, variance)
	needChannels(op, "coefficients", len(mean), a, b, c)
	if gamma != nil {
		needChannels(op, "gamma", len(mean), gamma)
	}
	if dgamma != nil {
		needChannels(op, "gradient of gamma or beta", len(mean), dgamma, dbeta)
	}
	for i := range mean {
		inv := 1 / math.Sqrt(variance[i]+eps)
		ga := 1.0
		if gamma != nil {
			ga = float64(gamma[i])
		}
		dg := (sumGX[i] - mean[i]*sumG[i]) * inv // Σ g·x̂
		k := ga * inv
		bi := -k * inv * dg / float64(m)
		a[i] = float32(k)
		b[i] = float32(bi)
		c[i] = float32(-k*sumG[i]/float64(m) - bi*mean[i])
		if dgamma != nil {
			if !add {
				dgamma[i], dbeta[i] = 0, 0
			}
			dgamma[i] += float32(dg)
			dbeta[i] += float32(sumG[i])
		}
	}
}
