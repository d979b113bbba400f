//go:build !purego

package vec

var arithmeticNEON = arithmetic{
	sub: subNEON, div: divNEON, max: maxNEON, min: minNEON, sqrt: sqrtNEON, abs: absNEON, shift: shiftNEON,
	leaky: leakyNEON, above: aboveNEON, below: belowNEON,
	log: logNEON, normCDF: normCDFNEON,
}

//go:noescape
func subNEON(dst, a, b []float32, s float32)

//go:noescape
func divNEON(dst, a, b []float32, s float32)

//go:noescape
func maxNEON(dst, a, b []float32, s float32)

//go:noescape
func minNEON(dst, a, b []float32, s float32)

//go:noescape
func sqrtNEON(dst, a, b []float32, s float32)

//go:noescape
func absNEON(dst, a, b []float32, s float32)

//go:noescape
func shiftNEON(dst, a, b []float32, s float32)

//go:noescape
func leakyNEON(dst, a, b []float32, s float32)

//go:noescape
func aboveNEON(dst, a, b []float32, s float32)

//go:noescape
func belowNEON(dst, a, b []float32, s float32)

//go:noescape
func logNEON(dst, a, b []float32, s float32)

//go:noescape
func normCDFNEON(dst, a, b []float32, s float32)
