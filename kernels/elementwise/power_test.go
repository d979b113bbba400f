package elementwise

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Powers of numbers of all sizes are rounded as those of math.Pow or, close to the middle between two numbers, to the other one.
func TestPower(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	x, y := make([]float32, 1<<12), make([]float32, 1<<12)
	for _, p := range []float64{1.7, 0.7, -0.5, -2, 1. / 3, 2.2, 4, 10, -37.5, 1e-3, 150, 1e4, -1e300, math.Inf(1), math.NaN()} {
		for i := range x {
			switch i % 4 {
			case 0:
				x[i] = math.Float32frombits(r.Uint32())
			case 1:
				x[i] = float32(math.Exp2(r.NormFloat64() * 100 / max(math.Abs(p), 1)))
			case 2:
				x[i] = float32(1 + r.NormFloat64()*1e-3)
			default:
				x[i] = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 2, -8, float32(math.Inf(1)), float32(math.Inf(-1)),
					float32(math.NaN()), math.MaxFloat32, math.SmallestNonzeroFloat32, 0x1p-126, 0x1.6A09E6p-1, 0x1.6A09E4p-1}[i/4%14]
			}
		}
		power(y, x, p)
		for i, v := range x {
			exact := math.Pow(float64(v), p)
			want := float32(exact)
			if y[i] == want && math.Signbit(float64(y[i])) == math.Signbit(exact) || exact != exact && y[i] != y[i] {
				continue
			}
			// Half a unit, that of subnormal numbers at least, and a hundredth more.
			unit := float64(math.Nextafter32(float32(math.Abs(exact)), float32(math.Inf(1)))) - math.Abs(float64(want))
			if !(math.Abs(float64(y[i])-exact) <= 0.51*unit) {
				t.Fatalf("%v to the power of %v is %v, want %v", v, p, y[i], exact)
			}
		}
	}
}

func BenchmarkPower(b *testing.B) {
	x, y := make([]float32, 1<<16), make([]float32, 1<<16)
	for i := range x {
		x[i] = float32(i+1) / 1000
	}
	b.SetBytes(int64(8 * len(x)))
	for b.Loop() {
		power(y, x, 1.7)
	}
}
