package pool

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Resize makes images of H×W pixels of images of any size. Its rule says of which pixels each is a weighted sum, in both directions alike.
type Resize struct {
	H, W int
	By   Rule
}

// Rule is how the pixels of a [Resize] depend on those of the operand, of which there are in, along one axis.
type Rule int

const (
	// Bilinear interpolates between the two pixels around (i+½)·in/out − ½, or at pixel 0 if that is less: the borders of the images stay
	// where they are. There is no filter where images shrink. (nn.Upsample(mode="bilinear") of PyTorch.)
	Bilinear Rule = iota
	// BilinearCorners interpolates at i·(in−1)/(out−1): the pixels at the corners stay where they are (align_corners=True).
	BilinearCorners
	// Mean averages pixels ⌊i·in/out⌋ to ⌈(i+1)·in/out⌉−1: windows that may differ in size by one and overlap (nn.AdaptiveAvgPool2d).
	Mean
)

// Forward writes dst, N·H·W rows of C floats that lie ldDst apart, of src, images of shape s whose rows lie ldSrc apart. With accumulate it
// is added to dst.
func (z Resize) Forward(dst []float32, ldDst int, src []float32, ldSrc int, s Shape, accumulate bool) {
	t := z.task("pool.Resize.Forward", dst, ldDst, src, ldSrc, s)
	defer tasks.Put(t)
	t.vertical.resized(z.By, s.H, z.H)
	t.horizontal.resized(z.By, s.W, z.W)
	t.run((*task).separable, s.N, s.C, operand{dst, ldDst, z.H, z.W}, operand{src, ldSrc, s.H, s.W}, accumulate)
}

// Backward computes the gradient dSrc of the input, images of shape s whose rows lie ldSrc apart, from the gradient dDst of the output,
// N·H·W rows of C floats that lie ldDst apart. With accumulate it is added to dSrc.
func (z Resize) Backward(dSrc []float32, ldSrc int, dDst []float32, ldDst int, s Shape, accumulate bool) {
	t := z.task("pool.Resize.Backward", dDst, ldDst, dSrc, ldSrc, s)
	defer tasks.Put(t)
	t.vertical.resizedBackward(z.By, s.H, z.H)
	t.horizontal.resizedBackward(z.By, s.W, z.W)
	t.run((*task).separable, s.N, s.C, operand{dSrc, ldSrc, s.H, s.W}, operand{dDst, ldDst, z.H, z.W}, accumulate)
}

func (z Resize) task(op string, result []float32, ldResult int, input []float32, ldInput int, s Shape) *task {
	if z.H < 1 || z.W < 1 || s.H < 1 || s.W < 1 || z.By < Bilinear || z.By > Mean {
		fault.Shape(op, fmt.Sprintf("%+v of images of %d×%d", z, s.H, s.W), "a pixel in both, and a rule")
	}
	fault.CheckRows(op, "result", len(result), s.N*z.H*z.W, s.C, ldResult)
	fault.CheckRows(op, "input", len(input), s.N*s.H*s.W, s.C, ldInput)
	return tasks.Get()
}

// terms appends to w the weights of the terms of result row o of out, and returns which of the in operand rows the first of them is.
// Neither the first nor the last term falls from a row to the next. Positions are fractions of integers, so that rows which lie alike
// have the same weights to the bit.
func (by Rule) terms(w []float32, o, in, out int) (first int, _ []float32) {
	if by == Mean {
		first = o * in / out
		end := ((o+1)*in + out - 1) / out
		for range end - first {
			w = append(w, 1/float32(end-first))
		}
		return first, w
	}
	num, den := max((2*o+1)*in-out, 0), 2*out // of the position
	if by == BilinearCorners {
		num, den = o*(in-1), max(out-1, 1)
	}
	first, rest := num/den, num%den
	if rest == 0 || first >= in-1 {
		return min(first, in-1), append(w, 1)
	}
	f := float32(rest) / float32(den)
	return first, append(w, 1-f, f)
}

// resized lists how out result rows are sums over in operand rows. If out is a multiple of in, rows that are so far apart lie alike.
func (rs *runs) resized(by Rule, in, out int) {
	rs.reset()
	step, advance := multiple(out, in), multiple(in, out)
	for phase := range step {
		for o := phase; o < out; o += step {
			mark := len(rs.weights)
			var first int
			first, rs.weights = by.terms(rs.weights, o, in, out)
			rs.add(run{row: o, step: step, first: first, advance: advance}, len(rs.weights)-mark)
		}
	}
}

// resizedBackward lists how the gradients of in operand rows are sums over those of the out result rows that they are terms of.
func (rs *runs) resizedBackward(by Rule, in, out int) {
	rs.reset()
	step, advance := multiple(in, out), multiple(out, in)
	for phase := range step {
		lo := 0 // results before this one have no terms from here on
		for i := phase; i < in; i += step {
			mark, first := len(rs.weights), 0
			for o := lo; o < out; o++ {
				begin := len(rs.weights)
				term, w := by.terms(rs.weights, o, in, out)
				rs.weights = w[:begin]
				if term > i {
					break
				}
				if i >= term+len(w)-begin {
					lo = o + 1
					continue
				}
				if begin == mark {
					first = o
				}
				rs.weights = append(rs.weights, w[begin+i-term])
			}
			rs.add(run{row: i, step: step, first: first, advance: advance}, len(rs.weights)-mark)
		}
	}
}

// multiple is n/m if that is an integer, else 1.
func multiple(n, m int) int {
	if n%m == 0 {
		return n / m
	}
	return 1
}
