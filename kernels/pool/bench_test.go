package pool

import (
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// BenchmarkPool counts each input and output once, what pooling must at least move; the bytes of the index are not counted.
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
		x, y := operands(c.s, oh, ow)
		bench(b, c.name+"/fwd", 4*(len(x)+len(y)), func() { c.avg.Forward(y, c.s.C, x, c.s.C, c.s, false) })
		bench(b, c.name+"/bwd", 4*(len(x)+len(y)), func() { c.avg.Backward(x, c.s.C, y, c.s.C, c.s, false) })
	}
	for _, c := range []struct {
		name string
		max  Max
		s    Shape
	}{
		{"max3_16_32", Max{3, 1, 1}, Shape{64, 32, 32, 16}},
		{"max3s2_36_32", Max{3, 2, 1}, Shape{64, 32, 32, 36}},
		{"max2s2_128_32", Max{2, 2, 0}, Shape{32, 32, 32, 128}},
	} {
		oh, ow := c.max.Out(c.s.H, c.s.W)
		x, y := operands(c.s, oh, ow)
		index := make([]uint8, len(y))
		bench(b, c.name+"/fwd", 4*(len(x)+len(y)), func() { c.max.Forward(y, c.s.C, index, x, c.s.C, c.s) })
		bench(b, c.name+"/bwd", 4*(len(x)+len(y)), func() { c.max.Backward(x, c.s.C, index, y, c.s.C, c.s, false) })
	}
	s := Shape{64, 8, 8, 64}
	x, y := operands(s, 1, 1)
	bench(b, "global_64_8/fwd", 4*(len(x)+len(y)), func() { GlobalForward(y, s.C, x, s.C, s) })
	bench(b, "global_64_8/bwd", 4*(len(x)+len(y)), func() { GlobalBackward(x, s.C, y, s.C, s, false) })
}

func operands(s Shape, oh, ow int) (x, y []float32) {
	x, y = memory.Aligned(s.N*s.H*s.W*s.C), memory.Aligned(s.N*oh*ow*s.C)
	for i := range x {
		x[i] = float32(i % 7)
	}
	for i := range y {
		y[i] = 1
	}
	return
}

// bench reports GB/s and the share of what the stream copy reaches on as many threads.
func bench(b *testing.B, name string, bytes int, f func()) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			f()
		}
		limits.ReportBytes(b, float64(bytes), runtime.GOMAXPROCS(0))
	})
}
