package gemm

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

const (
	// rowsPerBlock bounds the rows of a block of C, which is one chunk of work.
	rowsPerBlock = 1920
	// smallWork is the number of multiply-adds from which a second block, and so a second thread, pays.
	smallWork = 1 << 17
	// maxPadding is more than the rows that the last tile of a copy may lack.
	maxPadding = 16
	// packedWork is the number of multiply-adds of a packed product, of which nothing is laid out again, that are worth a block of their own
	// beyond one a thread: who is done first then takes more.
	packedWork = 1 << 20
	// fewPanels is the number of panels from which copying rows of A pays although they could be read in place.
	fewPanels = 4
)

// colsPerBlock bounds the columns of a block. Its panels of B for one step are laid out once and take half the level-2 cache, of which the
// rowsPerCopy rows of A that are copied at a time take a fifth, so that many go past a panel while it is in the level-1 cache. Bits do not
// depend on either.
var (
	colsPerBlock = min(max(cpu.Caches.L2>>11, 128), 1024) &^ 31
	rowsPerCopy  = max(96, colsPerBlock/256*96)
)

// task is one product. What a block needs at hand lives here, not on the stack, because calls through the kernel table would
// make the arguments escape to the heap.
type task struct {
	kernels     *kernels
	m, n, k     int
	step        int // of k
	alpha, beta float32
	a, b, c     Matrix
	packed      *Packed
	bias        []float32 // nil, or what C starts with in every row
	precision   Precision

	blockRows, blockCols int
	rowBlocks            int
	args                 []args // by block
}

// stepFor is how far a panel reaches along the inner dimension: equal steps, but for the last. The order of summation
// depends on it alone.
func (ks *kernels) stepFor(k int) int { return ceil(k, max(1, ceil(k, ks.step))) }

func (t *task) run(ks *kernels, m, n, k int, alpha float32, a, b Matrix, p *Packed, beta float32, c Matrix) {
	if t.tiled(m, n, k, alpha, p) {
		t.runTiled(m, n, k, alpha, a, b, p, beta, c)
		return
	}
	if t.prepare(ks, m, n, k, alpha, a, b, p, beta, c, parallel.Threads()) {
		parallel.Run(t.blocks(), m*n*t.k/32, t)
		t.forget()
	}
}

// runOn is run on one worker.
func (t *task) runOn(w *parallel.Worker, ks *kernels, m, n, k int, alpha float32, a, b Matrix, beta float32, c Matrix) {
	if t.tiled(m, n, k, alpha, nil) {
		t.runTiledOn(w, m, n, k, alpha, a, b, beta, c)
		return
	}
	if t.prepare(ks, m, n, k, alpha, a, b, nil, beta, c, 1) {
		for i := range t.blocks() {
			t.Chunk(w, i)
		}
		t.forget()
	}
}

// prepare describes a product for so many threads, and tells whether there is anything to do.
func (t *task) prepare(ks *kernels, m, n, k int, alpha float32, a, b Matrix, p *Packed, beta float32, c Matrix, threads int) bool {
	if m == 0 || n == 0 {
		return false
	}
	if alpha == 0 {
		k = 0
	}
	t.kernels = ks
	t.m, t.n, t.k, t.step = m, n, k, ks.stepFor(k)
	t.alpha, t.a, t.b, t.beta, t.c, t.packed = alpha, a, b, beta, c, p
	t.divide(threads)
	if n := t.blocks(); len(t.args) < n {
		t.args = make([]args, n)
	}
	return true
}

func (t *task) blocks() int { return t.rowBlocks * ceil(t.n, t.blockCols) }

// forget lets go of the operands.
func (t *task) forget() {
	t.a, t.b, t.c, t.packed, t.bias = Matrix{}, Matrix{}, Matrix{}, nil, nil
	clear(t.args[:t.blocks()])
}

// divide cuts C into blocks: as many as keep the threads busy, and no more, for every block copies its operands again. Bits do
// not depend on it.
func (t *task) divide(threads int) {
	height, width := t.kernels.micros[0].rows, t.kernels.cols
	t.blockRows = roundUp(ceil(t.m, ceil(t.m, rowsPerBlock)), height)
	cols := colsPerBlock
	free := t.packed != nil && t.m <= rowsPerCopy // blocks cost nothing: nothing is laid out, and no panel is read twice
	if free {
		cols = t.n
	}
	t.blockCols = roundUp(ceil(t.n, ceil(t.n, cols)), width)
	if t.m*t.n*t.k >= smallWork {
		for !parallel.Even(t.count(), threads) && t.halve(2*height, width) {
		}
		for free && threads > 1 && t.count() < min(4*threads, t.m*t.n*t.k/packedWork) && t.halve(2*height, width) {
		}
	}
	t.rowBlocks = ceil(t.m, t.blockRows)
}

// count is how many blocks there are.
func (t *task) count() int { return ceil(t.m, t.blockRows) * ceil(t.n, t.blockCols) }

// halve makes the blocks smaller, but no side shorter than that, and reports whether it could.
func (t *task) halve(minRows, minCols int) bool {
	switch rows, cols := t.blockRows, t.blockCols; {
	case rows > minRows && (rows >= cols || cols <= minCols):
		t.blockRows = roundUp(ceil(rows, 2), minRows/2)
	case cols > minCols:
		t.blockCols = roundUp(ceil(cols, 2), minCols)
	default:
		return false
	}
	return true
}

