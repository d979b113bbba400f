package pool

import (
	"sync"

	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// task is a pass in progress.
type task struct {
	mu sync.Mutex

	row  func(t *task, w *parallel.Worker, n, r int) // computes row r of the result for image n
	rows int                                         // of an image's result
	band int                                         // rows in a chunk

	avg          Avg
	in           Shape
	oh, ow       int
	columns      []run
	dst, src     []float32 // result and operand of the pass, whichever side of the layer they are
	ldDst, ldSrc int
	accumulate   bool
}

// job is the only task, so that a call allocates nothing. The pool of workers serves one caller at a time anyway.
var job task

// bandFloats is about how much of its result a chunk computes: some microseconds of work.
const bandFloats = 1 << 14

// begin takes hold of the task and sets its operands.
func begin(a Avg, in Shape, oh, ow int, dst []float32, ldDst int, src []float32, ldSrc int, accumulate bool) *task {
	t := &job
	t.mu.Lock()
	t.avg, t.in, t.oh, t.ow, t.accumulate = a, in, oh, ow, accumulate
	t.dst, t.ldDst, t.src, t.ldSrc = dst, ldDst, src, ldSrc
	t.columns = a.appendRuns(t.columns[:0], in.W, ow)
	return t
}

// run computes rows×width pixels of every image and lets go of the task.
func (t *task) run(row func(t *task, w *parallel.Worker, n, r int), rows, width int) {
	defer t.mu.Unlock()
	if t.in.N <= 0 || t.in.C <= 0 || rows <= 0 || width <= 0 {
		return
	}
	t.row, t.rows = row, rows
	t.band = max(1, bandFloats/(width*t.in.C))
	parallel.Run(t.in.N*t.bands(), t)
	t.dst, t.src = nil, nil
}

func (t *task) bands() int { return (t.rows + t.band - 1) / t.band }

func (t *task) Chunk(w *parallel.Worker, i int) {
	n, first := i/t.bands(), i%t.bands()*t.band
	for r := first; r < min(first+t.band, t.rows); r++ {
		t.row(t, w, n, r)
	}
}

// A run is a range of output columns whose windows hold equally many columns, all weighted with the inverse of that.
type run struct {
	from, to int
	weight   float32
}

// appendRuns appends the runs of out output columns over in input columns: at most the borders, one column each, and the
// interior.
func (a Avg) appendRuns(runs []run, in, out int) []run {
	for o := range out {
		weight := a.weight(o, in)
		if last := len(runs) - 1; last >= 0 && runs[last].weight == weight {
			runs[last].to++
		} else {
			runs = append(runs, run{o, o + 1, weight})
		}
	}
	return runs
}

// window returns the range of the in input rows (or columns) that lie in the window of output row (or column) o.
func (a Avg) window(o, in int) (from, to int) {
	first := o*a.Stride - a.Pad
	return max(first, 0), min(first+a.Kernel, in)
}

// weight returns one over the number of rows (or columns) that output row (or column) o is averaged over.
func (a Avg) weight(o, in int) float32 {
	if a.CountPad {
		return 1 / float32(a.Kernel)
	}
	from, to := a.window(o, in)
	return 1 / float32(to-from)
}

// forwardRow computes an output row: first the means over the rows of each window, in a line as wide as the padded image,
// then over the columns.
func (t *task) forwardRow(worker *parallel.Worker, n, oh int) {
	a, c := t.avg, t.in.C
	scratch := worker.Scratch((t.in.W+2*a.Pad)*c + a.Kernel)
	line, w := scratch[:(t.in.W+2*a.Pad)*c], scratch[(t.in.W+2*a.Pad)*c:]
	image := line[a.Pad*c:][:t.in.W*c]
	clear(line[:a.Pad*c])
	clear(line[len(line)-a.Pad*c:])

	from, to := a.window(oh, t.in.H)
	src := t.src[(n*t.in.H+from)*t.in.W*t.ldSrc:]
	taps(image, src, repeat(w[:to-from], a.weight(oh, t.in.H)), grid{
		pixels: t.in.W, cols: c, dstStep: c, srcStep: t.ldSrc, tapStep: t.in.W * t.ldSrc,
	}, false)

	dst := t.dst[(n*t.oh+oh)*t.ow*t.ldDst:]
	for _, r := range t.columns {
		taps(dst[r.from*t.ldDst:], line[r.from*a.Stride*c:], repeat(w, r.weight), grid{
			pixels: r.to - r.from, cols: c, dstStep: t.ldDst, srcStep: a.Stride * c, tapStep: c,
		}, t.accumulate)
	}
}

// backwardRow computes row h of the gradient of the input: first the sum over the output rows whose windows hold row h,
// divided by the size of each window, in a line as wide as the output; then the sum over columns. Input columns that are
// Stride apart see the line through the same pattern of taps, so they are handled together.
func (t *task) backwardRow(worker *parallel.Worker, n, h int) {
	a, c := t.avg, t.in.C
	left := (a.Kernel - 1) / a.Stride // columns that taps reach beyond the output, where the line is zero
	right := max(0, (t.in.W-1+a.Pad)/a.Stride-(t.ow-1))
	width := (left + t.ow + right) * c
	scratch := worker.Scratch(width + a.Kernel)
	line, w := scratch[:width], scratch[width:]
	clear(line[:left*c])
	clear(line[width-right*c:])

	from := max(0, (h+a.Pad-a.Kernel+a.Stride)/a.Stride) // a.Kernel-a.Stride ≤ h+a.Pad-from*a.Stride
	to := min(t.oh, (h+a.Pad)/a.Stride+1)
	rows := max(0, to-from)
	for _, r := range t.columns {
		for i := range rows {
			w[i] = r.weight * a.weight(from+i, t.in.H)
		}
		var src []float32
		if rows > 0 {
			src = t.src[((n*t.oh+from)*t.ow+r.from)*t.ldSrc:]
		}
		taps(line[(left+r.from)*c:], src, w[:rows], grid{
			pixels: r.to - r.from, cols: c, dstStep: c, srcStep: t.ldSrc, tapStep: t.ow * t.ldSrc,
		}, false)
	}

	dst := t.dst[(n*t.in.H+h)*t.in.W*t.ldDst:]
	repeat(w, 1)
	for phase := range min(a.Stride, t.in.W) {
		// The windows of input column `phase` start at output column last-count+1, those of column phase+Stride one later.
		last := (phase + a.Pad) / a.Stride
		count := max(0, (a.Kernel-(phase+a.Pad)%a.Stride+a.Stride-1)/a.Stride)
		var src []float32
		if count > 0 {
			src = line[(left+last-count+1)*c:]
		}
		taps(dst[phase*t.ldDst:], src, w[:count], grid{
			pixels: (t.in.W - phase + a.Stride - 1) / a.Stride, cols: c, dstStep: a.Stride * t.ldDst, srcStep: c, tapStep: c,
		}, t.accumulate)
	}
}

// globalForwardRow computes the one row of an image's means: the pixels are the taps.
func (t *task) globalForwardRow(worker *parallel.Worker, n, _ int) {
	pixels := t.in.H * t.in.W
	w := repeat(worker.Scratch(pixels), 1/float32(pixels))
	taps(t.dst[n*t.ldDst:], t.src[n*pixels*t.ldSrc:], w, grid{pixels: 1, cols: t.in.C, tapStep: t.ldSrc}, false)
}

// globalBackwardRow computes row h of the gradient of the input: the same single tap for every pixel.
func (t *task) globalBackwardRow(worker *parallel.Worker, n, h int) {
	w := repeat(worker.Scratch(1), 1/float32(t.in.H*t.in.W))
	taps(t.dst[(n*t.in.H+h)*t.in.W*t.ldDst:], t.src[n*t.ldSrc:], w, grid{
		pixels: t.in.W, cols: t.in.C, dstStep: t.ldDst,
	}, t.accumulate)
}

// repeat fills w with one value.
func repeat(w []float32, v float32) []float32 {
	for i := range w {
		w[i] = v
	}
	return w
}
