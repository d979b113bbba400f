package vec

import (
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// The sizes of activations: batch 64 of 16 channels at 32×32, batch 32 of 128 channels at 32×32.
var sizes = []struct {
	name string
	n    int
}{{"16_32", 64 * 16 * 32 * 32}, {"128_32", 32 * 128 * 32 * 32}}

func BenchmarkReLU(b *testing.B) {
	for _, s := range sizes {
		x, y, z := vectors(s.n)
		bench(b, "relu_"+s.name+"/fwd", 8*s.n, func() { ReLU(y, x) })
		bench(b, "relu_"+s.name+"/bwd", 12*s.n, func() { ReLUBackward(z, y, x, false) })
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, s := range sizes {
		x, y, _ := vectors(s.n)
		bench(b, "addto_"+s.name, 12*s.n, func() { AddTo(y, x) })
	}
}

func BenchmarkSumSq(b *testing.B) {
	for _, s := range sizes {
		x, _, _ := vectors(s.n)
		bench(b, "sumsq_"+s.name, 4*s.n, func() { SumSq(x) })
	}
}

func vectors(n int) (x, y, z []float32) {
	x, y, z = memory.Aligned(n), memory.Aligned(n), memory.Aligned(n)
	for i := range x {
		x[i], y[i], z[i] = float32(i%7-3), 1, 2
	}
	return
}

// bench reports GB/s, each operand counted once per read and write, and the share of what the stream copy reaches on as
// many threads.
func bench(b *testing.B, name string, bytes int, f func()) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		f()
		b.ResetTimer() // not b.Loop, whose first run ignores -cpu in sub-benchmarks
		for range b.N {
			f()
		}
		limits.ReportBytes(b, float64(bytes), runtime.GOMAXPROCS(0))
	})
}
