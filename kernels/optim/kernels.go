package optim

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// An sgdKernel applies s to equally long slices.
type sgdKernel func(p, v, g []float32, s SGD)

// kernels is what one instruction set offers.
type kernels struct {
	momentum, nesterov  sgdKernel
	adam, rmsprop, asgd adaptiveKernel
}

// coefficients are the factors of a step, in the order in which its formulas use them.
type coefficients [9]float32

// An adaptiveKernel updates p with its states a and b (which may be nil) and g.
type adaptiveKernel func(p, a, b, g []float32, c *coefficients)

var active = kernelsFor(cpu.Selected())
