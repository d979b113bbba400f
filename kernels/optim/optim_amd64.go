//go:build amd64 && !purego

package optim

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{momentum: momentumAVX512, nesterov: nesterovAVX512}
	case cpu.AVX2:
		return kernels{momentum: momentumAVX2, nesterov: nesterovAVX2}
	}
	return portable
}

//go:noescape
func momentumAVX512(p, v, g []float32, s SGD)

//go:noescape
func nesterovAVX512(p, v, g []float32, s SGD)

//go:noescape
func momentumAVX2(p, v, g []float32, s SGD)

//go:noescape
func nesterovAVX2(p, v, g []float32, s SGD)
