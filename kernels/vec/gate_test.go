package vec

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// TestGate: every length, at the edges of accessible memory, on NaN and infinities too, against the loops of the doc comments.
func TestGate(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for n := range 70 {
			checkGate(t, rand.New(rand.NewPCG(1, uint64(n))), n, guard.Sides[n%2])
		}
	})
}

func checkGate(t *testing.T, r *rand.Rand, n int, alloc func(testing.TB, int) []float32) {
	vector := func() []float32 { return fill(r, alloc(t, n), true) }
	dst, c, f, s := vector(), vector(), vector(), vector()
	sigma := slices.Clone(c)
	Sigmoid(sigma, c)
	LocalGate(dst, c, f, s)
	for i := range dst {
		if want := s[i] + float32(sigma[i]*float32(f[i]-s[i])); !same(dst[i], want) || !same(c[i], sigma[i]) {
			t.Fatalf("n = %d: element %d is %v, want %v; the gate %v, want %v", n, i, dst[i], want, c[i], sigma[i])
		}
	}
	ds, base, df, dy := vector(), vector(), vector(), vector()
	LocalGateBackward(ds, base, df, c, f, s, dy)
	for i, g := range sigma {
		a := float32(dy[i] * g)
		if want := float32(base[i]+dy[i]) - a; !same(df[i], a) || !same(ds[i], want) {
			t.Fatalf("n = %d: gradients of element %d are %v of f, want %v, and %v of s, want %v", n, i, df[i], a, ds[i], want)
		}
		if want := float32(g*float32(dy[i]*float32(f[i]-s[i]))) * float32(1-g); !same(c[i], want) {
			t.Fatalf("n = %d: the gradient of element %d of the gate is %v, want %v", n, i, c[i], want)
		}
	}
}

// TestGateInPlace: results may take the place of operands.
func TestGateInPlace(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		const n = 37
		r := rand.New(rand.NewPCG(2, 3))
		vector := func() []float32 { return fill(r, make([]float32, n), false) }
		dst, c, f, s := vector(), vector(), vector(), vector()
		c2, s2 := slices.Clone(c), slices.Clone(s)
		LocalGate(dst, c, f, s)
		LocalGate(s2, c2, f, s2)
		if !slices.Equal(s2, dst) || !slices.Equal(c2, c) {
			t.Error("LocalGate in the place of s gives other results")
		}
		base, df, dy := vector(), vector(), vector()
		LocalGateBackward(dst, base, df, c, f, s, dy)
		LocalGateBackward(base, base, f, c2, f, s, dy)
		if !slices.Equal(base, dst) || !slices.Equal(f, df) || !slices.Equal(c2, c) {
			t.Error("LocalGateBackward in the place of base and f gives other results")
		}
	})
}

func FuzzGate(f *testing.F) {
	f.Add(uint64(1), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, n uint8) {
		checkGate(t, rand.New(rand.NewPCG(seed, 4)), int(n), guard.Sides[seed%2])
	})
}

func BenchmarkGate(b *testing.B) {
	const n = 850
	r := rand.New(rand.NewPCG(5, 6))
	vector := func() []float32 { return fill(r, make([]float32, n), false) }
	ds, base, df, c, f, s, dy := vector(), vector(), vector(), vector(), vector(), vector(), vector()
	for name, run := range map[string]func(){
		"fwd": func() { LocalGate(ds, c, f, s) },
		"bwd": func() { LocalGateBackward(ds, base, df, c, f, s, dy) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()*1e-9, "Gelements/s")
		})
	}
}
