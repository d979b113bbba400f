package vec

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
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
	{"LocalAddScalar", func(dst, a, _ []float32) { LocalAddScalar(dst, a, -1.9) },
		func(_, a, _ float64) float64 { return a + float64(float32(-1.9)) }},
	{"LocalAtLeast", func(dst, a, _ []float32) { LocalAtLeast(dst, a, 0) }, func(_, a, _ float64) float64 { return relu(a) }},
	{"LocalAtMost", func(dst, a, _ []float32) { LocalAtMost(dst, a, 0.5) }, func(_, a, _ float64) float64 {
		if a > 0.5 {
			return 0.5
		}
		return a
	}},
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
	{"LocalEqual", func(dst, a, b []float32) { LocalEqual(dst, a, b, 0.7) }, func(_, a, b float64) float64 {
		if a == b {
			return float64(float32(0.7))
		}
		return 0
	}},
	{"LocalHardswish", func(dst, a, _ []float32) { LocalHardswish(dst, a) }, func(_, a, _ float64) float64 {
		v := float32(a)
		return float64(float32(float32(relu6(float64(v+3)))*v) * (1. / 6))
	}},
	{"LocalHardswishBackward", func(dst, a, b []float32) { LocalHardswishBackward(dst, a, b) }, func(_, a, b float64) float64 {
		switch v := float32(a); {
		case a <= -3:
			return 0
		case a < 3:
			return float64(float32(b) * (float32(v*(1./3)) + 0.5))
		}
		return b
	}},
	{"LocalBelow", func(dst, a, b []float32) { LocalBelow(dst, a, b, 1) }, func(_, a, b float64) float64 {
		if a < 1 {
			return b
		}
		return 0
	}},
}

func normCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// Columns are summed row by row, whatever the instruction set, and nothing is read beside the matrix.
func TestColSums(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	eachISA(t, func(t *testing.T) {
		for _, c := range []struct{ rows, cols int }{{0, 5}, {1, 1}, {3, 15}, {7, 16}, {5, 17}, {9, 64}, {4, 95}, {1, 1000}} {
			for _, alloc := range guard.Sides {
				x, acc, want := fill(r, alloc(t, c.rows*c.cols), false), make([]float64, c.cols), make([]float64, c.cols)
				for j := range acc {
					acc[j] = float64(j)
					want[j] = acc[j]
					for i := range c.rows {
						want[j] += float64(x[i*c.cols+j])
					}
				}
				LocalColSums(acc, x)
				if !slices.Equal(acc, want) {
					t.Fatalf("%+v: %v, want %v", c, acc, want)
				}
			}
		}
	})
}

// The gradient of SiLU is within some units of the last place of x, from which 1 - g comes.
func TestSiLUBackward(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	eachISA(t, func(t *testing.T) {
		for n := range 70 {
			alloc := guard.Sides[n%2]
			dx, x, dy := alloc(t, n), fill(r, alloc(t, n), false), fill(r, alloc(t, n), false)
			LocalScale(x, 4, x)
			LocalSiLUBackward(dx, x, dy)
			for i, v := range x {
				g := 1 / (1 + math.Exp(-float64(v)))
				want := float64(dy[i]) * g * (1 + float64(v)*(1-g))
				if !(math.Abs(float64(dx[i])-want) <= 0x1p-21*math.Abs(float64(dy[i]))*g*(1+math.Abs(float64(v)))) {
					t.Fatalf("element %d of %d: x %v, dy %v: %v, want %v", i, n, v, dy[i], dx[i], want)
				}
			}
		}
	})
}

// The logarithm knows what has none.
func TestLogLimits(t *testing.T) {
	inf := float32(math.Inf(1))
	eachISA(t, func(t *testing.T) {
		x := []float32{0, float32(math.Copysign(0, -1)), inf, -inf, -1, -math.SmallestNonzeroFloat32, float32(math.NaN()), 1}
		LocalLog(x, x)
		nan := float32(math.NaN())
		for i, want := range []float32{-inf, -inf, inf, nan, nan, nan, nan, 0} {
			if !same(x[i], want) {
				t.Errorf("element %d: %v, want %v", i, x[i], want)
			}
		}
	})
}
