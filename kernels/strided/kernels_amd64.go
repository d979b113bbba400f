//go:build !purego

package strided

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// kernelsFor has nothing for AVX-512 alone: a transposition in halves of a cache line waits for memory as well.
func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.AVX512 || isa == cpu.AVX2 {
		return kernels{tile: tileAVX2}
	}
	return generic
}

//go:noescape
func tileAVX2(dst []float32, dstStep int, src []float32, srcStep int)
