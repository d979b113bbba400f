//go:build !purego

package pool

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{taps: tapsAVX512, max: maxAVX512, route: routeAVX512}
	case cpu.AVX2:
		return kernels{taps: tapsAVX2, max: maxAVX2, route: routeAVX2}
	}
	return generic
}

//go:noescape
func tapsAVX512(dst, src, w []float32, g grid, accumulate bool)

//go:noescape
func maxAVX512(dst []float32, index []uint8, src []float32, from []uint8, g maxGrid)

//go:noescape
func routeAVX512(dst, src []float32, index []uint8, taps []tap, g routeGrid, accumulate, nonTemporal bool)

//go:noescape
func tapsAVX2(dst, src, w []float32, g grid, accumulate bool)

//go:noescape
func maxAVX2(dst []float32, index []uint8, src []float32, from []uint8, g maxGrid)

//go:noescape
func routeAVX2(dst, src []float32, index []uint8, taps []tap, g routeGrid, accumulate, nonTemporal bool)
