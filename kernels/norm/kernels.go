package norm

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// kernels are the inner loops, over rows × c values with leading dimensions, in one goroutine. c is the length of the
// coefficient slices. Per channel they run down the rows; the assembly keeps four interleaved float32 partial sums (row
// modulo 4), added as (0+1)+(2+3).
type kernels struct {
	// stats: sum += Σx, sumsq += Σx².
	stats func(x []float32, rows, ld int, sum, sumsq []float32)
	// moments: sum += Σ g, dot += Σ g·x.
	moments func(g []float32, ldg int, x []float32, ldx int, rows int, sum, dot []float32)
	// momentsGate and affineGate are moments and affine for the gradient behind an activation with output y: zero stands for g where not
	// 0 < y < hi; a NaN is no bound. affineGate stores (mode 0), adds to dst (1), or stores past the caches, whole lines only (2). May be nil,
	// both.
	momentsGate func(g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, sum, dot []float32, hi float32)
	affineGate  func(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, a, b, c []float32, hi float32, mode int)
	// scale: dst = [add: dst +] scale⊙x + shift.
	scale func(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, add bool)
	// affine: dst = [add: dst +] a⊙g + (b⊙x + c).
	affine func(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32, add bool)

	// Those of a layer norm, for a single row.
	// rowSums: Σx and Σx².
	rowSums func(x []float32) (sum, sumsq float64)
	// rowScale: dst = scale⊙(a·x + b) + shift.
	rowScale func(dst, x, scale, shift []float32, a, b float32)
	// rowDots: Σ scale⊙g and Σ scale⊙g⊙x.
	rowDots func(g, x, scale []float32) (sum, dot float64)
	// rowAffine: dst = [add: dst +] a·scale⊙g + (b·x + c).
	rowAffine func(dst, g, x, scale []float32, a, b, c float32, add bool)

	// The same for results that had better not go through the caches, in whole cache lines; nil: there are none.
	// scalePast: dst = min(max(scale⊙x + shift, lo), hi); a NaN stays one.
	scalePast func(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, lo, hi float32)
	// affinePast: dst = a⊙g + (b⊙x + c).
	affinePast func(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32)
}

var active = kernelsFor(cpu.Selected())

var generic = kernels{stats: statsGeneric, moments: momentsGeneric, scale: scaleGeneric, affine: affineGeneric,
	rowSums: rowSumsGeneric, rowScale: rowScaleGeneric, rowDots: rowDotsGeneric, rowAffine: rowAffineGeneric}

// The portable sums are float64: they are the measure of the others.

func statsGeneric(x []float32, rows, ld int, sum, sumsq []float32) {
	for j := range sum {
		var s, q float64
		for r := range rows {
			v := float64(x[r*ld+j])
			s += v
			q += v * v
		}
		sum[j] += float32(s)
		sumsq[j] += float32(q)
	}
}

func momentsGeneric(g []float32, ldg int, x []float32, ldx int, rows int, sum, dot []float32) {
	for j := range sum {
		var s, d float64
		for r := range rows {
			v := float64(g[r*ldg+j])
			s += v
			d += v * float64(x[r*ldx+j])
		}
		sum[j] += float32(s)
		dot[j] += float32(d)
	}
}

func scaleGeneric(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, add bool) {
	for r := range rows {
		d, x := dst[r*ldd:][:len(scale)], x[r*ldx:]
		for j, s := range scale {
			v := s*x[j] + shift[j]
			if add {
				v += d[j]
			}
			d[j] = v
		}
	}
}

func affineGeneric(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32, add bool) {
	for r := range rows {
		d, g, x := dst[r*ldd:][:len(a)], g[r*ldg:], x[r*ldx:]
		for j := range a {
			v := a[j]*g[j] + (b[j]*x[j] + c[j])
			if add {
				v += d[j]
			}
			d[j] = v
		}
	}
}

func rowSumsGeneric(x []float32) (sum, sumsq float64) {
	for _, v := range x {
		sum += float64(v)
		sumsq += float64(v) * float64(v)
	}
	return sum, sumsq
}

func rowScaleGeneric(dst, x, scale, shift []float32, a, b float32) {
	for j, v := range x {
		dst[j] = scale[j]*(a*v+b) + shift[j]
	}
}

func rowDotsGeneric(g, x, scale []float32) (sum, dot float64) {
	for j, v := range g {
		v := float64(scale[j]) * float64(v)
		sum += v
		dot += v * float64(x[j])
	}
	return sum, dot
}

func rowAffineGeneric(dst, g, x, scale []float32, a, b, c float32, add bool) {
	for j, v := range g {
		v := a*(scale[j]*v) + (b*x[j] + c)
		if add {
			v += dst[j]
		}
		dst[j] = v
	}
}
