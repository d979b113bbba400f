//go:build !purego

package softmax

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// kernelsFor leaves the exponentials, which take nearly all of the time, to package vec.
func kernelsFor(isa cpu.ISA) kernels {
	k := portable
	if isa == cpu.NEON {
		k.exp = expNEON
	}
	return k
}

// vecBlock is how many elements package vec handles in the calling goroutine.
const vecBlock = 1 << 14

func expNEON(dst, x []float32, m float32) (sum float64) {
	for len(dst) > 0 {
		n := min(len(dst), vecBlock)
		for i, v := range x[:n] {
			dst[i] = v - m
		}
		vec.Exp(dst[:n], dst[:n])
		sum += vec.Sum(dst[:n])
		dst, x = dst[n:], x[n:]
	}
	return sum
}
