package bench

import (
	"fmt"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/nn/examples/convnet"
	"github.com/oneshot-nas/oneshot/supernet"
	"github.com/oneshot-nas/oneshot/tensor"
)

// BenchmarkScore times forward passes as in the scoring of a supernet: 250 images at a time (text: as in training), batch norms with
// the statistics of the batch.
func BenchmarkScore(b *testing.B) {
	forward(b, 250, autograd.BatchStatistics)
}

// BenchmarkInfer times forward passes of one image (text: one column) with running statistics.
func BenchmarkInfer(b *testing.B) {
	forward(b, 1, autograd.Inference)
}

// BenchmarkConvNet times the network of the examples on images of CIFAR-10's size: what a program that embeds the engine has of it. Images
// that come one by one may also be answered by several goroutines, each on a tape of its own.
func BenchmarkConvNet(b *testing.B) {
	store := nn.NewStore(1)
	net := convnet.New(store, 32, 10)
	macs := float64(nn.Summary(net, 1, 32, 32, 3).MACs)
	infer := func(tape *autograd.Tape, x tensor.Tensor) {
		tape.Reset(autograd.Inference)
		net.Forward(tape, tape.Constant(x))
	}
	for _, size := range []int{1, 64} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			tape, x := autograd.NewTape(), tensor.New(size, 32, 32, 3)
			measure(b, size, "img/s", macs, 0, func() { infer(tape, x) })
		})
	}
	b.Run("goroutines", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			tape, x := autograd.NewTape(), tensor.New(1, 32, 32, 3)
			for pb.Next() {
				infer(tape, x)
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "img/s")
	})
}

func forward(b *testing.B, size int, mode autograd.Mode) {
	for _, n := range published {
		b.Run(n.name, func(b *testing.B) {
			model, space, arch, data := n.make(b)
			if err := model.Activate(arch); err != nil {
				b.Fatal(err)
			}
			pass := supernet.Pass{Tape: autograd.NewTape(), Progress: 1}
			size, items := size, size
			if r, ok := model.(supernet.Recurrent); ok {
				size = min(size, n.batch)
				items = size * n.items / n.batch
				pass.Hidden = tensor.New(size, r.HiddenSize())
			}
			var batch supernet.Batch
			data.Calibrate(&batch, size, 1, 0)
			measure(b, items, n.unit, float64(space.Network(arch).MACs()), 0, func() {
				pass.Tape.Reset(mode)
				model.Forward(&pass, &batch)
			})
		})
	}
}
