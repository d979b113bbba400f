package limits

import (
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// ReportFlops ends a benchmark that computes: with so many floating-point operations in each of its b.N runs, a multiply-add counting as
// two, it reports GFLOP/s and what share they are of the peak of that many threads.
func ReportFlops(b *testing.B, flops float64, threads int) {
	b.StopTimer()
	rate := flops * float64(b.N) / b.Elapsed().Seconds() * 1e-9
	b.ReportMetric(rate, "GFLOP/s")
	b.ReportMetric(100*rate/(PeakFMA(cpu.Selected())*float64(threads)), "%peak")
	b.ReportMetric(0, "ns/op") // hides it: the rate says more
}

// ReportBytes ends a benchmark that moves memory: with so many bytes read and written in each of its b.N runs, it reports GB/s and what
// share they are of what that many threads copy at best.
func ReportBytes(b *testing.B, bytes float64, threads int) {
	b.StopTimer()
	rate := bytes * float64(b.N) / b.Elapsed().Seconds() * 1e-9
	b.ReportMetric(rate, "GB/s")
	b.ReportMetric(100*rate/(Stream().Copy*float64(threads)), "%stream")
}
