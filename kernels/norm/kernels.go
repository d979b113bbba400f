package norm

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// kernels are the inner loops, over rows × c values with leading dimensions, in one goroutine. c is the length of the
// coefficient slices. Per channel they run down the rows; the assembly keeps four interleaved float32 partial sums (row
// modulo 4), added as (0+1)+(2+3).
type kernels struct {
	// stats: sum += Σx, sumsq += Σx².
	stats func(x []float32, rows, ld int, sum, sumsq []float32)
	// gradSums: sum += Σ g, dot += Σ g·x.
	gradSums func(g []float32, ldg int, x []float32, ldx int, rows int, sum, dot []float32)
	// gradSumsGate and affineGate are gradSums and affine for the gradient behind an activation with output y: zero stands for g where not
	// 0 < y < hi; a NaN is no bound. affineGate stores (mode 0), adds to dst (1), or stores past the caches, whole lines only (2). May be
	// nil, both.
	gradSumsGate func(g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, sum, dot []float32, hi float32)
	affineGate   func(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, a, b,
		c []float32, hi float32, mode int)
	// gradSumsThrough is gradSumsGate that leaves in g what goes through the gate, for channels that are a multiple of 8. May be nil.
	gradSumsThrough func(g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, sum, dot []float32, hi float32)
	// scale: dst = [add: dst +] scale⊙x + shift.
	scale func(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, add bool)
	// scaleClamp and scaleTwo, which may be nil, both, or stand for scale: dst = min(max(scale⊙x + shift, lo), hi), and
	// dst = min(max([add: dst +] (scale⊙x + shift) + (scaleZ⊙z + shiftZ), lo), hi), summed from left to right. A NaN stays one.
	scaleClamp func(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, lo, hi float32)
	scaleTwo   func(dst []float32, ldd int, x []float32, ldx int, z []float32, ldz int, rows int, scale, shift, scaleZ, shiftZ []float32,
		add bool, lo, hi float32)
	// affine: dst = [add: dst +] a⊙g + (b⊙x + c).
	affine func(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32, add bool)

	// Those of a layer norm, for a single row.
	// rowSums: Σx and Σx².
	rowSums func(x []float32) (sum, sumsq float64)
	// rowScale: dst = scale⊙(a·x + b) + shift.
	rowScale func(dst, x, scale, shift []float32, a, b float32)
	// rowDots: Σ scale⊙g and Σ scale⊙g⊙h for h = a·x + b.
	rowDots func(g, x, scale []float32, a, b float32) (sum, dot float64)
	// rowGrad: with the same h, sumG += g, sumGH += g⊙h and dst = [add: dst +] p·scale⊙g + (q·h + r).
	rowGrad func(dst, g, x, scale, sumG, sumGH []float32, a, b, p, q, r float32, add bool)

	// The same for results that had better not go through the caches, in whole cache lines; nil: there are none.
	// scaleNonTemporal: dst = min(max(scale⊙x + shift, lo), hi); a NaN stays one.
	scaleNonTemporal func(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, lo, hi float32)
	// affineNonTemporal: dst = a⊙g + (b⊙x + c).
	affineNonTemporal func(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32)
}

var active = kernelsFor(cpu.Selected())
