//go:build amd64 && !purego

package pool

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func kernelsFor(isa cpu.ISA) tapsKernel {
	switch isa {
	case cpu.AVX512:
		return tapsAVX512
	case cpu.AVX2:
		return tapsAVX2
	}
	return portable
}

//go:noescape
func tapsAVX512(dst, src, w []float32, g grid, accumulate bool)

//go:noescape
func tapsAVX2(dst, src, w []float32, g grid, accumulate bool)
