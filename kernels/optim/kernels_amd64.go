//go:build !purego

package optim

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{momentum: momentumAVX512, nesterov: nesterovAVX512, adam: adamAVX512, rmsprop: rmspropAVX512, asgd: asgdAVX512}
	case cpu.AVX2:
		return kernels{momentum: momentumAVX2, nesterov: nesterovAVX2, adam: adamAVX2, rmsprop: rmspropAVX2, asgd: asgdAVX2}
	}
	return generic
}

//go:noescape
func momentumAVX512(p, v, g []float32, s SGD)

//go:noescape
func nesterovAVX512(p, v, g []float32, s SGD)

//go:noescape
func momentumAVX2(p, v, g []float32, s SGD)

//go:noescape
func nesterovAVX2(p, v, g []float32, s SGD)

//go:noescape
func adamAVX512(p, a, b, g []float32, c *coefficients)

//go:noescape
func rmspropAVX512(p, a, b, g []float32, c *coefficients)

//go:noescape
func asgdAVX512(p, a, b, g []float32, c *coefficients)

//go:noescape
func adamAVX2(p, a, b, g []float32, c *coefficients)

//go:noescape
func rmspropAVX2(p, a, b, g []float32, c *coefficients)

//go:noescape
func asgdAVX2(p, a, b, g []float32, c *coefficients)
