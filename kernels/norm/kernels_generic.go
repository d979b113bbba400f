package norm

var generic = kernels{
	stats: statsGeneric, gradSums: gradSumsGeneric, scale: scaleGeneric, affine: affineGeneric,
	rowSums: rowSumsGeneric, rowScale: rowScaleGeneric, rowDots: rowDotsGeneric, rowGrad: rowGradGeneric,
}

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

func gradSumsGeneric(g []float32, ldg int, x []float32, ldx int, rows int, sum, dot []float32) {
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

func rowDotsGeneric(g, x, scale []float32, a, b float32) (sum, dot float64) {
	for j, v := range g {
		v := float64(scale[j]) * float64(v)
		sum += v
		dot += v * float64(a*x[j]+b)
	}
	return sum, dot
}

func rowGradGeneric(dst, g, x, scale, sumG, sumGH []float32, a, b, p, q, r float32, add bool) {
	for j, v := range g {
		h := a*x[j] + b
		sumG[j] += v
		sumGH[j] += v * h
		v := p*(scale[j]*v) + (q*h + r)
		if add {
			v += dst[j]
		}
		dst[j] = v
	}
}
