package rnn

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/internal/limits"
	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

func aligned(_ testing.TB, n int) []float32 { return memory.Aligned(n) }

// BenchmarkLSTM times a layer named after its steps, batch and width. GFLOP/s count two per multiply-add of the products, and
// three times that of forward for both passes; %peak relates them to the multiply-add peak of the threads in use.
func BenchmarkLSTM(b *testing.B) {
	for _, s := range [][3]int{{35, 20, 650}, {35, 64, 850}} {
		l := newLayer(b, rand.New(rand.NewPCG(1, 2)), s[0], s[1], s[2], s[2], aligned)
		forward := func() { l.Forward(l.w, l.x, l.h0, l.c0, l.y, &l.memory) }
		for _, pass := range []struct {
			name  string
			flops float64
			run   func()
		}{
			{"fwd", 1, forward},
			{"fwdbwd", 3, func() { forward(); l.Backward(l.w, l.x, l.h0, l.y, l.dy, nil, &l.memory, l.grad) }},
		} {
			b.Run(fmt.Sprintf("lstm_%d_%d_%d/%s", s[0], s[1], s[2], pass.name), func(b *testing.B) {
				pass.run()
				b.ResetTimer()
				for range b.N {
					pass.run()
				}
				limits.ReportFlops(b, pass.flops*2*float64(s[0]*s[1])*float64(2*s[2]*4*s[2]), runtime.GOMAXPROCS(0))
			})
		}
	}
}

// BenchmarkDARTSCell times the cell of DARTS with the architecture that its authors found on Penn Treebank, masks included.
func BenchmarkDARTSCell(b *testing.B) {
	const steps, batch, h = 35, 64, 850
	l := newCell(b, rand.New(rand.NewPCG(1, 2)), DARTSCell{
		Steps: steps, Batch: batch, Input: h, Hidden: h, Switch: []int{0, 1, 1, 1, 2, 5, 3, 5},
		Act: []activation.Func{activation.Sigmoid, activation.ReLU, activation.ReLU, activation.Identity, activation.Tanh,
			activation.Sigmoid, activation.Tanh, activation.ReLU},
	}, true, aligned)
	products := 2 * float64(steps*batch) * float64(2*h*2*h+len(l.Switch)*h*2*h)
	for _, pass := range []struct {
		name  string
		flops float64
		run   func()
	}{
		{"fwd", products, l.forward},
		{"fwdbwd", 3 * products, func() { l.forward(); l.backward() }},
	} {
		b.Run(fmt.Sprintf("darts_ptb_%d_%d_%d/%s", steps, batch, h, pass.name), func(b *testing.B) {
			pass.run()
			b.ResetTimer()
			for range b.N {
				pass.run()
			}
			limits.ReportFlops(b, pass.flops, runtime.GOMAXPROCS(0))
		})
	}
}

// BenchmarkHighway and BenchmarkEmbedding report GB/s of what they read and write, and relate them to what memory gives.

func BenchmarkHighway(b *testing.B) {
	const batch, h = 64, 850
	ch, s, y := aligned(b, batch*2*h), aligned(b, batch*h), aligned(b, batch*h)
	for _, f := range activations {
		traffic(b, f.String()+"/fwd", 6*batch*h, func() { Highway(y, ch, s, batch, h, f) })
		traffic(b, f.String()+"/bwd", 7*batch*h, func() { HighwayBackward(y, ch, s, s, batch, h, f, false) })
	}
}

func BenchmarkEmbedding(b *testing.B) {
	const rows, width = 10000, 850
	rng := rand.New(rand.NewPCG(3, 4))
	table, index := aligned(b, rows*width), make([]int32, 35*64)
	for i := range index {
		index[i] = int32(rng.IntN(rows))
	}
	y := aligned(b, len(index)*width)
	traffic(b, "fwd", 2*len(y), func() { Embedding(y, table, index, width, nil) })
	traffic(b, "bwd", 3*len(y), func() { EmbeddingBackward(table, y, index, width, nil) })
}

func traffic(b *testing.B, name string, floats int, run func()) {
	b.Run(name, func(b *testing.B) {
		run()
		b.ResetTimer()
		for range b.N {
			run()
		}
		limits.ReportBytes(b, 4*float64(floats), runtime.GOMAXPROCS(0))
		b.ReportMetric(0, "ns/op")
	})
}
