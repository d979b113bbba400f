package conv

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// workloads are the convolutions of the search spaces at full size; cHW names kernel, channels and image size.
var workloads = []struct {
	name string
	n, h int
	k    Kernel
}{
	{"c3_3_16_32", 64, 32, Square(3, 16, 3, 1)},
	{"c3_16_16_32", 64, 32, Square(16, 16, 3, 1)},
	{"c3_32_32_16", 64, 16, Square(32, 32, 3, 1)},
	{"c3_64_64_8", 64, 8, Square(64, 64, 3, 1)},
	{"c1_16_16_32", 64, 32, Square(16, 16, 1, 1)},
	{"c1_64_64_8", 64, 8, Square(64, 64, 1, 1)},
	{"c3s2_16_32_32", 64, 32, Square(16, 32, 3, 2)},
	{"c3s2_32_64_16", 64, 16, Square(32, 64, 3, 2)},
	{"c3_128_128_32", 32, 32, Square(128, 128, 3, 1)},
	{"c3_256_256_16", 32, 16, Square(256, 256, 3, 1)},
	{"c3_512_512_8", 32, 8, Square(512, 512, 3, 1)},
	{"c1_128_128_32", 32, 32, Square(128, 128, 1, 1)},
	{"c1_512_512_8", 32, 8, Square(512, 512, 1, 1)},
	{"pw_32_192_56", 16, 56, Square(32, 192, 1, 1)},
	{"pw_192_32_56", 16, 56, Square(192, 32, 1, 1)},
}

// BenchmarkConv times forward, gradient of the input (bwd_d) and gradient of the weights (bwd_w), packing included.
// GFLOP/s count two per multiply-add, zero padding counted as work; %peak relates them to the multiply-add peak of the
// threads in use.
func BenchmarkConv(b *testing.B) { benchmarkConv(b, gemm.Float32) }

// BenchmarkConvBF16 is BenchmarkConv in bfloat16: on tiles where there are some.
func BenchmarkConvBF16(b *testing.B) { benchmarkConv(b, gemm.BF16) }

func benchmarkConv(b *testing.B, precision gemm.Precision) {
	for _, wl := range workloads {
		rng := rand.New(rand.NewPCG(1, 2))
		oh, ow := wl.k.Out(wl.h, wl.h)
		fill := func(n int) []float32 { return random(rng, memory.Aligned(n)) }
		in := &Input{X: fill(wl.n * wl.h * wl.h * wl.k.Cin), LD: wl.k.Cin, N: wl.n, H: wl.h, W: wl.h, C: wl.k.Cin,
			Precision: precision}
		dx := fill(len(in.X))
		branch := Branch{Kernel: wl.k, Weight: fill(wl.k.Weights()), LDY: wl.k.Cout, LDG: wl.k.Cout,
			Y: fill(wl.n * oh * ow * wl.k.Cout), G: fill(wl.n * oh * ow * wl.k.Cout)}
		withDW := branch
		withDW.DWeight = fill(wl.k.Weights())
		flops := 2 * float64(wl.n*oh*ow) * float64(wl.k.Weights())
		for _, pass := range []struct {
			name string
			run  func()
		}{
			{"fwd", func() { Forward(in, []Branch{branch}) }},
			{"bwd_d", func() { Backward(in, dx, in.LD, false, []Branch{branch}) }},
			{"bwd_w", func() { Backward(in, nil, 0, false, []Branch{withDW}) }},
			{"bwd", func() { Backward(in, dx, in.LD, false, []Branch{withDW}) }},
		} {
			b.Run(fmt.Sprintf("%s/%s", wl.name, pass.name), func(b *testing.B) {
				pass.run()
				b.ResetTimer() // not b.Loop, whose first run ignores -cpu in sub-benchmarks
				for range b.N {
					pass.run()
				}
				f := flops
				if pass.name == "bwd" {
					f *= 2
				}
				limits.ReportFlops(b, f, runtime.GOMAXPROCS(0))
			})
		}
	}
}
