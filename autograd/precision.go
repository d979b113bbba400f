package autograd

import "github.com/oneshot-nas/oneshot/kernels/gemm"

// Precision is what operations round the operands of their products to ([Tape.Precision]): the values that they multiply, the weights, and
// on the way back the gradients of their results. What the products add up, and so all values and gradients on the tape, is float32.
//
// It is for dense convolutions, grouped and transposed ones too, linear layers, recurrent layers and a [MatMul] of two matrices. The rest
// is float32 in any case: depthwise convolutions, [Attention] and batches of products, norms, pools, losses, optimisers, embeddings, and
// the weights themselves.
type Precision = gemm.Precision

const (
	// Float32 rounds nothing.
	Float32 = gemm.Float32
	// BF16 rounds to bfloat16, of eight binary digits with the range of a float32, so that no loss has to be scaled (Kalamkar et al. 2019,
	// arXiv 1905.12322). It is fast where the processor has a unit for it.
	BF16 = gemm.BF16
)

// ParsePrecision is the precision of that name: float32 or bf16.
func ParsePrecision(name string) (Precision, error) { return gemm.ParsePrecision(name) }
