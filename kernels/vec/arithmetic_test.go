package vec

import (
	"math"
	"testing"
)

// arithmeticOperations are those of arithmetic.go, for the tests of all others.
var arithmeticOperations = []operation{
	{"LocalSub", LocalSub, func(_, a, b float64) float64 { return a - b }},
	{"LocalDiv", LocalDiv, func(_, a, b float64) float64 { return float64(float32(a) / float32(b)) }},
	{"LocalMax", LocalMax, func(_, a, b float64) float64 {
		if b > a || math.IsNaN(b) {
			return b
		}
		return a
	}},
	{"LocalMin", LocalMin, func(_, a, b float64) float64 {
		if b < a || math.IsNaN(b) {
			return b
		}
		return a
	}},
	{"LocalSqrt", func(dst, a, _ []float32) { LocalSqrt(dst, a) }, func(_, a, _ float64) float64 { return math.Sqrt(a) }},
	{"LocalAbs", func(dst, a, _ []float32) { LocalAbs(dst, a) }, func(_, a, _ float64) float64 { return math.Abs(a) }},
	{"LocalAddScalar", func(dst, a, _ []float32) { LocalAddScalar(dst, a, -1.9) }, func(_, a, _ float64) float64 { return a + float64(float32(-1.9)) }},
	{"LocalLeaky", func(dst, a, b []float32) { LocalLeaky(dst, a, b, 0.3) }, func(_, a, b float64) float64 {
		if a > 0 {
			return b
		}
		return float64(float32(0.3)) * b
	}},
	{"LocalAbove", func(dst, a, b []float32) { LocalAbove(dst, a, b, -1) }, func(_, a, b float64) float64 {
		if a > -1 {
			return b
		}
		return 0
	}},
	{"LocalBelow", func(dst, a, b []float32) { LocalBelow(dst, a, b, 1) }, func(_, a, b float64) float64 {
		if a < 1 {
			return b
		}
		return 0
	}},
}

func normCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// The logarithm knows what has none.
func TestLogLimits(t *testing.T) {
	inf := float32(math.Inf(1))
	eachISA(t, func(t *testing.T) {
		x := []float32{0, float32(math.Copysign(0, -1)), inf, -inf, -1, -math.SmallestNonzeroFloat32, float32(math.NaN()), 1}
		LocalLog(x, x)
		for i, want := range []float32{-inf, -inf, inf, float32(math.NaN()), float32(math.NaN()), float32(math.NaN()), float32(math.NaN()), 0} {
			if !same(x[i], want) {
				t.Errorf("element %d: %v, want %v", i, x[i], want)
			}
		}
	})
}
