package norm

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Fold is a normalisation, with the activation behind it, that is left to the convolution that reads its result: act(Scale⊙x + Shift) is
// evaluated on the rows that it is about to multiply, while they are in cache, and the normalised tensor is never written. Scale and Shift
// are those of [Coefficients].
//
// It is the mirror of a gradient that stays a⊙g + b⊙x + c. In the backward pass the convolution evaluates it again, and passes on the
// gradient g of Scale⊙x + Shift together with the sums that [BackwardCoefficients] wants.
type Fold struct {
	Scale, Shift []float32
	Act          activation.Func

	// SumG and SumGX receive, in the backward pass of the convolution, Σg and Σg·x of every channel.
	SumG, SumGX []float64
}

// Check panics unless the fold is one of c channels, and, if sums is set, has room for its sums.
func (f *Fold) Check(op string, c int, sums bool) {
	needChannels(op, "scale or shift of the folded normalisation", c, f.Scale, f.Shift)
	if !f.Act.Clamps() {
		fault.Shape(op, fmt.Sprintf("activation %d", f.Act), "Identity, ReLU or ReLU6")
	}
	if sums {
		needChannels(op, "sums of the folded normalisation", c, f.SumG, f.SumGX)
	}
}

// Rows computes y = act(Scale⊙x + Shift) over rows × len(Scale) values in the calling goroutine.
func (f *Fold) Rows(y []float32, ldy int, x []float32, ldx int, rows int) {
	c := len(f.Scale)
	step := max(1, blockFloats/c)
	lo, hi := f.Act.Bounds()
	for r := 0; r < rows; r += step {
		n, dst := min(step, rows-r), y[r*ldy:]
		if active.scaleClamp != nil {
			active.scaleClamp(dst, ldy, x[r*ldx:], ldx, n, f.Scale, f.Shift[:c], lo, hi)
			continue
		}
		active.scale(dst, ldy, x[r*ldx:], ldx, n, f.Scale, f.Shift[:c], false)
		activate(dst, ldy, n, c, f.Act)
	}
}

// Gradient makes, in the calling goroutine, of the gradient g of rows × len(Scale) values y, which [Fold.Rows] has made of x, that of
// Scale⊙x + Shift, in place, and adds Σg and Σg·x of every channel to sum and dot.
func (f *Fold) Gradient(g []float32, ldg int, y []float32, ldy int, x []float32, ldx int, rows int, sum, dot []float32) {
	c := len(f.Scale)
	backward := vec.LocalReLUBackward
	if f.Act == activation.ReLU6 {
		backward = vec.LocalReLU6Backward
	}
	step := max(4, blockFloats/c)
	through, gate := active.gradSumsThrough, gate{act: f.Act}
	if f.Act == activation.Identity || c%8 != 0 {
		through = nil
	}
	for r := 0; r < rows; r += step {
		n, g := min(step, rows-r), g[r*ldg:]
		if through != nil {
			through(g, ldg, x[r*ldx:], ldx, y[r*ldy:], ldy, n, sum[:c], dot[:c], gate.hi())
			continue
		}
		switch y := y[r*ldy:]; {
		case f.Act == activation.Identity:
		case ldg == c && ldy == c:
			backward(g[:n*c], y[:n*c], g[:n*c], false)
		default:
			for i := range n {
				backward(g[i*ldg:][:c], y[i*ldy:][:c], g[i*ldg:][:c], false)
			}
		}
		active.gradSums(g, ldg, x[r*ldx:], ldx, n, sum, dot)
	}
}
