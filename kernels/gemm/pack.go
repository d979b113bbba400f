package gemm

import (
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// packPanels copies rows from … from+k of cols columns of op(B) from column col on to panels, scaled by alpha.
func (ks *kernels) packPanels(dst []float32, b Matrix, col, cols, from, k int, alpha float32) {
	if b.Trans {
		ks.transposed(dst, b.Data[col*b.LD+from:], b.LD, k, cols, alpha)
	} else {
		ks.panels(dst, b.Data[from*b.LD+col:], b.LD, k, cols, ks.cols, alpha)
	}
}

// LocalPanels lays op(B), k × n, out in panels of width columns, in the calling goroutine:
//
//	dst[(p·k + i)·width + j] = op(B)[i, p·width + j]
//
// and zero where the last panel has no column. It is what [Pack] does, for kernels that are not of this package. A width of 16 or, with
// AVX-512, 32 is fast.
func LocalPanels(dst []float32, width, k, n int, b Matrix) {
	const op = "gemm.LocalPanels"
	checkSizes(op, width-1, n, k)
	b.check(op, "B", k, n)
	fault.CheckLen(op, "panels", len(dst), roundUp(n, width)*k)
	if k == 0 || n == 0 {
		return
	}
	active.localPanels(dst, width, k, n, b)
}

func (ks *kernels) localPanels(dst []float32, width, k, n int, b Matrix) {
	switch {
	case !b.Trans && width <= ks.cols:
		ks.panels(dst, b.Data, b.LD, k, n, width, 1)
	case !b.Trans:
		panelsGeneric(dst, b.Data, b.LD, k, n, width, 1)
	case width == ks.cols:
		ks.transposed(dst, b.Data, b.LD, k, n, 1)
	default:
		transposedPanels(dst, b.Data, b.LD, k, n, width, 1)
	}
	if rest := n % width; b.Trans && rest > 0 { // of which these have left what they like
		for i := range k {
			clear(dst[n/width*width*k+i*width:][rest:width])
		}
	}
}

func (ks *kernels) pack(p *Packed, n, k int, alpha float32, b Matrix) {
	p.kernels, p.n, p.k, p.tiles = ks, n, k, p.tiles[:0]
	if size := roundUp(n, ks.cols) * k; cap(p.data) < size {
		p.data = memory.Aligned(size)
	} else {
		p.data = p.data[:size]
	}
	t := packTasks.Get()
	defer packTasks.Put(t)
	*t = packTask{p, alpha, b, max(ks.stepFor(k), 1), ceil(n, colsPerBlock)}
	parallel.Run(t.blocks*ceil(k, t.step), n*k/2, t)
	*t = packTask{}
}

// packTask lays out a matrix; a chunk is some columns of a step of k. Assembly cannot be preempted: that is some tens of microseconds.
type packTask struct {
	p      *Packed
	alpha  float32
	b      Matrix
	step   int // of k
	blocks int // of columns
}

var packTasks parallel.FreeList[packTask]

func (t *packTask) Chunk(_ *parallel.Worker, i int) {
	from, col := i/t.blocks*t.step, i%t.blocks*colsPerBlock
	p, rows := t.p, min(t.step, t.p.k-from)
	cols := min(colsPerBlock, p.n-col)
	panels := p.data[from*roundUp(p.n, p.kernels.cols)+col*rows:][:roundUp(cols, p.kernels.cols)*rows]
	p.kernels.packPanels(panels, t.b, col, cols, from, rows, t.alpha)
	p.Precision.round(panels)
}

// copyRows copies rows × cols floats.
func copyRows(dst []float32, dstLD int, src []float32, srcLD, rows, cols int) {
	for r := range rows {
		copy(dst[r*dstLD:][:cols], src[r*srcLD:][:cols])
	}
}

// scale multiplies rows × cols floats by s; zero erases whatever was there.
func scale(c []float32, ld, rows, cols int, s float32) {
	for r := range rows {
		row := c[r*ld:][:cols]
		if s == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= s
		}
	}
}
