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
	// tile is a call of a matrix unit; nil where there is none.
	tile func(args *tileArgs)
}

var active = kernelsFor(cpu.Selected())
