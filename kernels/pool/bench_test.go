package pool

import (
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// BenchmarkPool counts each operand once: what pooling must at least move.
func BenchmarkPool(b *testing.B) {
	for _, c := range []struct {
		name string
		avg  Avg
		s    Shape
	}{
		{"avg3_16_32", Avg{Kernel: 3, Stride: 1, Pad: 1}, Shape{64, 32, 32, 16}},
		{"avg3_32_16", Avg{Kernel: 3, Stride: 1, Pad: 1}, Shape{64, 16, 16, 32}},
		{"avg3_64_8", Avg{Kernel: 3, Stride: 1, Pad: 1}, Shape{64, 8, 8, 64}},
		{"avg2s2_16_32", Avg{Kernel: 2, Stride: 2}, Shape{64, 32, 32, 16}},
	} {
		oh, ow := c.avg.Out(c.s.H, c.s.W)
		x, y := make([]float32, c.s.N*c.s.H*c.s.W*c.s.C), make([]float32, c.s.N*oh*ow*c.s.C)
		for i := range x {
			x[i] = float32(i % 7)
		}
		bench(b, c.name+"/fwd", 4*(len(x)+len(y)), func() { c.avg.Forward(y, c.s.C, x, c.s.C, c.s, false) })
		bench(b, c.name+"/bwd", 4*(len(x)+len(y)), func() { c.avg.Backward(x, c.s.C, y, c.s.C, c.s, false) })
	}
	s := Shape{64, 8, 8, 64}
	x, y := make([]float32, s.N*s.H*s.W*s.C), make([]float32, s.N*s.C)
	bench(b, "global_64_8/fwd", 4*(len(x)+len(y)), func() { GlobalForward(y, s.C, x, s.C, s) })
	bench(b, "global_64_8/bwd", 4*(len(x)+len(y)), func() { GlobalBackward(x, s.C, y, s.C, s, false) })
}

// bench reports GB/s and the share of what the stream copy reaches on as many threads.
func bench(b *testing.B, name string, bytes int, f func()) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f()
		}
		gbs := float64(bytes) * float64(b.N) / b.Elapsed().Seconds() * 1e-9
		b.ReportMetric(gbs, "GB/s")
		b.ReportMetric(100*gbs/(cpu.Stream().Copy*float64(runtime.GOMAXPROCS(0))), "%stream")
	})
}
