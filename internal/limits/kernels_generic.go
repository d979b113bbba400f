package limits

var sink float32

func fmaGeneric(turns int) {
	var x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11 float32
	s, b := sink, float32(1)
	for range turns {
		x0, x1, x2, x3 = x0*s+b, x1*s+b, x2*s+b, x3*s+b
		x4, x5, x6, x7 = x4*s+b, x5*s+b, x6*s+b, x7*s+b
		x8, x9, x10, x11 = x8*s+b, x9*s+b, x10*s+b, x11*s+b
	}
	sink = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11 - accumulators
}

func triadGeneric(a, b, c []float32, s float32) {
	for i := range a {
		a[i] = b[i] + s*c[i]
	}
}