// Chunk computes one block of C.
func (t *task) Chunk(w *parallel.Worker, i int) {
	row, col := i%t.rowBlocks*t.blockRows, i/t.rowBlocks*t.blockCols
	rows, cols := min(t.blockRows, t.m-row), min(t.blockCols, t.n-col)
	c := t.c.Data[row*t.c.LD+col:]
	if t.beta != 1 && (t.beta != 0 || t.k == 0) {
		scale(c, t.c.LD, rows, cols, t.beta)
	}
	if t.k == 0 {
		t.startRows(c, rows, col, cols)
		return
	}
	width := t.kernels.cols
	size := roundUp(cols, width) * t.step
	strip := roundUp(ceil(rows, ceil(rows, rowsPerCopy)), t.kernels.micros[0].rows)
	scratch := w.Scratch(size + (min(rows, strip)+maxPadding)*t.step)
	for from := 0; from < t.k; from += t.step {
		k := min(t.step, t.k-from)
		panels := scratch[:size]
		if t.packed != nil {
			panels = t.packed.data[from*roundUp(t.n, width)+col*k:]
		} else {
			t.kernels.packPanels(panels, t.b, col, cols, from, k, t.alpha)
			t.precision.round(panels[:roundUp(cols, width)*k])
		}
		p := &t.args[i]
		p.k, p.ldc, p.add = k, t.c.LD, 0
		if from > 0 || t.beta != 0 {
			p.add = 1
		}
		for r := 0; r < rows; r += strip {
			if from == 0 {
				t.startRows(c[r*t.c.LD:], min(strip, rows-r), col, cols)
			}
			t.strip(p, row+r, min(strip, rows-r), c[r*t.c.LD:], cols, from, panels, scratch[size:])
		}
	}
}

// startRows puts the bias, if there is one, into rows of a block of C that begins in column col.
func (t *task) startRows(c []float32, rows, col, cols int) {
	if t.bias == nil {
		return
	}
	for r := range rows {
		copy(c[r*t.c.LD:][:cols], t.bias[col:])
	}
}

// strip adds the product of a few rows of op(A), from row on, with all panels of a step to c.
func (t *task) strip(p *args, row, rows int, c []float32, cols, from int, panels, copies []float32) {
	upper, lower := t.kernels.divide(rows)
	upper.load(t, copies, row, from, p.k, cols)
	lower.load(t, copies[upper.rows*p.k:], row+upper.rows, from, p.k, cols)
	width := t.kernels.cols
	for j := 0; j < cols; j += width {
		p.b, p.cols = panels[j*p.k:], min(width, cols-j)
		p.c = c[j:]
		upper.multiply(p)
		if lower.rows > 0 {
			p.c = c[upper.rows*t.c.LD+j:]
			lower.multiply(p)
		}
	}
}

// band is a part of a block's rows that one micro kernel computes.
type band struct {
	height             int
	run                func(*args)
	rows               int
	a                  []float32 // its rows of A for this step
	aRow, aStep, aTile int
}

// divide cuts rows into two bands: whole tiles of the tallest micro kernel, and what is left for the one that wastes the
// least on it.
func (ks *kernels) divide(rows int) (upper, lower band) {
	tall := ks.micros[0]
	rest := rows % tall.rows
	if rest <= tall.rows/3 && rest > 0 && rows > rest {
		rest += tall.rows // two tiles of middle height instead of a tall and a low one
	}
	upper = band{height: tall.rows, run: tall.run, rows: rows - rest}
	lower = band{height: tall.rows, run: tall.run, rows: rest}
	for _, m := range ks.micros[1:] {
		if roundUp(rest, m.rows) < roundUp(rest, lower.height) {
			lower.height, lower.run = m.rows, m.run
		}
	}
	return upper, lower
}

// load finds the band's rows of op(A), which begin at row, for k steps: in place if they are read a few times only, else in a copy
// without gaps.
func (b *band) load(t *task, copies []float32, row, from, k, cols int) {
	a := t.a
	switch {
	case b.rows == 0:
	case a.Trans:
		b.a, b.aRow, b.aStep, b.aTile = copies, 1, b.height, b.height*k
		t.kernels.panels(copies, a.Data[from*a.LD+row:], a.LD, k, b.rows, b.height, 1)
		t.precision.round(copies[:roundUp(b.rows, b.height)*k])
	case t.precision == Float32 && (cols < fewPanels*t.kernels.cols || spread(a.LD)) && b.rows%b.height == 0:
		b.a, b.aRow, b.aStep, b.aTile = a.Data[row*a.LD+from:], a.LD, 1, b.height*a.LD
	default:
		b.a, b.aRow, b.aStep, b.aTile = copies, k, 1, b.height*k
		copyRows(copies, k, a.Data[row*a.LD+from:], a.LD, b.rows, k)
		t.precision.round(copies[:b.rows*k])
		clear(copies[b.rows*k : roundUp(b.rows, b.height)*k])
	}
}

// spread reports whether rows so many floats apart do not fall into the same few sets of the level-1 cache.
func spread(ld int) bool { return ld%256 >= 32 && ld%256 <= 224 }

// multiply runs the band past the panel in p.
func (b *band) multiply(p *args) {
	if b.rows > 0 {
		p.a, p.aRow, p.aStep, p.aTile, p.rows = b.a, b.aRow, b.aStep, b.aTile, b.rows
		b.run(p)
	}
}

func ceil(n, m int) int    { return (n + m - 1) / m }
func roundUp(n, m int) int { return ceil(n, m) * m }
