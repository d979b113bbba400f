package gemm

import (
	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

const (
	// shallow is the length of an inner dimension below which float32 is as fast: tiles are nearly empty, and of vectors few are multiplied
	// for one of C that is loaded and stored.
	shallow = 16
	// tiledRows and tiledCols are the largest block of C that is multiplied at a time: with what half a thousand steps along the inner
	// dimension read of A and B it takes about a MiB, half of the level-2 cache of a processor with AMX; A alone a quarter of one.
	tiledRows, tiledCols = 256, 512
	// fewTiledRows and fewTiledCols are the smallest block that is a chunk of its own.
	fewTiledRows, fewTiledCols = 64, 128
	// packedCols is how many columns of B a chunk packs.
	packedCols = 64
	// perNanosecond is about how many multiply-adds a thread does in a nanosecond in float32, where there is a unit.
	perNanosecond = 64
)

// onTiles is whether there is a unit for bfloat16 numbers. Tests say that there is one.
var onTiles = bf16.Available()

// tiled reports whether products with an inner dimension of length k are computed on tiles.
func (p Precision) tiled(k int) bool { return p == BF16 && onTiles && k >= shallow }

// tiled reports whether the task computes a product on tiles: as the shape says, and the packed operand if there is one.
func (t *task) tiled(m, n, k int, alpha float32, p *Packed) bool {
	if p != nil {
		return len(p.tiles) > 0 && m > 0 && n > 0
	}
	return t.precision.tiled(k) && m > 0 && n > 0 && alpha != 0
}

// tileTask is a product on tiles. In its first round B is packed, if it is not yet, and chunks are some columns; in the second each makes a
// block of C, from rows of A that are rounded for it.
type tileTask struct {
	m, n, k     int
	alpha, beta float32
	a, b, c     Matrix
	bias        []float32
	packed      []uint16 // B
	own         []uint16 // what B is packed to
	packing     bool

	blockRows, blockCols, rowBlocks int
}

var tileTasks parallel.FreeList[tileTask]

// runTiled is run for what is computed on tiles.
func (t *task) runTiled(m, n, k int, alpha float32, a, b Matrix, p *Packed, beta float32, c Matrix) {
	x := tileTasks.Get()
	defer tileTasks.Put(x)
	x.set(m, n, k, alpha, a, b, beta, c, t.bias)
	if p != nil {
		x.packed = p.tiles
	} else {
		x.own = room(x.own, bf16.PackedB(n, k, 1))
		x.packed = x.own
		x.pack()
	}
	x.divide(parallel.Threads())
	parallel.Run(x.rowBlocks*ceil(n, x.blockCols), m*k/2+m*n*k/(perNanosecond*bf16.Speed()), x)
	x.forget()
	t.bias = nil
}

// runTiledOn is runTiled on one worker.
func (t *task) runTiledOn(w *parallel.Worker, m, n, k int, alpha float32, a, b Matrix, beta float32, c Matrix) {
	x := tileTasks.Get()
	defer tileTasks.Put(x)
	x.set(m, n, k, alpha, a, b, beta, c, t.bias)
	x.own = room(x.own, bf16.PackedB(n, k, 1))
	x.packed = x.own
	x.packCols(0, n)
	x.divide(1)
	for i := range x.rowBlocks * ceil(n, x.blockCols) {
		x.Chunk(w, i)
	}
	x.forget()
	t.bias = nil
}

// room returns n numbers, in x if they fit.
func room(x []uint16, n int) []uint16 {
	if cap(x) < n {
		return bf16.In(memory.Aligned((n + 1) / 2))[:n]
	}
	return x[:n]
}

// set describes a product, whose B is to be packed yet.
func (t *tileTask) set(m, n, k int, alpha float32, a, b Matrix, beta float32, c Matrix, bias []float32) {
	t.m, t.n, t.k = m, n, k
	t.alpha, t.a, t.b, t.beta, t.c, t.bias = alpha, a, b, beta, c, bias
	t.packing = false
}

// forget lets go of the operands.
func (t *tileTask) forget() {
	t.a, t.b, t.c, t.bias, t.packed = Matrix{}, Matrix{}, Matrix{}, nil, nil
}

// pack packs B with all threads.
func (t *tileTask) pack() {
	t.packing = true
	parallel.Run(ceil(t.n, packedCols), t.n*t.k/2, t)
	t.packing = false
}

// packCols packs columns of B, from a multiple of 16 on.
func (t *tileTask) packCols(from, cols int) {
	row, col := t.b.steps()
	to := t.packed[bf16.PackedB(from, t.k, 1):]
	bf16.PackB(to, t.b.Data[from*col:], cols, t.k, 1, 0, row, col, t.alpha)
}

// steps are the distances of elements of op(X) from one row to the next, and from one column to the next.
func (x Matrix) steps() (row, col int) {
	if x.Trans {
		return 1, x.LD
	}
	return x.LD, 1
}

// divide cuts C into blocks, as many as keep the threads busy; the bits do not depend on it. Each rounds its rows of A again, so columns
// are divided last.
func (t *tileTask) divide(threads int) {
	t.blockRows = roundUp(ceil(t.m, ceil(t.m, tiledRows)), 2*bf16.TileRows)
	t.blockCols = t.n
	if t.m*t.n*t.k >= smallWork {
		for !parallel.Even(ceil(t.m, t.blockRows)*ceil(t.n, t.blockCols), threads) {
			if t.blockRows > fewTiledRows {
				t.blockRows = roundUp(ceil(t.blockRows, 2), 2*bf16.TileRows)
			} else if t.blockCols > fewTiledCols {
				t.blockCols = roundUp(ceil(t.blockCols, 2), 2*bf16.TileCols)
			} else {
				break
			}
		}
	}
	t.rowBlocks = ceil(t.m, t.blockRows)
}

// origin is the tap of a matrix product.
var origin = []int{0}

// Chunk packs some columns of B, or computes one block of C.
func (t *tileTask) Chunk(w *parallel.Worker, i int) {
	if t.packing {
		t.packCols(i*packedCols, min(packedCols, t.n-i*packedCols))
		return
	}
	row, col := i%t.rowBlocks*t.blockRows, i/t.rowBlocks*t.blockCols
	rows, end := min(t.blockRows, t.m-row), min(col+t.blockCols, t.n)
	const line = 32 // numbers: rows that lie an odd number of cache lines apart do not crowd the same sets
	ld := line * (ceil(bf16.Blocks(t.k)*bf16.Block(t.k), line) | 1)
	a := bf16.In(w.Scratch(rows * ld / 2))
	rowA, colA := t.a.steps()
	bf16.PackA(a, ld, t.a.Data[row*rowA:], rows, t.k, rowA, colA)
	for ; col < end; col += tiledCols {
		cols, c := min(tiledCols, end-col), t.c.Data[row*t.c.LD+col:]
		switch {
		case t.bias != nil:
			for r := range rows {
				copy(c[r*t.c.LD:][:cols], t.bias[col:])
			}
		case t.beta != 0 && t.beta != 1:
			scale(c, t.c.LD, rows, cols, t.beta)
		}
		product := bf16.Tiles{
			M: rows, N: cols, Depth: t.k, A: a, LDA: ld, Taps: origin, B: t.packed[bf16.PackedB(col, t.k, 1):], C: c, LDC: t.c.LD,
			Add: t.beta != 0,
		}
		product.LocalMul()
	}
}

// packTiles lays B out for products on tiles.
func (p *Packed) packTiles(n, k int, alpha float32, b Matrix) {
	p.n, p.k = n, k
	p.tiles = room(p.tiles, bf16.PackedB(n, k, 1))
	t := tileTasks.Get()
	defer tileTasks.Put(t)
	t.set(0, n, k, alpha, Matrix{}, b, 0, Matrix{}, nil)
	t.packed = p.tiles
	t.pack()
	t.forget()
}
