//go:build !purego

package vec

var arithmeticAVX512 = arithmetic{
	sub: subAVX512, div: divAVX512, max: maxAVX512, min: minAVX512, sqrt: sqrtAVX512, abs: absAVX512, shift: shiftAVX512,
	leaky: leakyAVX512, above: aboveAVX512, below: belowAVX512,
	log: logAVX512, normCDF: normCDFAVX512,
}

var arithmeticAVX2 = arithmetic{
	sub: subAVX2, div: divAVX2, max: maxAVX2, min: minAVX2, sqrt: sqrtAVX2, abs: absAVX2, shift: shiftAVX2,
	leaky: leakyAVX2, above: aboveAVX2, below: belowAVX2,
	log: logAVX2, normCDF: normCDFAVX2,
}

//go:noescape
func subAVX512(dst, a, b []float32, s float32)

//go:noescape
func divAVX512(dst, a, b []float32, s float32)

//go:noescape
func maxAVX512(dst, a, b []float32, s float32)

//go:noescape
func minAVX512(dst, a, b []float32, s float32)

//go:noescape
func sqrtAVX512(dst, a, b []float32, s float32)

//go:noescape
func absAVX512(dst, a, b []float32, s float32)

//go:noescape
func shiftAVX512(dst, a, b []float32, s float32)

//go:noescape
func leakyAVX512(dst, a, b []float32, s float32)

//go:noescape
func aboveAVX512(dst, a, b []float32, s float32)

//go:noescape
func belowAVX512(dst, a, b []float32, s float32)

//go:noescape
func logAVX512(dst, a, b []float32, s float32)

//go:noescape
func normCDFAVX512(dst, a, b []float32, s float32)

//go:noescape
func subAVX2(dst, a, b []float32, s float32)

//go:noescape
func divAVX2(dst, a, b []float32, s float32)

//go:noescape
func maxAVX2(dst, a, b []float32, s float32)

//go:noescape
func minAVX2(dst, a, b []float32, s float32)

//go:noescape
func sqrtAVX2(dst, a, b []float32, s float32)

//go:noescape
func absAVX2(dst, a, b []float32, s float32)

//go:noescape
func shiftAVX2(dst, a, b []float32, s float32)

//go:noescape
func leakyAVX2(dst, a, b []float32, s float32)

//go:noescape
func aboveAVX2(dst, a, b []float32, s float32)

//go:noescape
func belowAVX2(dst, a, b []float32, s float32)

//go:noescape
func logAVX2(dst, a, b []float32, s float32)

//go:noescape
func normCDFAVX2(dst, a, b []float32, s float32)
