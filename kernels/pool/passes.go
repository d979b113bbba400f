package pool

import (
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// task is a pass in progress.
type task struct {
	pass pass
	n, c int // images, channels
	band int // rows in a chunk

	dst, src   operand // result and operand of the pass, whichever side of the layer they are
	accumulate bool

	vertical, horizontal runs

	// Of max pooling alone.
	max   Max
	index []uint8
	taps  []tap // of each pair of a vertical and a horizontal run, in this order
}

// operand is a batch of images.
type operand struct {
	x    []float32
	ld   int
	h, w int
}

// from returns the elements that start at row y of image n.
func (o *operand) from(n, y int) []float32 { return o.x[(n*o.h+y)*o.w*o.ld:] }

// A pass computes the rows from..to-1 of its result for image n.
type pass func(t *task, w *parallel.Worker, n, from, to int)

var tasks parallel.FreeList[task]

// bandFloats is about how much of its result a chunk computes, so that its scratch stays in the second-level cache.
const bandFloats = 1 << 15

// run executes a pass. The caller has set up the runs that it needs.
func (t *task) run(p pass, n, c int, dst, src operand, accumulate bool) {
	if n <= 0 || c <= 0 || dst.h <= 0 || dst.w <= 0 {
		return
	}
	t.pass, t.n, t.c, t.dst, t.src, t.accumulate = p, n, c, dst, src, accumulate
	t.band = max(1, bandFloats/(dst.w*c))
	parallel.Run(n*t.bands(), n*c*(dst.h*dst.w+src.h*src.w)/4, t)
	t.dst.x, t.src.x, t.index = nil, nil, nil
}

// bands returns the number of chunks of an image.
func (t *task) bands() int { return (t.dst.h + t.band - 1) / t.band }

func (t *task) Chunk(w *parallel.Worker, i int) {
	from := i % t.bands() * t.band
	t.pass(t, w, i/t.bands(), from, min(from+t.band, t.dst.h))
}

// separable sums over rows, into lines as wide as the operand, and then over columns.
func (t *task) separable(worker *parallel.Worker, n, from, to int) {
	c, dst, src := t.c, &t.dst, &t.src
	line := src.w * c
	lines := worker.Scratch((to - from) * line)
	for _, r := range t.vertical.list {
		r = r.clip(from, to)
		if r.rows <= 0 {
			continue
		}
		taps(lines[(r.row-from)*line:], src.from(n, r.first), r.w, grid{
			rows: r.rows, pixels: src.w, cols: c,
			dstRow: r.step * line, dstStep: c,
			srcRow: r.advance * src.w * src.ld, srcStep: src.ld, tapStep: src.w * src.ld,
		}, false)
	}
	for _, r := range t.horizontal.list {
		taps(dst.from(n, from)[r.row*dst.ld:], lines[r.first*c:], r.w, grid{
			rows: to - from, pixels: r.rows, cols: c,
			dstRow: dst.w * dst.ld, dstStep: r.step * dst.ld,
			srcRow: line, srcStep: r.advance * c, tapStep: c,
		}, t.accumulate)
	}
}

// mean computes the one row of an image's means: the pixels are the taps.
func (t *task) mean(worker *parallel.Worker, n, _, _ int) {
	pixels := t.src.h * t.src.w
	w := worker.Scratch(pixels)
	for i := range w {
		w[i] = 1 / float32(pixels)
	}
	taps(t.dst.from(n, 0), t.src.from(n, 0), w, grid{rows: 1, pixels: 1, cols: t.c, tapStep: t.src.ld}, false)
}

// spread computes rows of the gradient of the mean: the same single tap for every pixel.
func (t *task) spread(worker *parallel.Worker, n, from, to int) {
	w := worker.Scratch(1)
	w[0] = 1 / float32(t.dst.h*t.dst.w)
	taps(t.dst.from(n, from), t.src.from(n, 0), w, grid{
		rows: 1, pixels: (to - from) * t.dst.w, cols: t.c, dstStep: t.dst.ld,
	}, t.accumulate)
}
