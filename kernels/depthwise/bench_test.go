package depthwise

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// workloads are the depthwise convolutions of DARTS (36 channels) and ProxylessNAS (144) at full size.
var workloads = []struct {
	name string
	n, h int
	k    Kernel
}{
	{"dw3_36_32", 64, 32, Square(36, 3, 1, 1)},
	{"dw5_36_32", 64, 32, Square(36, 5, 1, 1)},
	{"dw7_36_32", 64, 32, Square(36, 7, 1, 1)},
	{"dw3d2_36_32", 64, 32, Square(36, 3, 1, 2)},
	{"dw5d2_36_32", 64, 32, Square(36, 5, 1, 2)},
	{"dw3_144_56", 16, 56, Square(144, 3, 1, 1)},
	{"dw5_144_56", 16, 56, Square(144, 5, 1, 1)},
	{"dw7_144_56", 16, 56, Square(144, 7, 1, 1)},
	{"dw3s2_144_56", 16, 56, Square(144, 3, 2, 1)},
	{"dw5s2_144_56", 16, 56, Square(144, 5, 2, 1)},
	{"dw7s2_144_56", 16, 56, Square(144, 7, 2, 1)},
}

// BenchmarkDepthwise times forward, gradient of the input (bwd_d) and gradient of the weights (bwd_w). GFLOP/s count two per
// multiply-add, zero padding counted as work; %peak relates them to the multiply-add peak of the threads in use. Small
// kernels wait for memory: %stream is what input and output take of its bandwidth on one thread.
func BenchmarkDepthwise(b *testing.B) {
	for _, wl := range workloads {
		rng := rand.New(rand.NewPCG(1, 2))
		fill := func(n int) []float32 {
			x := memory.Aligned(n)
			for i := range x {
				x[i] = float32(rng.NormFloat64())
			}
			return x
		}
		k, c := wl.k, wl.k.C
		oh, ow := k.Out(wl.h, wl.h)
		in := Input{X: fill(wl.n * wl.h * wl.h * c), LD: c, N: wl.n, H: wl.h, W: wl.h}
		w, dw := Weights{Data: fill(k.K * k.K * c)}, Weights{Data: fill(k.K * k.K * c)}
		y, dx := fill(wl.n*oh*ow*c), fill(len(in.X))
		for _, pass := range []struct {
			name string
			run  func()
		}{
			{"fwd", func() { Forward(k, in, w, y, c, false) }},
			{"bwd_d", func() { BackwardData(k, in, w, dx, c, y, c, false) }},
			{"bwd_w", func() { BackwardWeights(k, in, dw, y, c, false) }},
		} {
			b.Run(wl.name+"/"+pass.name, func(b *testing.B) {
				pass.run()
				b.ResetTimer() // not b.Loop, whose first run ignores -cpu in sub-benchmarks
				for range b.N {
					pass.run()
				}
				limits.ReportBytes(b, 4*float64(len(in.X)+len(y)), 1)
				limits.ReportFlops(b, 2*float64(len(y)*k.K*k.K), runtime.GOMAXPROCS(0))
			})
		}
	}
}
