package conv

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// The inner loops of this package, one set per instruction set. Tiles are always whole: the callers in forward.go and
// backward.go give ragged edges a scratch tile and copy what is valid, so no inner loop has a tail in pixels or channels.
type kernels struct {
	tiles []tileKernel // the widest block of channels first; the last has a block of 16
	// outer products, widest block of output channels first; the last has a block of 16.
	outers []outerKernel
	// outer3x9 (may be nil) takes three runs of nine inputs at once, which lie xTap apart: 3×3 taps on an image of three channels, of
	// which a kernel with a number of rows that divides vectors would compute many in vain.
	outer3x9 *outerKernel

	winograd *winogradKernels // nil: every convolution is direct
}

// outerKernel accumulates rows × block weights at a time, held in registers.
type outerKernel struct {
	block, rows int
	run         func(*outerArgs)
	tall        func(*outerArgs) // may be nil: the same for half as many rows again
}

// over runs the kernel on a multiple of its rows: dw and x begin at the first. ahead may be nil.
func (o *outerKernel) over(a *outerArgs, dw, x []float32, rows int, ahead *lookAhead) {
	tall := o.rows * 3 / 2
	for i := 0; i < rows; {
		a.dw, a.x = dw[i*a.dwRow:], x[i:]
		if ahead != nil {
			ahead.next(a)
		}
		// What is left stays a sum of heights.
		if left := rows - i; o.tall != nil && (left >= 2*tall || left == tall) {
			o.tall(a)
			i += tall
		} else {
			o.run(a)
			i += o.rows
		}
	}
}

// calls is how many calls over makes.
func (o *outerKernel) calls(rows int) int {
	height := o.rows
	if o.tall != nil {
		height = o.rows * 3 / 2
	}
	return (rows + height - 1) / height
}

// outerFor is the kernel that serves outs output channels: the widest whose block they fill.
func (k *kernels) outerFor(outs int) outerKernel {
	for _, o := range k.outers {
		if outs%o.block == 0 {
			return o
		}
	}
	return k.outers[len(k.outers)-1]
}

// All offsets and distances below count floats.

// outerArgs describes a sum of outer products over pixels: for i < rows of the kernel and c < block,
//
//	dw[i·dwRow + c] (+)= Σ_{row,col} x[row·xRow + col·xPix + i] · dy[row·dyRow + col·dyPix + c]
type outerArgs struct {
	dw           []float32
	dwRow        int
	x            []float32
	xPix, xRow   int
	dy           []float32
	dyPix, dyRow int
	cols, rows   int
	xTap         int // from a run of inputs to the next, for outer3x9
	add          int // 1: add to dw, 0: overwrite it
	// ahead (may be nil) is memory that will be needed soon: a kernel may fetch it into the level-2 cache on its way, aheadStep further
	// at every pixel.
	ahead     []float32
	aheadStep int
}

// lookAhead is memory that calls of outer kernels fetch on their way, each an equal share.
type lookAhead struct {
	regions [2][]float32
	share   int
}

// spread divides x and dy among calls.
func (l *lookAhead) spread(calls int, x, dy []float32) {
	l.regions = [2][]float32{x, dy}
	l.share = (len(x) + len(dy) + calls - 1) / calls
}

// next gives the next call its share.
func (l *lookAhead) next(a *outerArgs) {
	a.ahead = nil
	for i, r := range l.regions {
		if len(r) > 0 {
			n := min(len(r), l.share)
			a.ahead, l.regions[i] = r[:n], r[n:]
			a.aheadStep = (n + a.cols - 1) / a.cols
			return
		}
	}
}

var active = kernelsFor(cpu.Selected())
