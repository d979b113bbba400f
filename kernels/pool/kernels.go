package pool

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// kernels are the inner loops of one instruction set.
type kernels struct {
	taps  tapsKernel
	max   maxKernel
	route routeKernel
}

var active = kernelsFor(cpu.Selected())
