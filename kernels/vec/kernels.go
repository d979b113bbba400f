package vec

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// An elementwiseKernel combines all of dst, a, b and s; a kernel that has no use for b or s ignores it.
type elementwiseKernel func(dst, a, b []float32, s float32)

// A reductionKernel adds the terms of a and b to lanes, element i to lanes[i%32], for the whole groups of 32 elements;
// what is left over belongs to the caller.
type reductionKernel func(lanes *[lanes]float64, a, b []float32)

// kernels is what one instruction set offers.
type kernels struct {
	add, mul, axpy, scale                elementwiseKernel
	relu, relu6, exp, sigmoid, tanh      elementwiseKernel
	reluBackward, reluBackwardAdd        elementwiseKernel
	relu6Backward, relu6BackwardAdd      elementwiseKernel
	sigmoidBackward, sigmoidBackwardAdd  elementwiseKernel
	tanhBackward, tanhBackwardAdd        elementwiseKernel
	sub, div, max, min, sqrt, abs, shift elementwiseKernel
	atLeast, atMost                      elementwiseKernel
	leaky, above, below, equal           elementwiseKernel
	log, normCDF                         elementwiseKernel
	silu, siluBackward                   elementwiseKernel
	hardswish, hardswishBackward         elementwiseKernel

	sum, dot reductionKernel
	// colSums adds rows of len(acc) elements to acc, the whole groups of 16 columns: what is left over belongs to the caller.
	colSums func(acc []float64, x []float32)
	// Those of LocalRowSums, LocalRowMax and LocalRowMin, for one row or more of one column or more.
	rowSums        func(acc []float64, x []float32, cols int)
	rowMax, rowMin func(dst, x []float32, cols int)
	// That of LocalRepeat, likewise.
	repeat func(dst, x []float32, cols int)

	// Those of LocalGate and LocalGateBackward; may be nil.
	gate         func(dst, c, f, s []float32)
	gateBackward func(ds, base, df, c, f, s, dy []float32)

	// The same as relu and reluBackward for results that had better not go through the caches; dst begins at a cache line. May be nil.
	reluNonTemporal, reluBackwardNonTemporal elementwiseKernel
}

var active = kernelsFor(cpu.Selected())
