//go:build !purego

package softmax

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// kernelsFor leaves the exponentials, which take nearly all of the time, to package vec.
func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{maxSum: maxSumNEON, exp: expNEON, affine: affineNEON}
	}
	return generic
}

//go:noescape
func maxSumNEON(x []float32) (m float32, sum float64)

//go:noescape
func affineNEON(x []float32, a, b float32)

func expNEON(dst, x []float32, m float32) float64 {
	copy(dst, x)
	affineNEON(dst, 1, -m)
	vec.LocalExp(dst, dst)
	return vec.LocalSum(dst)
}
