package bf16

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

func isas(t *testing.T, f func(t *testing.T, ks *kernels)) {
	for _, isa := range cpu.Available() {
		t.Run(isa.String(), func(t *testing.T) {
			ks := kernelsFor(isa)
			f(t, &ks)
		})
	}
}

// patterns are float32 numbers of every upper half, with lower halves at which rounding changes its mind.
func patterns() []float32 {
	var x []float32
	for upper := range uint32(1 << 16) {
		for _, lower := range []uint32{0, 1, 0x7fff, 0x8000, 0x8001, 0xffff} {
			x = append(x, math.Float32frombits(upper<<16|lower))
		}
	}
	return x
}

// TestOf compares with rounding in arithmetic of any precision.
func TestOf(t *testing.T) {
	for _, x := range patterns() {
		b, bits := Of(x), math.Float32bits(x)
		sign := uint16(bits >> 31 << 15)
		switch v := math.Abs(float64(x)); {
		case math.IsNaN(v):
			if y := Float32(b); y == y || b&0x40 == 0 || b&0x8000 != sign {
				t.Fatalf("Of(%#x) = %#x", bits, b)
			}
			continue
		case v < 0x1p-126:
			if b != sign {
				t.Fatalf("Of(%#x) = %#x, want a zero of its sign", bits, b)
			}
			continue
		case v >= 0x1.ffp127: // half way to 2¹²⁸, and to even
			if b != sign|0x7f80 {
				t.Fatalf("Of(%#x) = %#x, want an infinity", bits, b)
			}
			continue
		}
		want, _ := new(big.Float).SetPrec(8).SetMode(big.ToNearestEven).SetFloat64(float64(x)).Float32()
		if got := Float32(b); got != want {
			t.Fatalf("Of(%#x) = %#x, which is %v, want %v", bits, b, got, want)
		}
	}
}

// sameBits reports whether slices hold the same numbers, NaN and signs of zeros included.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func TestRoundings(t *testing.T) {
	isas(t, func(t *testing.T, ks *kernels) {
		x := patterns()
		for _, scale := range []float32{1, -0.37} {
			want, got := make([]float32, len(x)), make([]float32, len(x))
			roundGeneric(want, x, scale)
			ks.round(got, x, scale)
			if !sameBits(got, want) {
				t.Errorf("scale %v: other bits than the portable code", scale)
			}
			encoded := make([]uint16, len(x))
			ks.encode(encoded, x, scale)
			for i, b := range encoded {
				if math.Float32bits(want[i]) != uint32(b)<<16 {
					t.Fatalf("scale %v: encode(%#x) = %#x", scale, math.Float32bits(x[i]), b)
				}
			}
		}
		copied := slices.Clone(x)
		ks.round(copied, copied, 1)
		want := make([]float32, len(x))
		roundGeneric(want, x, 1)
		if !sameBits(copied, want) {
			t.Error("in place: other bits")
		}
	})
}

// halves returns n zeros between guards; n may be odd, then a number before them belongs to the guarded memory, too.
func halves(t testing.TB, n int) []uint16 {
	x := guard.Float32(t, (n+1)/2)
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(x))), 2*len(x))[2*len(x)-n:]
}

func TestLengths(t *testing.T) {
	isas(t, func(t *testing.T, ks *kernels) {
		rng := rand.New(rand.NewPCG(1, 2))
		for n := range 70 {
			x := guard.Sides[n%2](t, n)
			for i := range x {
				x[i] = float32(rng.NormFloat64())
			}
			want, got := make([]float32, n), guard.Sides[n/2%2](t, n)
			roundGeneric(want, x, 1.5)
			ks.round(got, x, 1.5)
			encoded := halves(t, n)
			ks.encode(encoded, x, 1.5)
			if !sameBits(got, want) {
				t.Errorf("n = %d: other bits", n)
			}
			for i, b := range encoded {
				if Float32(b) != want[i] {
					t.Errorf("n = %d: element %d is encoded as %v, want %v", n, i, Float32(b), want[i])
				}
			}
		}
	})
}

func TestPairs(t *testing.T) {
	isas(t, func(t *testing.T, ks *kernels) {
		rng := rand.New(rand.NewPCG(3, 4))
		for _, s := range [][4]int{{1, 1, 16, 32}, {3, 1, 16, 96}, {1, 3, 50, 40}, {5, 2, 33, 200}} {
			pairs, panels, row, next := s[0], s[1], s[2], s[3]
			t.Run(fmt.Sprint(s), func(t *testing.T) {
				x := guard.Float32(t, (2*pairs-1)*row+panels*TileCols)
				for i := range x {
					x[i] = float32(rng.NormFloat64())
				}
				want, got := make([]uint16, (panels-1)*next+32*pairs), halves(t, (panels-1)*next+32*pairs)
				pairsGeneric(want, next, x, row, pairs, panels, -3)
				ks.pairs(got, next, x, row, pairs, panels, -3)
				if !slices.Equal(got, want) {
					t.Errorf("got %x, want %x", got, want)
				}
			})
		}
	})
}

// TestRound: vectors of several pieces.
func TestRound(t *testing.T) {
	x := make([]float32, 3*piece+7)
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	want, dst := make([]float32, len(x)), make([]float32, len(x))
	roundGeneric(want, x, 1)
	if n := testing.AllocsPerRun(5, func() { Round(dst, x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if !sameBits(dst, want) {
		t.Error("other bits than the portable code")
	}
	clear(dst)
	if LocalRound(dst, x); !sameBits(dst, want) {
		t.Error("LocalRound: other bits than the portable code")
	}
}

func TestRoundPanics(t *testing.T) {
	two, three := make([]float32, 2), make([]float32, 3)
	for name, call := range map[string]func(){
		"Round":       func() { Round(two, three) },
		"LocalRound":  func() { LocalRound(two, three) },
		"LocalEncode": func() { LocalEncode(make([]uint16, 2), three) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				want := "bf16." + name + ": got slices of 2 and 3 elements, want the same length"
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("panic %v, want %q", got, want)
				}
			}()
			call()
		})
	}
}

func BenchmarkRound(b *testing.B) {
	for _, n := range []int{1 << 10, 1 << 22} {
		x, dst := memory.Aligned(n), memory.Aligned(n)
		encoded := make([]uint16, n)
		for i := range x {
			x[i] = float32(i) * 0.37
		}
		b.Run(fmt.Sprint("Round/", n), func(b *testing.B) {
			b.SetBytes(int64(8 * n))
			for b.Loop() {
				Round(dst, x)
			}
		})
		b.Run(fmt.Sprint("Encode/", n), func(b *testing.B) {
			b.SetBytes(int64(6 * n))
			for b.Loop() {
				LocalEncode(encoded, x)
			}
		})
	}
}
