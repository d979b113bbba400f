package gemm

import (
	"runtime"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// workloads are square products and those of the search spaces' layers.
var workloads = []struct {
	name    string
	m, n, k int
}{
	{"sq256", 256, 256, 256},
	{"sq512", 512, 512, 512},
	{"sq1024", 1024, 1024, 1024},
	{"sq2048", 2048, 2048, 2048},
	{"nb201_16x65536x144", 16, 65536, 144},
	{"nb201_64x4096x576", 64, 4096, 576},
	{"nb101_128x65536x128", 128, 65536, 128},
	{"darts_ptb_64x1700x850", 64, 1700, 850},
	{"darts_ptb_850x1700x2240", 850, 1700, 2240},
	{"lstm_20x2600x650", 20, 2600, 650},
}

// BenchmarkGemm times C = A·B, copying of panels included; in /packed B is laid out before, /gonum is gonum's own Sgemm. GFLOP/s
// count two per multiply-add; %peak relates them to the multiply-add peak of the threads in use.
func BenchmarkGemm(b *testing.B) {
	for _, wl := range workloads {
		m, n, k := wl.m, wl.n, wl.k
		a := Matrix{Data: memory.Aligned(m * k), LD: k}
		bm := Matrix{Data: memory.Aligned(k * n), LD: n}
		bt := Matrix{Data: bm.Data, LD: k, Trans: true}
		at := Matrix{Data: a.Data, LD: m, Trans: true}
		c := Matrix{Data: memory.Aligned(m * n), LD: n}
		for i := range a.Data {
			a.Data[i] = float32(i%17) - 8
		}
		for i := range bm.Data {
			bm.Data[i] = float32(i%13) - 6
		}
		packed := Pack(n, k, 1, bm)
		for _, pass := range []struct {
			name string
			run  func()
		}{
			{"", func() { Mul(m, n, k, 1, a, bm, 0, c) }},
			{"/NT", func() { Mul(m, n, k, 1, a, bt, 0, c) }},
			{"/TN", func() { Mul(m, n, k, 1, at, bm, 0, c) }},
			{"/packed", func() { packed.Mul(m, a, 0, c) }},
			{"/gonum", func() {
				gonum.Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, m, n, k, 1, a.Data, k, bm.Data, n, 0, c.Data, n)
			}},
		} {
			b.Run(wl.name+pass.name, func(b *testing.B) {
				pass.run()
				b.ResetTimer()
				for range b.N {
					pass.run()
				}
				limits.ReportFlops(b, 2*float64(m)*float64(n)*float64(k), runtime.GOMAXPROCS(0))
			})
		}
	}
}

// BenchmarkBF16 times the same products of rounded operands, in /packed with B laid out before.
func BenchmarkBF16(b *testing.B) {
	for _, wl := range workloads {
		m, n, k := wl.m, wl.n, wl.k
		a, bm := Matrix{Data: memory.Aligned(m * k), LD: k}, Matrix{Data: memory.Aligned(k * n), LD: n}
		c := Matrix{Data: memory.Aligned(m * n), LD: n}
		for i := range a.Data {
			a.Data[i] = float32(i%17) * 0.37
		}
		for i := range bm.Data {
			bm.Data[i] = float32(i%13) * 0.37
		}
		bt, at := Matrix{Data: bm.Data, LD: k, Trans: true}, Matrix{Data: a.Data, LD: m, Trans: true}
		packed := &Packed{Precision: BF16}
		packed.Set(n, k, 1, bm)
		for _, pass := range []struct {
			name string
			run  func()
		}{
			{"", func() { BF16.Mul(m, n, k, 1, a, bm, 0, c) }},
			{"/NT", func() { BF16.Mul(m, n, k, 1, a, bt, 0, c) }},
			{"/TN", func() { BF16.Mul(m, n, k, 1, at, bm, 0, c) }},
			{"/packed", func() { packed.Mul(m, a, 0, c) }},
		} {
			b.Run(wl.name+pass.name, func(b *testing.B) {
				pass.run()
				b.ResetTimer()
				for range b.N {
					pass.run()
				}
				limits.ReportFlops(b, 2*float64(m)*float64(n)*float64(k), runtime.GOMAXPROCS(0))
			})
		}
	}
}
