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
			ahead.take(a)
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

// lookAhead is memory that calls of outer kernels fetch on their way: regions, of which each call takes an equal share, and pixels with
// gaps between them, of which each takes one cache line of all.
type lookAhead struct {
	regions [][]float32
	lines   []aheadLines
	next    int // region
	share   int
}

// aheadLines are the cache lines that hold data[0], data[ld], data[2·ld] …
type aheadLines struct {
	data []float32
	ld   int
}

// reset lets go of everything.
func (l *lookAhead) reset() {
	clear(l.regions)
	clear(l.lines)
	l.regions, l.lines, l.next = l.regions[:0], l.lines[:0], 0
}

// add adds n pixels of c channels, ld apart.
func (l *lookAhead) add(x []float32, n, ld, c int) {
	if ld < c+lineFloats {
		l.regions = append(l.regions, atMost(x, n*ld))
		return
	}
	for i := 0; i < c; i += lineFloats {
		l.lines = append(l.lines, aheadLines{x[i:], ld})
	}
}

// lineFloats is how many floats a cache line holds.
const lineFloats = 16

// spread divides what has been added among calls.
func (l *lookAhead) spread(calls int) {
	n := 0
	for _, r := range l.regions {
		n += len(r)
	}
	calls = max(1, calls-len(l.lines))
	l.share = (n + calls - 1) / calls
}

// take gives the next call its share.
func (l *lookAhead) take(a *outerArgs) {
	a.ahead = nil
	if last := len(l.lines) - 1; last >= 0 {
		a.ahead, a.aheadStep = l.lines[last].data, l.lines[last].ld
		l.lines[last], l.lines = aheadLines{}, l.lines[:last]
		return
	}
	for ; l.next < len(l.regions); l.next++ {
		if r := l.regions[l.next]; len(r) > 0 {
			n := min(len(r), l.share)
			a.ahead, l.regions[l.next] = r[:n], r[n:]
			a.aheadStep = (n + a.cols - 1) / a.cols
			return
		}
	}
}

var active = kernelsFor(cpu.Selected())
