//go:build !purego

package softmax

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// kernelsFor leaves the exponentials, which take nearly all of the time, to package vec.
func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{maxSum: maxSumNEON, exp: expNEON, affine: affineNEON}
	}
	return portable
}

//go:noescape
func maxSumNEON(x []float32) (m float32, sum float64)

//go:noescape
func affineNEON(x []float32, a, b float32)

// vecBlock is how many elements package vec handles in the calling goroutine.
const vecBlock = 1 << 14

func expNEON(dst, x []float32, m float32) (sum float64) {
	for len(dst) > 0 {
		n := min(len(dst), vecBlock)
		copy(dst[:n], x[:n])
		affineNEON(dst[:n], 1, -m)
		vec.Exp(dst[:n], dst[:n])
		sum += vec.Sum(dst[:n])
		dst, x = dst[n:], x[n:]
	}
	return sum
}
