package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/nasbenchmacro"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
	"github.com/oneshot-nas/oneshot/supernet"
)

// BenchmarkSupernet times training steps of a supernet, another random architecture in each, and steps of the same architectures as
// networks of their own, in turn; overhead% is the difference, the median over rounds.
func BenchmarkSupernet(b *testing.B) {
	const batch, archs = 64, 6
	nb101 := nasbench101.OneShot{Space: nasbench101.Space{Channels: 32, Cells: 1, Classes: 10, Image: 32}}
	nb201 := nasbench201.Space{Channels: 16, Cells: 2, Classes: 10, Image: 32}
	cifar := darts.Space{Channels: 16, Cells: 5, Classes: 10, Image: 32}
	ptb := dartsptb.Space{Words: 1000, Hidden: 200}
	proxyless := proxylessnas.Small(32, 10)
	macro := nasbenchmacro.Space{Channels: 16, Classes: 10, Image: 32}
	for _, s := range []struct {
		name  string
		space spaces.Space
		data  supernet.Data
		model func(only spaces.Arch) supernet.Model
	}{
		{"nasbench101", nb101, images(batch, 32, 10), func(a spaces.Arch) supernet.Model {
			return supernet.NewNASBench101OneShot(nb101, 1, only[nasbench101.OneShotArch](a))
		}},
		{"nasbench201", nb201, images(batch, 32, 10), func(a spaces.Arch) supernet.Model {
			return supernet.NewNASBench201(nb201, 1, only[nasbench201.Arch](a))
		}},
		{"darts", cifar, images(batch, 32, 10), func(a spaces.Arch) supernet.Model { return supernet.NewDARTS(cifar, 1, only[darts.Arch](a)) }},
		{"dartsptb", ptb, text(batch, 35, ptb.Words), func(a spaces.Arch) supernet.Model {
			return supernet.NewDARTSPTB(ptb, supernet.DARTSPTBOptions{Init: 0.04}, 1, only[dartsptb.Arch](a))
		}},
		{"proxylessnas", proxyless, images(batch, 32, 10), func(a spaces.Arch) supernet.Model {
			return supernet.NewProxylessNAS(proxyless, 1, only[proxylessnas.Arch](a), supernet.Separate)
		}},
		{"nasbenchmacro", macro, images(batch, 32, 10), func(a spaces.Arch) supernet.Model {
			return supernet.NewNASBenchMacro(macro, 1, only[nasbenchmacro.Arch](a))
		}},
	} {
		b.Run(s.name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			c := new(inTurn)
			var alone []*supernet.Trainer
			for range archs {
				a := s.space.Sample(rng)
				*c = append(*c, a)
				alone = append(alone, newTrainer(b, s.model(a), supernet.Fixed{Arch: a}, s.data, batch))
			}
			shared := newTrainer(b, s.model(nil), c, s.data, batch)
			round := func() (together, apart time.Duration) {
				for _, t := range alone { // one after the other, since what the machine can do varies
					start := time.Now()
					step(b, shared)
					middle := time.Now()
					step(b, t)
					together, apart = together+middle.Sub(start), apart+time.Since(middle)
				}
				return together, apart
			}
			for range 3 {
				round()
			}
			var overheads []float64
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				together, apart := round()
				overheads = append(overheads, 100*(float64(together)/float64(apart)-1))
			}
			slices.Sort(overheads)
			b.ReportMetric(overheads[len(overheads)/2], "overhead%")
			b.ReportMetric(float64(2*archs*batch*b.N)/b.Elapsed().Seconds(), "items/s")
		})
	}
}

// only is the architecture of a network alone; nil is the supernet.
func only[A spaces.Arch](a spaces.Arch) *A {
	if a == nil {
		return nil
	}
	arch := a.(A)
	return &arch
}

// inTurn samples the same architectures again and again.
type inTurn []spaces.Arch

// Paths returns the architecture of a step.
func (c inTurn) Paths(dst []spaces.Arch, _ *rand.Rand, step int) []spaces.Arch {
	return append(dst, c[step%len(c)])
}
