package elementwise

import "math"

// power computes y = x^p in float64, in a quarter of the time of math.Pow, which is exact to what a float64 can tell, not, as this, a
// float32: 2^t with t = p·log2 x for positive normal x, where t and p are moderate; math.Pow knows the rules elsewhere. Results are off by
// less than 2^−30 before they are rounded.
func power(y, x []float32, p float64) {
	moderate := math.Abs(p) < 1<<10
	for i, v := range x {
		// Neither zero, below, subnormal, infinite nor NaN.
		if bits := math.Float32bits(v); moderate && bits-minNormal < infinite-minNormal {
			if t := p * log2(bits); math.Abs(t) < 1000 {
				y[i] = float32(exp2(t))
				continue
			}
		}
		y[i] = float32(math.Pow(float64(v), p))
	}
}

const (
	minNormal = 0x00800000 // the bits of the smallest normal float32
	infinite  = 0x7F800000
	rootHalf  = 0x3F3504F3 // of √(1/2)
)

// log2 is the binary logarithm of a positive normal number of the given bits, with a relative error of 2^−44: with x = m·2^e and
// √(1/2) ≤ m < √2 it is e + 2·atanh(s)/ln 2, where s = (m − 1)/(m + 1) is at most 0.172.
func log2(bits uint32) float64 {
	e := int32(bits-rootHalf) >> 23
	m := float64(math.Float32frombits(bits - uint32(e)<<23))
	s := (m - 1) / (m + 1)
	z := s * s
	w := z * z
	odd := 1./3 + w*(1./7+w*(1./11+w*(1./15)))
	even := 1./5 + w*(1./9+w*(1./13+w*(1./17)))
	return float64(e) + s*(2/math.Ln2)*(1+z*(odd+z*even))
}

// exp2 is 2^t for |t| ≤ 1000, with a relative error of 2^−31: the Taylor series of the fraction, which is at most 1/2.
func exp2(t float64) float64 {
	const toInteger = 3 << 51 // added, it leaves no bits for a fraction
	shifted := t + toInteger
	n := shifted - toInteger
	f := (t - n) * math.Ln2
	g := f * f
	h := g * g
	low := 1 + f + g*(1./2+f*(1./6))
	high := 1./24 + f*(1./120) + g*(1./720+f*(1./5040)) + h*(1./40320)
	return (low + h*high) * math.Float64frombits(uint64(int64(n)+1023)<<52)
}
