package vec

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// The functions of this file are for pieces of a tensor, which a parallel.Task has at hand (see package elementwise): there are no others
// that share the work.

// LocalSub computes dst[i] = a[i] - b[i].
func LocalSub(dst, a, b []float32) {
	checkLengths("vec.LocalSub", len(dst), len(a), len(b))
	local(active.sub, dst, a, b, 0)
}

// LocalDiv computes dst[i] = a[i] / b[i].
func LocalDiv(dst, a, b []float32) {
	checkLengths("vec.LocalDiv", len(dst), len(a), len(b))
	local(active.div, dst, a, b, 0)
}

// LocalMax computes dst[i] = b[i] if b[i] > a[i], a[i] otherwise, and NaN where either is.
func LocalMax(dst, a, b []float32) {
	checkLengths("vec.LocalMax", len(dst), len(a), len(b))
	local(active.max, dst, a, b, 0)
}

// LocalMin computes dst[i] = b[i] if b[i] < a[i], a[i] otherwise, and NaN where either is.
func LocalMin(dst, a, b []float32) {
	checkLengths("vec.LocalMin", len(dst), len(a), len(b))
	local(active.min, dst, a, b, 0)
}

// LocalSqrt computes dst[i] = √a[i].
func LocalSqrt(dst, a []float32) {
	checkLengths("vec.LocalSqrt", len(dst), len(a))
	local(active.sqrt, dst, a, nil, 0)
}

// LocalAbs computes dst[i] = |a[i]|.
func LocalAbs(dst, a []float32) {
	checkLengths("vec.LocalAbs", len(dst), len(a))
	local(active.abs, dst, a, nil, 0)
}

// LocalAddScalar computes dst[i] = a[i] + s.
func LocalAddScalar(dst, a []float32, s float32) {
	checkLengths("vec.LocalAddScalar", len(dst), len(a))
	local(active.shift, dst, a, nil, s)
}

// LocalAtLeast computes dst[i] = s if s > a[i], a[i] otherwise: NaN stays NaN.
func LocalAtLeast(dst, a []float32, s float32) {
	checkLengths("vec.LocalAtLeast", len(dst), len(a))
	local(active.atLeast, dst, a, nil, s)
}

// LocalAtMost computes dst[i] = s if s < a[i], a[i] otherwise: NaN stays NaN.
func LocalAtMost(dst, a []float32, s float32) {
	checkLengths("vec.LocalAtMost", len(dst), len(a))
	local(active.atMost, dst, a, nil, s)
}

// LocalLeaky computes dst[i] = b[i] if a[i] > 0, s * b[i] otherwise (also where a is NaN): a leaky ReLU if b is a, and its gradient.
func LocalLeaky(dst, a, b []float32, s float32) {
	checkLengths("vec.LocalLeaky", len(dst), len(a), len(b))
	local(active.leaky, dst, a, b, s)
}

// LocalAbove computes dst[i] = b[i] if a[i] > s, 0 otherwise (also where a is NaN).
func LocalAbove(dst, a, b []float32, s float32) {
	checkLengths("vec.LocalAbove", len(dst), len(a), len(b))
	local(active.above, dst, a, b, s)
}

// LocalBelow computes dst[i] = b[i] if a[i] < s, 0 otherwise (also where a is NaN).
func LocalBelow(dst, a, b []float32, s float32) {
	checkLengths("vec.LocalBelow", len(dst), len(a), len(b))
	local(active.below, dst, a, b, s)
}

// LocalEqual computes dst[i] = s if a[i] = b[i], 0 otherwise.
func LocalEqual(dst, a, b []float32, s float32) {
	checkLengths("vec.LocalEqual", len(dst), len(a), len(b))
	local(active.equal, dst, a, b, s)
}

// LocalLog computes dst[i] = ln a[i], within 2 ULP: -Inf of zero, NaN of what is below.
func LocalLog(dst, a []float32) {
	checkLengths("vec.LocalLog", len(dst), len(a))
	local(active.log, dst, a, nil, 0)
}

// LocalNormCDF computes the distribution function of the standard normal, dst[i] = (1 + erf(a[i]/√2)) / 2, within 4 ULP where a[i] > -1 and
// with a relative error of 2⁻²²·(1 + a[i]²/4), what comes of rounding the square, below; results under 2⁻¹²⁶ are within 2⁻¹²⁶. NaN
// stays NaN.
func LocalNormCDF(dst, a []float32) {
	checkLengths("vec.LocalNormCDF", len(dst), len(a))
	local(active.normCDF, dst, a, nil, 0)
}

// LocalSiLU computes dst[i] = a[i] / (1 + e^-a[i]), as [Sigmoid].
func LocalSiLU(dst, a []float32) {
	checkLengths("vec.LocalSiLU", len(dst), len(a))
	local(active.silu, dst, a, nil, 0)
}

// LocalSiLUBackward computes dx[i] = dy[i]·g·(1 + x[i]·(1 - g)), with g = 1 / (1 + e^-x[i]).
func LocalSiLUBackward(dx, x, dy []float32) {
	checkLengths("vec.LocalSiLUBackward", len(dx), len(x), len(dy))
	local(active.siluBackward, dx, x, dy, 0)
}

// LocalHardswish computes dst[i] = a[i]·min(max(a[i] + 3, 0), 6)·(1/6).
func LocalHardswish(dst, a []float32) {
	checkLengths("vec.LocalHardswish", len(dst), len(a))
	local(active.hardswish, dst, a, nil, 0)
}

// LocalHardswishBackward computes dx[i] = dy[i]·(x[i]·(1/3) + 1/2), 0 if x[i] ≤ -3 and dy[i] unless x[i] < 3.
func LocalHardswishBackward(dx, x, dy []float32) {
	checkLengths("vec.LocalHardswishBackward", len(dx), len(x), len(dy))
	local(active.hardswishBackward, dx, x, dy, 0)
}

// LocalColSums adds a matrix without gaps between rows, of len(acc) columns, to acc: acc[j] += x[i·len(acc)+j], one row after the other.
func LocalColSums(acc []float64, x []float32) {
	cols := len(acc)
	if cols == 0 || len(x)%cols != 0 {
		fault.Shape("vec.LocalColSums", fmt.Sprintf("%d elements", len(x)), fmt.Sprintf("rows of %d", cols))
	}
	if len(x) == 0 {
		return
	}
	active.colSums(acc, x)
	if whole := cols / 16 * 16; whole < cols {
		for ; len(x) > 0; x = x[cols:] {
			for j := whole; j < cols; j++ {
				acc[j] += float64(x[j])
			}
		}
	}
}
