//go:build !purego

package softmax

import (
	"math"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{maxSum: maxSumAVX512, exp: expAVX512, affine: affineAVX512}
	case cpu.AVX2:
		return kernels{maxSum: maxSumAVX2, exp: expAVX2, affine: affineAVX2}
	}
	return generic
}

// expTable holds the constants of the exponential in assembly. With n the integer nearest to t/ln 2 and r = t - n·ln 2,
// |r| ≤ ln 2 / 2, exp(t) = 2ⁿ·exp(r), and the Taylor polynomial of degree 7 misses exp(r) by less than 0.1 ULP. ln 2 is
// split in two so that n·ln2Hi is exact. Arguments are first raised to -104, where the result is 0.
//
//lint:ignore U1000 read by the assembly
var expTable = [...]float32{
	-104,
	1 / math.Ln2,
	ln2Hi,
	math.Ln2 - ln2Hi,
	1. / 5040,
	1. / 720,
	1. / 120,
	1. / 24,
	1. / 6,
	1. / 2,
	1,
}

const ln2Hi = 0x1.63p-1

//go:noescape
func maxSumAVX512(x []float32) (m float32, sum float64)

//go:noescape
func expAVX512(dst, x []float32, m float32) float64

//go:noescape
func affineAVX512(x []float32, a, b float32)

//go:noescape
func maxSumAVX2(x []float32) (m float32, sum float64)

//go:noescape
func expAVX2(dst, x []float32, m float32) float64

//go:noescape
func affineAVX2(x []float32, a, b float32)
