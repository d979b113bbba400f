package limits

import (
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// The bounds are those of any processor that could run this: they catch a wrong unit, a wrong count or a loop that the
// compiler removed.
func TestPeakFMA(t *testing.T) {
	for _, isa := range cpu.Available() {
		peak := PeakFMA(isa)
		t.Logf("%v: %.1f GFLOP/s", isa, peak)
		lanes := map[cpu.ISA]float64{cpu.Generic: 1, cpu.NEON: 4, cpu.AVX2: 8, cpu.AVX512: 16}[isa]
		// One flop per lane every 50 ns under emulation; at most four units of 2 flops at 10 GHz.
		if peak < 0.02*lanes || peak > 80*lanes {
			t.Errorf("%v: %v GFLOP/s is not believable", isa, peak)
		}
	}
}

func TestPeakFMAWithoutTheISA(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic for an instruction set that no machine has")
		}
	}()
	PeakFMA(cpu.AVX512 + 1)
}

func TestStream(t *testing.T) {
	s := Stream()
	t.Logf("copy %.1f GB/s, triad %.1f GB/s", s.Copy, s.Triad)
	for _, gbs := range []float64{s.Copy, s.Triad} {
		if gbs < 0.05 || gbs > 2000 {
			t.Errorf("%+v is not believable", s)
		}
	}
}

func TestTriad(t *testing.T) {
	a, b, c, want := make([]float32, streamBlock), make([]float32, streamBlock), make([]float32, streamBlock), make([]float32, streamBlock)
	for i := range a {
		b[i], c[i] = float32(i), float32(2*i)
	}
	triadGeneric(want, b, c, 3)
	triadLoop()(a, b, c, 3)
	for i := range a {
		if a[i] != want[i] {
			t.Fatalf("element %d: got %v, want %v", i, a[i], want[i])
		}
	}
}
