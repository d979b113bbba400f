package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
)

// In bfloat16 what is multiplied is rounded where it is packed: values behind their activation or their folded normalisation, output
// gradients behind their affine function, and weights. Nothing is read in place. The products of such numbers are exact in float32, so the
// algorithms are those of float32, Winograd's among them.

// round rounds, in the calling goroutine, operands that have been packed to the precision of the call.
func (in *Input) round(s []float32) {
	if in.Precision == gemm.BF16 {
		bf16.LocalRound(s, s)
	}
}

// copyRounded copies rows × cols floats in the precision of the call.
func (in *Input) copyRounded(dst []float32, dstLD int, src []float32, srcLD, rows, cols int) {
	switch {
	case in.Precision == gemm.Float32:
		copyTile(dst, dstLD, src, srcLD, rows, cols)
	case dstLD == cols && srcLD == cols:
		bf16.LocalRound(dst[:rows*cols], src[:rows*cols])
	default:
		for r := range rows {
			bf16.LocalRound(dst[r*dstLD:][:cols], src[r*srcLD:][:cols])
		}
	}
}
