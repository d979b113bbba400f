package strided

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// A tileKernel transposes a square,
//
//	dst[j*dstStep+i] = src[i*srcStep+j] for i, j in 0 … tile-1
//
// and touches nothing else of the slices.
type tileKernel func(dst []float32, dstStep int, src []float32, srcStep int)

// kernels are the inner loops of one instruction set.
type kernels struct{ tile tileKernel }

var active = kernelsFor(cpu.Selected())
