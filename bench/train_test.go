package bench

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/supernet"
)

// noise is a training set of normally distributed pixels: what is in the pictures does not matter to the clock.
type noise struct {
	images []float32
	n      int
}

func newNoise(n int) *noise {
	rng := rand.New(rand.NewPCG(1, 2))
	s := &noise{make([]float32, n*32*32*3), n}
	for i := range s.images {
		s.images[i] = float32(rng.NormFloat64())
	}
	return s
}

func (s *noise) Len() int                      { return s.n }
func (s *noise) Shape() (h, w, c, classes int) { return 32, 32, 3, 10 }

func (s *noise) Batch(x []float32, labels []int32, idx []int32, _ uint64) {
	const size = 32 * 32 * 3
	for i, j := range idx {
		copy(x[i*size:][:size], s.images[int(j)*size:])
		labels[i] = j % 10
	}
}

// BenchmarkTrain times forward, backward and SGD step on batches of 64: NAS-Bench-201 at full size.
func BenchmarkTrain(b *testing.B) {
	const batch = 64
	peak := cpu.PeakFMA(cpu.Selected())
	for _, wl := range []struct{ name, arch string }{
		{"nb201_conv", "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"},
		{"nb201_mix", "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|nor_conv_3x3~1|nor_conv_1x1~2|"},
	} {
		b.Run(wl.name, func(b *testing.B) {
			arch, err := nasbench201.Parse(wl.arch)
			if err != nil {
				b.Fatal(err)
			}
			space := nasbench201.New()
			macs := float64(space.Network(arch).MACs()) // of a forward pass; a step does three times as much
			t := newTrainer(b, supernet.NewNASBench201(space, 1, &arch), arch, batch)
			for range 3 {
				t.Step()
			}
			b.ReportAllocs()
			b.ResetTimer() // not b.Loop, whose first run ignores -cpu in sub-benchmarks
			for range b.N {
				t.Step()
			}
			rate := batch * float64(b.N) / b.Elapsed().Seconds()
			gflops := rate * 3 * 2 * macs / 1e9
			b.ReportMetric(rate, "img/s")
			b.ReportMetric(gflops, "GFLOP/s")
			b.ReportMetric(100*gflops/peak/float64(runtime.GOMAXPROCS(0)), "%peak")
		})
	}
}

func newTrainer(b *testing.B, m supernet.Model, arch spaces.Arch, batch int) *supernet.Trainer {
	t, err := supernet.NewTrainer(m, supernet.Fixed{Arch: arch}, newNoise(batch), supernet.TrainConfig{
		Epochs: 1 << 20, Batch: batch, LR: 0.01, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5, Seed: 1,
	})
	if err != nil {
		b.Fatal(err)
	}
	return t
}
