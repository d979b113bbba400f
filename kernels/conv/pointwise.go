package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// A 1×1 convolution at stride 1 is a product of matrices, and if nothing has to be done to its operands on the way, the backward
// pass is better left to package gemm: dx = dy·Wᵀ and dW = xᵀ·dy, over all pixels of the batch.

// isPointwise reports whether the branches are one convolution of which that holds.
func isPointwise(in *Input, branches []Branch) bool {
	if len(branches) != 1 {
		return false
	}
	b, k := &branches[0], &branches[0].Kernel
	return k.KH == 1 && k.KW == 1 && k.Stride == 1 && k.PadH == 0 && k.PadW == 0 && !in.ReLU && b.A == nil
}

func pointwiseBackward(in *Input, dx []float32, lddx int, add bool, branches []Branch) {
	b := &branches[0]
	pixels, cin, cout := in.N*in.H*in.W, b.Kernel.Cin, b.Kernel.Cout
	_, _, channel := b.weightStrides()
	if dx != nil {
		w := gemm.Matrix{Data: b.Weight, LD: channel, Trans: true}
		gemm.Mul(pixels, cin, cout, 1, gemm.Matrix{Data: b.G, LD: b.LDG}, w, keep(add), gemm.Matrix{Data: dx, LD: lddx})
	}
	switch {
	case b.DWeight == nil:
	case cin*cout <= pointwiseMin:
		backward.run(&active, in, nil, 0, false, branches)
	case cin*cout >= pointwiseMax:
		x := gemm.Matrix{Data: in.X, LD: in.LD, Trans: true}
		gemm.Mul(cin, cout, pixels, 1, x, gemm.Matrix{Data: b.G, LD: b.LDG}, keep(b.AddWeight), gemm.Matrix{Data: b.DWeight, LD: channel})
	default:
		pointwise.run(in, b)
	}
}

// keep is the factor of what a gradient holds already.
func keep(add bool) float32 {
	if add {
		return 1
	}
	return 0
}

// pointwiseMin is the number of weights up to which their gradient is better off with the outer products of any other convolution:
// to lay panels out would not pay.
const pointwiseMin = 64 * 64

// pointwiseMax is the number of weights from which their gradient is cut into blocks of weights; a smaller one is cut into groups
// of pixels, so that several threads have something to do.
const pointwiseMax = 256 * 256

// pointwiseTask sums a weight gradient over groups of pixels, as many as maxChunks, which are added in order.
type pointwiseTask struct {
	in     *Input
	b      *Branch
	groups int
	part   []float32 // [group][Cin][Cout]
	local  [maxChunks]gemm.Local
}

var pointwise pointwiseTask

func (t *pointwiseTask) run(in *Input, b *Branch) {
	pixels := in.N * in.H * in.W
	t.in, t.b, t.groups = in, b, min(maxChunks, (pixels+255)/256)
	n := b.Kernel.Weights()
	if cap(t.part) < t.groups*n {
		t.part = parallel.Aligned(t.groups * n)
	}
	parallel.Run(t.groups, t)
	if !b.AddWeight {
		b.clearDWeight()
	}
	_, _, channel := b.weightStrides()
	c := b.Kernel.Cout
	for g := range t.groups {
		for i := range b.Kernel.Cin {
			dw := b.DWeight[i*channel:][:c]
			for j, v := range t.part[g*n+i*c:][:c] {
				dw[j] += v
			}
		}
	}
	t.in, t.b = nil, nil
}

// Chunk sums over a group of pixels.
func (t *pointwiseTask) Chunk(w *parallel.Worker, i int) {
	b, n := t.b, t.b.Kernel.Weights()
	lo, hi := chunkOf(t.in.N*t.in.H*t.in.W, t.groups, i)
	x, dy := gemm.Matrix{Data: t.in.X[lo*t.in.LD:], LD: t.in.LD, Trans: true}, gemm.Matrix{Data: b.G[lo*b.LDG:], LD: b.LDG}
	t.local[i].Mul(w, b.Kernel.Cin, b.Kernel.Cout, hi-lo, 1, x, dy, 0, gemm.Matrix{Data: t.part[i*n:][:n], LD: b.Kernel.Cout})
}
