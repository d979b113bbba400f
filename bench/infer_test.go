package bench

import (
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
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
