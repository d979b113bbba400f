//go:build !purego

package strided

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{tile: tileNEON}
	}
	return generic
}

//go:noescape
func tileNEON(dst []float32, dstStep int, src []float32, srcStep int)
