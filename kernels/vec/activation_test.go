package vec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// activations are the functions that are not exact, with their error in units of the last place, from the smallest argument
// for which that holds.
var activations = []struct {
	name  string
	run   func(dst, a []float32)
	exact func(x float64) float64
	ulp   float64
	from  float32
	below func(x float64) float64 // the relative error of what is smaller, beside 2⁻¹²⁶
}{
	{"Exp", Exp, math.Exp, 2, float32(math.Inf(-1)), nil},
	{"Sigmoid", Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 3, -87, func(float64) float64 { return 0 }},
	{"Tanh", Tanh, math.Tanh, 3, float32(math.Inf(-1)), nil},
	{"LocalSiLU", LocalSiLU, func(x float64) float64 { return x / (1 + math.Exp(-x)) }, 4, -87, func(float64) float64 { return 1 }},
	{"LocalLog", LocalLog, math.Log, 2, float32(math.Inf(-1)), nil},
	{"LocalNormCDF", LocalNormCDF, normCDF, 4, -1, func(x float64) float64 { return 0x1p-22 * (1 + min(x*x, 1000)/4) }},
}

// ulps is the distance of got from want in units of the last place of want as a float32.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	if got == w || got != got && w != w {
		return 0
	}
	if math.IsInf(float64(w), 0) || math.IsInf(float64(got), 0) {
		return math.Inf(1)
	}
	_, exp := math.Frexp(math.Abs(want))
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(exp-24, -149))
}

// TestActivationErrors goes through floats of all sizes, and densely where the functions change.
func TestActivationErrors(t *testing.T) {
	var xs []float32
	for bits := uint64(0); bits < 1<<32; bits += 30011 {
		xs = append(xs, math.Float32frombits(uint32(bits)))
	}
	for x := -110.0; x < 110; x += 0.0037 {
		xs = append(xs, float32(x))
	}
	for _, x := range []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 0.625, -0.625, 88.72283, 88.72284,
		88.73, -87.33655, -103.97, -103.98, -104} {
		xs = append(xs, float32(x), math.Nextafter32(float32(x), 1), math.Nextafter32(float32(x), -1))
	}
	eachISA(t, func(t *testing.T) {
		for _, f := range activations {
			y := make([]float32, len(xs))
			f.run(y, xs)
			worst := 0.0
			for i, x := range xs {
				want := f.exact(float64(x))
				if x < f.from {
					if !(math.Abs(float64(y[i])-want) <= 0x1p-126+f.below(float64(x))*math.Abs(want)) && !same(y[i], float32(want)) {
						t.Fatalf("%s(%v) = %v, want %v", f.name, x, y[i], want)
					}
					continue
				}
				if x == 0 && (y[i] != float32(want) || math.Signbit(float64(y[i])) != math.Signbit(want)) {
					t.Fatalf("%s(%v) = %v, want %v", f.name, x, y[i], want)
				}
				if e := ulps(y[i], want); !(e <= f.ulp) {
					t.Fatalf("%s(%v) = %v, want %v: %.2f ULP", f.name, x, y[i], float32(want), e)
				} else {
					worst = max(worst, e)
				}
			}
			t.Logf("%s: %.2f ULP", f.name, worst)
		}
	})
}

// TestActivationLengths: every length, at the edges of accessible memory, in place, and the same value wherever it stands.
func TestActivationLengths(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, f := range activations {
			for n := range 70 {
				a, y := fill(rand.New(rand.NewPCG(1, 2)), guard.Sides[n%2](t, n), false), guard.Sides[n%2](t, n)
				f.run(y, a)
				alone := make([]float32, 1)
				for i := range a {
					f.run(alone, a[i:i+1])
					if !same(alone[0], y[i]) {
						t.Fatalf("%s: element %d of %d is %v, alone %v", f.name, i, n, y[i], alone[0])
					}
				}
				f.run(a, a)
				for i := range a {
					if !same(a[i], y[i]) {
						t.Fatalf("%s in place: element %d is %v, want %v", f.name, i, a[i], y[i])
					}
				}
			}
		}
	})
}

func TestActivationGradients(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for name, f := range map[string]struct {
			run   func(dx, y, dy []float32, accumulate bool)
			slope func(y float64) float64
		}{
			"Sigmoid": {SigmoidBackward, func(y float64) float64 { return y * (1 - y) }},
			"Tanh":    {TanhBackward, func(y float64) float64 { return 1 - y*y }},
		} {
			for n := range 70 {
				for _, accumulate := range []bool{false, true} {
					alloc := guard.Sides[n%2]
					dx, y, dy := fill(r, alloc(t, n), false), fill(r, alloc(t, n), false), fill(r, alloc(t, n), false)
					Tanh(y, y)
					want := make([]float64, n)
					for i := range want {
						want[i] = float64(dy[i]) * f.slope(float64(y[i]))
						if accumulate {
							want[i] += float64(dx[i])
						}
					}
					f.run(dx, y, dy, accumulate)
					for i := range want {
						if !(math.Abs(float64(dx[i])-want[i]) <= 4*0x1p-24*(1+math.Abs(float64(dy[i])))*2) {
							t.Fatalf("%s: element %d of %d is %v, want %v", name, i, n, dx[i], want[i])
						}
					}
				}
			}
		}
	})
}

func BenchmarkActivation(b *testing.B) {
	const n = 1 << 14
	x, y := fill(rand.New(rand.NewPCG(5, 6)), make([]float32, n), false), make([]float32, n)
	for _, f := range activations {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				f.run(y, x)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()*1e-9, "Gelements/s")
		})
	}
}

func ExampleSigmoid() {
	y := []float32{-1, 0, 1}
	Sigmoid(y, y)
	fmt.Printf("%.4f\n", y)
	// Output: [0.2689 0.5000 0.7311]
}
