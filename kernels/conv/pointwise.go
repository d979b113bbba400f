package conv

import "github.com/oneshot-nas/oneshot/kernels/gemm"

// A 1×1 convolution at stride 1 is a product of matrices, and if nothing has to be done to its operands on the way, the backward
// pass is better left to package gemm: dx = dy·Wᵀ and dW = xᵀ·dy, over all pixels of the batch.

// pointwiseMin is the number of weights from which that goes for the weight gradient too: a smaller one is cut into too few
// blocks for several threads.
const pointwiseMin = 64 * 64

// isPointwise reports whether the branches are one convolution whose input gradient is a product of matrices as it stands.
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
	dy := gemm.Matrix{Data: b.G, LD: b.LDG}
	if b.DWeight != nil {
		x, dw := gemm.Matrix{Data: in.X, LD: in.LD, Trans: true}, gemm.Matrix{Data: b.DWeight, LD: channel}
		if cin*cout >= pointwiseMin {
			gemm.Mul(cin, cout, pixels, 1, x, dy, keep(b.AddWeight), dw)
		} else {
			backward.run(&active, in, nil, 0, false, branches)
		}
	}
	if dx != nil {
		w := gemm.Matrix{Data: b.Weight, LD: channel, Trans: true}
		gemm.Mul(pixels, cin, cout, 1, dy, w, keep(add), gemm.Matrix{Data: dx, LD: lddx})
	}
}

// keep is the factor of what a gradient holds already.
func keep(add bool) float32 {
	if add {
		return 1
	}
	return 0
}
