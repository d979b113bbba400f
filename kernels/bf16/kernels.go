package bf16

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// kernels is what an instruction set offers. Numbers are multiplied by scale before they are rounded.
type kernels struct {
	// dst[i] = Float32(Of(scale · x[i])); dst may be x.
	round func(dst, x []float32, scale float32)
	// dst[i] = Of(scale · x[i])
	encode func(dst []uint16, x []float32, scale float32)
	// pairs interleaves pairs of rows of x, in panels of 16 columns: for p < pairs and j < 16·panels,
	//
	//	dst[j/16·next + 32·p + 2·(j%16) + h] = Of(scale · x[(2·p+h)·row + j]) for h = 0, 1
	pairs func(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32)
}

var active = kernelsFor(cpu.Selected())

// unit is what multiplies bfloat16 numbers.
type unit struct {
	// call is the routine in assembly; nil where there is no unit.
	call func(args *tileArgs)
	// dot is its arithmetic: it adds the product of a row of a block of A and a column of one of B, whose pairs are 16 columns apart, to
	// sum.
	dot func(a, b []uint16, block int, sum float32) float32
	// rows bounds those of a call, which cannot be preempted: it is to take some microseconds.
	rows  int
	tiles bool // to be configured for each call
	speed int  // see Speed
}

// portable stands where there is no unit: the specification, with the arithmetic of AMX.
var portable = unit{dot: dotTDPBF16PS, speed: 1}

var activeUnit = unitFor(cpu.BF16())
