package gemm

import (
	"runtime"

	"github.com/oneshot-nas/oneshot/kernels/internal/tile"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

const (
	// panelFloats bounds a step's panel of B: half of a level-1 cache, next to the rows of A that pass by.
	panelFloats = 24 << 10 / 4
	// rowsPerBlock and colsPerBlock bound a block of C: its rows of A for one step stay in the level-2 cache.
	rowsPerBlock = 512
	colsPerBlock = 4096
	// smallWork is the number of multiply-adds from which a second block, and so a second thread, pays.
	smallWork = 1 << 17
	// copyPanels is the number of panels from which copying rows of A pays although they could be read in place.
	copyPanels = 4
)

// task is one product. What a block needs at hand lives here, not on the stack, because calls through the kernel table would
// make the arguments escape to the heap.
type task struct {
	tile        tile.Kernel
	m, n, k     int
	step        int // of k
	alpha, beta float32
	a, b, c     Matrix
	packed      *Packed

	blockRows, blockCols int
	rowBlocks            int
	args                 []tile.Args // by block
}

// stepFor is how far a panel of t reaches along the inner dimension. The order of summation depends on it alone.
func stepFor(t tile.Kernel) int { return panelFloats / t.Block }

func (t *task) run(kernels []tile.Kernel, m, n, k int, alpha float32, a, b Matrix, p *Packed, beta float32, c Matrix) {
	if m == 0 || n == 0 {
		return
	}
	if alpha == 0 {
		k = 0
	}
	t.tile = pick(kernels, n)
	t.m, t.n, t.k, t.step = m, n, k, stepFor(t.tile)
	t.alpha, t.a, t.b, t.beta, t.c, t.packed = alpha, a, b, beta, c, p
	t.divide(runtime.GOMAXPROCS(0))
	blocks := t.rowBlocks * ceil(n, t.blockCols)
	if len(t.args) < blocks {
		t.args = make([]tile.Args, blocks)
	}
	parallel.Run(blocks, t)
	t.a, t.b, t.c, t.packed = Matrix{}, Matrix{}, Matrix{}, nil
	for i := range blocks {
		t.args[i] = tile.Args{}
	}
}

// pick prefers the widest panel that n fills well.
func pick(kernels []tile.Kernel, n int) tile.Kernel {
	best := kernels[len(kernels)-1]
	for _, t := range kernels {
		if padded := roundUp(n, t.Block); padded-n <= n/16 || padded <= roundUp(n, best.Block) {
			return t
		}
	}
	return best
}

// divide cuts C into blocks: as many as keep the threads busy, and no more, for every block copies its operands again. Bits do
// not depend on it.
func (t *task) divide(threads int) {
	t.blockRows, t.blockCols = min(t.m, rowsPerBlock), min(roundUp(t.n, t.tile.Block), colsPerBlock)
	want := 1
	if threads > 1 && t.m*t.n*t.k >= smallWork {
		want = 4 * threads
	}
	for ceil(t.m, t.blockRows)*ceil(t.n, t.blockCols) < want {
		switch rows, cols := t.blockRows, t.blockCols; {
		case rows >= cols && rows > 2*t.tile.Pix:
			t.blockRows = roundUp(ceil(rows, 2), t.tile.Pix)
		case cols > t.tile.Block:
			t.blockCols = roundUp(ceil(cols, 2), t.tile.Block)
		case rows > 2*t.tile.Pix:
			t.blockRows = roundUp(ceil(rows, 2), t.tile.Pix)
		default:
			want = 0
		}
	}
	t.rowBlocks = ceil(t.m, t.blockRows)
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
		return
	}
	pix, block := t.tile.Pix, t.tile.Block
	scratch := w.Scratch(roundUp(rows, pix)*t.step + panelFloats + pix*block)
	copied, scratch := scratch[:roundUp(rows, pix)*t.step], scratch[roundUp(rows, pix)*t.step:]
	panel, edge := scratch[:panelFloats], scratch[panelFloats:]
	inPlace := 0 // of rows, those that are read where they are
	if !t.a.Trans && ceil(cols, block) < copyPanels {
		inPlace = rows / pix * pix
	}
	a := &t.args[i]
	*a = tile.Args{DstPix: t.c.LD, Taps: origin, Rows: 1, Images: 1}
	for p := 0; p < t.k; p += t.step {
		k := min(t.step, t.k-p)
		packRows(copied, t.a, row+inPlace, rows-inPlace, p, k)
		a.K = k
		add := 0
		if p > 0 || t.beta != 0 {
			add = 1
		}
		for j := 0; j < cols; j += block {
			a.W = t.panel(panel, col+j, p, k)
			width := min(block, cols-j)
			if inPlace > 0 {
				a.Src, a.SrcPix = t.a.Data[row*t.a.LD+p:], t.a.LD
				t.multiply(a, c[j:], inPlace, width, add, edge)
			}
			if inPlace < rows {
				a.Src, a.SrcPix = copied, k
				t.multiply(a, c[inPlace*t.c.LD+j:], rows-inPlace, width, add, edge)
			}
		}
	}
}

var origin = []int{0}

// multiply runs rows past the panel in a.W; only width columns of it exist.
func (t *task) multiply(a *tile.Args, c []float32, rows, width, add int, edge []float32) {
	pix, block := t.tile.Pix, t.tile.Block
	whole := rows / pix
	if width < block {
		whole = 0
	}
	if whole > 0 {
		a.Dst, a.DstPix, a.Tiles, a.Add = c, t.c.LD, whole, add
		t.tile.Run(a)
	}
	src := a.Src
	for r := whole * pix; r < rows; r += pix {
		// Rows beyond the last are read from scratch and dropped.
		n := min(pix, rows-r)
		if add != 0 {
			copyRows(edge, block, c[r*t.c.LD:], t.c.LD, n, width)
		}
		a.Src, a.Dst, a.DstPix, a.Tiles, a.Add = src[r*a.SrcPix:], edge, block, 1, add
		t.tile.Run(a)
		copyRows(c[r*t.c.LD:], t.c.LD, edge, block, n, width)
	}
}

func ceil(n, m int) int    { return (n + m - 1) / m }
func roundUp(n, m int) int { return ceil(n, m) * m }
