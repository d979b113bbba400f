//go:build !purego

package pool

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{taps: tapsNEON, max: maxNEON, route: routeNEON}
	}
	return generic
}

//go:noescape
func tapsNEON(dst, src, w []float32, g grid, accumulate bool)

//go:noescape
func maxNEON(dst []float32, index []uint8, src []float32, from []uint8, g maxGrid)

//go:noescape
func routeNEON(dst, src []float32, index []uint8, taps []tap, g routeGrid, accumulate, nonTemporal bool)
