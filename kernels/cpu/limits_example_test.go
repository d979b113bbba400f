package cpu_test

import (
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// A benchmark states what share of the machine's peak its kernel reaches.
func ExamplePeakFMA() {
	benchmark := func(b *testing.B) {
		const n = 1000
		x, y := make([]float32, n), make([]float32, n)
		for b.Loop() {
			for i := range x {
				y[i] += 0.5 * x[i]
			}
		}
		gflops := 2 * n * float64(b.N) / b.Elapsed().Seconds() * 1e-9
		b.ReportMetric(gflops, "GFLOP/s")
		b.ReportMetric(100*gflops/cpu.PeakFMA(cpu.Selected()), "%peak")
	}
	_ = benchmark
}
