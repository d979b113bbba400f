package bench

import (
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
	"github.com/oneshot-nas/oneshot/supernet"
)

// network is a workload: one architecture, trained alone.
type network struct {
	name  string
	batch int // images, or columns of text
	unit  string
	items int // images or words of a step
	make  func(b *testing.B) (supernet.Model, spaces.Space, spaces.Arch, supernet.Data)
}

// published are networks of five spaces at full size, but for DARTS, at the size that searches use, and for ProxylessNAS at 64×64,
// where its strides are those for 224×224. The architectures are the ones that DARTS and ProxylessNAS have found, and in NAS-Bench-101
// three 3×3 convolutions beside a projection.
var published = []network{
	{"nb201_conv", 64, "img/s", 64, nb201("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|")},
	{"nb201_mix", 64, "img/s", 64, nb201("|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|nor_conv_3x3~1|nor_conv_1x1~2|")},
	{"nb101", 32, "img/s", 32, func(b *testing.B) (supernet.Model, spaces.Space, spaces.Arch, supernet.Data) {
		space := nasbench101.New()
		a := parse[nasbench101.Arch](b, space, "01001/00100/00010/00001/00000 input,conv3x3-bn-relu,conv3x3-bn-relu,conv3x3-bn-relu,output")
		return supernet.NewNASBench101(space, 1, &a), space, a, images(32, 32, 10)
	}},
	{"darts_c16_l8", 64, "img/s", 64, func(b *testing.B) (supernet.Model, spaces.Space, spaces.Arch, supernet.Data) {
		space := darts.Space{Channels: 16, Cells: 8, Classes: 10, Image: 32}
		a := parse[darts.Arch](b, space, "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=range(2, 6), "+
			"reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, 6))")
		return supernet.NewDARTS(space, 1, &a), space, a, images(64, 32, 10)
	}},
	{"proxyless_64", 32, "img/s", 32, proxyless(32, 64)},
	{"proxyless_224", 8, "img/s", 8, proxyless(8, 224)},
	{"darts_ptb", 64, "tokens/s", 64 * 35, func(b *testing.B) (supernet.Model, spaces.Space, spaces.Arch, supernet.Data) {
		space := dartsptb.New()
		a := parse[dartsptb.Arch](b, space, "[('sigmoid', 0), ('relu', 1), ('relu', 1), ('identity', 1), ('tanh', 2), ('sigmoid', 5), ('tanh', 3), ('relu', 5)]")
		return supernet.NewDARTSPTB(space, supernet.DARTSPTBOptions{Init: 0.04}, 1, &a), space, a, text(64, 35, space.Words)
	}},
}

func parse[A spaces.Arch](b *testing.B, space spaces.Space, s string) A {
	a, err := space.Parse(s)
	if err != nil {
		b.Fatal(err)
	}
	return a.(A)
}

func nb201(arch string) func(b *testing.B) (supernet.Model, spaces.Space, spaces.Arch, supernet.Data) {
	return func(b *testing.B) (supernet.Model, spaces.Space, spaces.Arch, supernet.Data) {
		space := nasbench201.New()
		a := parse[nasbench201.Arch](b, space, arch)
		return supernet.NewNASBench201(space, 1, &a), space, a, images(64, 32, 10)
	}
}

func proxyless(batch, size int) func(b *testing.B) (supernet.Model, spaces.Space, spaces.Arch, supernet.Data) {
	return func(b *testing.B) (supernet.Model, spaces.Space, spaces.Arch, supernet.Data) {
		space := proxylessnas.Space{Width: 1, Widths: [proxylessnas.Stages]int{32, 40, 80, 96, 192, 320}, Classes: 1000, Image: size, Depth: 4}
		a := parse[proxylessnas.Arch](b, space, "k5e3,k3e3,skip,skip/k7e3,k3e3,k5e3,k5e3/k7e6,k5e3,k5e3,k5e3/k5e6,k5e3,k5e3,k5e3/k7e6,k7e6,k7e3,k7e3/k7e6")
		return supernet.NewProxylessNAS(space, 1, &a, supernet.Separate), space, a, images(batch, size, 1000)
	}
}

// BenchmarkTrain times forward, backward and SGD step.
func BenchmarkTrain(b *testing.B) {
	for _, n := range published {
		b.Run(n.name, func(b *testing.B) {
			before := resident()
			model, space, arch, data := n.make(b)
			t := newTrainer(b, model, supernet.Fixed{Arch: arch}, data, n.batch)
			measure(b, n.items, n.unit, 3*float64(space.Network(arch).MACs()), before, func() { step(b, t) })
		})
	}
}

// measure times what f does to items images or words, each of macs multiply-adds. With before, the memory of the process before the
// network was made, it also reports by how much the process has grown at most.
func measure(b *testing.B, items int, unit string, macs float64, before int64, f func()) {
	for range 3 {
		f()
	}
	b.ReportAllocs()
	b.ResetTimer() // not b.Loop, whose first run ignores -cpu in sub-benchmarks
	for range b.N {
		f()
	}
	b.StopTimer()
	rate := float64(items) * float64(b.N) / b.Elapsed().Seconds()
	gflops := rate * 2 * macs / 1e9
	b.ReportMetric(rate, unit)
	b.ReportMetric(gflops, "GFLOP/s")
	b.ReportMetric(100*gflops/limits.PeakFMA(cpu.Selected())/float64(runtime.GOMAXPROCS(0)), "%peak")
	if before > 0 {
		b.ReportMetric(float64(peakResident()-before)/(1<<20), "peak-MB")
	}
}

func newTrainer(b *testing.B, m supernet.Model, sampler supernet.Sampler, data supernet.Data, batch int) *supernet.Trainer {
	t, err := supernet.NewTrainer(m, sampler, data, supernet.TrainConfig{
		Epochs: 1 << 20, Batch: batch, LR: 1e-4, Schedule: "constant", Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5, Seed: 1,
	})
	if err != nil {
		b.Fatal(err)
	}
	return t
}

func step(b *testing.B, t *supernet.Trainer) {
	if _, err := t.Step(); err != nil {
		b.Fatal(err)
	}
}
