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
