package pool

import (
	"sync"

	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// task is a pass in progress.
type task struct {
	mu sync.Mutex

	pass pass
	rows int // of an image's result
	band int // rows in a chunk

	avg          Avg
	in           Shape
	oh, ow       int
	vertical     []run     // of output rows
	horizontal   []run     // of output columns
	dst, src     []float32 // result and operand of the pass, whichever side of the layer they are
	ldDst, ldSrc int
	accumulate   bool
}

// A pass computes the rows from..to-1 of its result for image n.
type pass func(t *task, w *parallel.Worker, n, from, to int)

// job is the only task, so that a call allocates nothing. The pool of workers serves one caller at a time anyway.
var job task

// bandFloats is about how much of its result a chunk computes, so that its scratch stays in the nearest caches.
const bandFloats = 1 << 14

// begin takes hold of the task and sets its operands.
func begin(a Avg, in Shape, oh, ow int, dst []float32, ldDst int, src []float32, ldSrc int, accumulate bool) *task {
	t := &job
	t.mu.Lock()
	t.avg, t.in, t.oh, t.ow, t.accumulate = a, in, oh, ow, accumulate
	t.dst, t.ldDst, t.src, t.ldSrc = dst, ldDst, src, ldSrc
	t.vertical = a.appendRuns(t.vertical[:0], in.H, oh)
	t.horizontal = a.appendRuns(t.horizontal[:0], in.W, ow)
	return t
}

// run computes rows×width pixels of every image and lets go of the task.
func (t *task) run(p pass, rows, width int) {
	defer t.mu.Unlock()
	if t.in.N <= 0 || t.in.C <= 0 || rows <= 0 || width <= 0 {
		return
	}
	t.pass, t.rows = p, rows
	t.band = max(1, bandFloats/(width*t.in.C))
	parallel.Run(t.in.N*t.bands(), t)
	t.dst, t.src = nil, nil
}

func (t *task) bands() int { return (t.rows + t.band - 1) / t.band }

func (t *task) Chunk(w *parallel.Worker, i int) {
	from := i % t.bands() * t.band
	t.pass(t, w, i/t.bands(), from, min(from+t.band, t.rows))
}

// forward computes output rows: first the means over the rows of each window, in lines as wide as the padded image, then
// over the columns.
func (t *task) forward(worker *parallel.Worker, n, from, to int) {
	a, c := t.avg, t.in.C
	margin, image := a.Pad*c, t.in.W*c
	line := image + 2*margin
	scratch := worker.Scratch((to-from)*line + a.Kernel)
	lines, w := scratch[:(to-from)*line], scratch[(to-from)*line:] // lines first: they are aligned
	zero(lines, to-from, line, margin)
	zero(lines[margin+image:], to-from, line, margin)

	for _, r := range t.vertical {
		if r, ok := r.clip(from, to, a.Stride); ok {
			taps(lines[(r.from-from)*line+margin:], t.src[(n*t.in.H+r.first)*t.in.W*t.ldSrc:], repeat(w[:r.count], r.weight), grid{
				rows: r.to - r.from, pixels: t.in.W, cols: c,
				dstRow: line, dstStep: c,
				srcRow: a.Stride * t.in.W * t.ldSrc, srcStep: t.ldSrc, tapStep: t.in.W * t.ldSrc,
			}, false)
		}
	}
	for _, r := range t.horizontal {
		taps(t.dst[((n*t.oh+from)*t.ow+r.from)*t.ldDst:], lines[r.from*a.Stride*c:], repeat(w, r.weight), grid{
			rows: to - from, pixels: r.to - r.from, cols: c,
			dstRow: t.ow * t.ldDst, dstStep: t.ldDst,
			srcRow: line, srcStep: a.Stride * c, tapStep: c,
		}, t.accumulate)
	}
}

// backward computes rows of the gradient of the input. All output rows whose windows hold one of them are divided by the
// sizes of the windows, into lines with margins of zeros where windows would continue beyond the output. Sums over rows
// and sums over columns follow, phase by phase.
func (t *task) backward(worker *parallel.Worker, n, from, to int) {
	a, c := t.avg, t.in.C
	rows := to - from
	first, end := a.windows(from, to)   // output rows, those beyond the output included
	left, right := a.windows(0, t.in.W) // columns likewise
	line := (right - left) * c
	scratch := worker.Scratch((end-first+rows)*line + a.Kernel)
	lines, sums, w := scratch[:(end-first)*line], scratch[(end-first)*line:][:rows*line], scratch[(end-first+rows)*line:]

	inside, outside := max(first, 0), min(end, t.oh)
	clear(lines[:(inside-first)*line])
	clear(lines[max(outside-first, 0)*line:])
	zero(lines, end-first, line, -left*c)
	zero(lines[(t.ow-left)*c:], end-first, line, (right-t.ow)*c)
	for _, v := range t.vertical {
		v, ok := v.clip(inside, outside, a.Stride)
		if !ok {
			continue
		}
		for _, h := range t.horizontal {
			taps(lines[(v.from-first)*line+(h.from-left)*c:], t.src[((n*t.oh+v.from)*t.ow+h.from)*t.ldSrc:], repeat(w[:1], v.weight*h.weight), grid{
				rows: v.to - v.from, pixels: h.to - h.from, cols: c,
				dstRow: line, dstStep: c,
				srcRow: t.ow * t.ldSrc, srcStep: t.ldSrc,
			}, false)
		}
	}

	ones := repeat(w, 1)
	for i := range min(a.Stride, rows) {
		p := a.phaseOf(from + i)
		taps(sums[i*line:], lines[(p.from-first)*line:], ones[:p.count], grid{
			rows: (rows - i + a.Stride - 1) / a.Stride, pixels: 1, cols: line,
			dstRow: a.Stride * line, srcRow: line, tapStep: line,
		}, false)
	}
	for i := range min(a.Stride, t.in.W) {
		p := a.phaseOf(i)
		taps(t.dst[((n*t.in.H+from)*t.in.W+i)*t.ldDst:], sums[(p.from-left)*c:], ones[:p.count], grid{
			rows: rows, pixels: (t.in.W - i + a.Stride - 1) / a.Stride, cols: c,
			dstRow: t.in.W * t.ldDst, dstStep: a.Stride * t.ldDst,
			srcRow: line, srcStep: c, tapStep: c,
		}, t.accumulate)
	}
}

// globalForward computes the one row of an image's means: the pixels are the taps.
func (t *task) globalForward(worker *parallel.Worker, n, _, _ int) {
	pixels := t.in.H * t.in.W
	w := repeat(worker.Scratch(pixels), 1/float32(pixels))
	taps(t.dst[n*t.ldDst:], t.src[n*pixels*t.ldSrc:], w, grid{rows: 1, pixels: 1, cols: t.in.C, tapStep: t.ldSrc}, false)
}

// globalBackward computes rows of the gradient of the input: the same single tap for every pixel.
func (t *task) globalBackward(worker *parallel.Worker, n, from, to int) {
	w := repeat(worker.Scratch(1), 1/float32(t.in.H*t.in.W))
	taps(t.dst[(n*t.in.H+from)*t.in.W*t.ldDst:], t.src[n*t.ldSrc:], w, grid{
		rows: 1, pixels: (to - from) * t.in.W, cols: t.in.C, dstStep: t.ldDst,
	}, t.accumulate)
}

// zero clears the first cols floats of lines that lie ld apart.
func zero(lines []float32, rows, ld, cols int) {
	taps(lines, nil, nil, grid{rows: rows, pixels: 1, cols: cols, dstRow: ld}, false)
}

// repeat fills w with one value.
func repeat(w []float32, v float32) []float32 {
	for i := range w {
		w[i] = v
	}
	return w
}
