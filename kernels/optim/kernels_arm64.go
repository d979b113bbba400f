//go:build !purego

package optim

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{momentum: momentumNEON, nesterov: nesterovNEON, adam: adamNEON, rmsprop: rmspropNEON, asgd: asgdNEON}
	}
	return generic
}

//go:noescape
func momentumNEON(p, v, g []float32, s SGD)

//go:noescape
func nesterovNEON(p, v, g []float32, s SGD)

//go:noescape
func adamNEON(p, a, b, g []float32, c *coefficients)

//go:noescape
func rmspropNEON(p, a, b, g []float32, c *coefficients)

//go:noescape
func asgdNEON(p, a, b, g []float32, c *coefficients)
