package bf16

import (
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// TileRows and TileCols are the size of a tile of C; TileDepth is how many numbers of the inner dimension a tile of A or B holds.
const (
	TileRows  = 16
	TileCols  = 16
	TileDepth = 32
)

// Tiles is a product of bfloat16 matrices with sums in float32, as the units of processors compute it,
//
//	C[i][j] (+)= Σ over taps t, and k < Depth, of A[i·LDA + Taps[t] + k] · B_t[k][j]
//
// for i < M and j < N: a matrix product has one tap, at 0; of a convolution a tap is a row of its kernel (or a pixel, where pixels of a row
// do not lie side by side), and rows of A are the places of its window in a batch of images with borders. C must not overlap A or B.
type Tiles struct {
	M, N int
	// Depth is the length of the inner dimension of each tap. It goes by blocks of Block(Depth) numbers. Those of A that lie between the
	// end of the inner dimension and that of its last block are read, and multiplied by zeros: they must exist, and had better be finite.
	Depth int
	A     []uint16
	LDA   int // distance of rows of A in numbers; rows may overlap
	Taps  []int
	B     []uint16 // all taps: see PackB
	C     []float32
	LDC   int
	Add   bool // add to what is in C
}

// Block is how many numbers of an inner dimension of the given depth a tile holds, an even number: as many in each block.
func Block(depth int) int {
	blocks := max(Blocks(depth), 1)
	return ((depth+blocks-1)/blocks + 1) / 2 * 2
}

// Blocks is how many blocks an inner dimension of the given depth has.
func Blocks(depth int) int { return (depth + TileDepth - 1) / TileDepth }

// LocalMul computes the product in the calling goroutine. It panics if a matrix is too short, with what is read behind the end of rows of
// A, or rows of C overlap.
func (p *Tiles) LocalMul() {
	p.check()
	if activeUnit.call == nil {
		p.mulGeneric(activeUnit.dot)
	} else {
		p.mul(&activeUnit)
	}
}

func (p *Tiles) check() {
	const op = "bf16.Tiles.LocalMul"
	if p.M < 0 || p.N < 0 || p.Depth < 0 || p.LDA < 0 {
		fault.Shape(op, fmt.Sprintf("M = %d, N = %d, Depth = %d, LDA = %d", p.M, p.N, p.Depth, p.LDA), "none negative")
	}
	fault.CheckRows(op, "C", len(p.C), p.M, p.N, p.LDC)
	fault.CheckLen(op, "B", len(p.B), PackedB(p.N, p.Depth, len(p.Taps)))
	if p.M == 0 || p.Depth == 0 || len(p.Taps) == 0 {
		return
	}
	if first := slices.Min(p.Taps); first < 0 {
		fault.Shape(op, fmt.Sprintf("a tap at %d", first), "none negative")
	}
	fault.CheckLen(op, "A", len(p.A), (p.M-1)*p.LDA+slices.Max(p.Taps)+Blocks(p.Depth)*Block(p.Depth))
}

// blocksPerCall bounds the blocks of the inner dimension of a call: two panels of B then take 32 KiB, about a level-1 cache.
const blocksPerCall = 16

// tileArgs is the work of a call: rows of C times a panel of B or two, for some blocks of the inner dimension. On tiles the rows are cut
// into groups, high tiles each and wide panels. Distances are bytes.
type tileArgs struct {
	config     [64]byte // of the tiles: see configure
	a          []uint16
	lda        int
	offsets    [blocksPerCall]int // of blocks in rows of A
	b          []uint16
	blockB     int // from a block of B to the next
	panelB     int // from a panel of B to the next
	c          []float32
	ldc        int
	rows, cols int
	blocks     int
	pairs      int // of numbers in a block
	add        bool
	groups     int
	high, wide int // 1×1, 1×2, 2×1, 2×2 or 4×1
}

var calls parallel.FreeList[tileArgs]

// mul divides the product into calls of a unit.
func (p *Tiles) mul(u *unit) {
	args := calls.Get()
	defer calls.Put(args)
	block, blocks := Block(p.Depth), Blocks(p.Depth)
	all := len(p.Taps) * blocks
	if all == 0 {
		p.mulGeneric(u.dot)
		return
	}
	args.lda, args.ldc = 2*p.LDA, 4*p.LDC
	args.blockB, args.panelB = 2*block*TileCols, 2*all*block*TileCols
	args.pairs = block / 2
	for from := 0; from < all; from += blocksPerCall {
		args.blocks, args.add = min(blocksPerCall, all-from), p.Add || from > 0
		for i := range args.blocks {
			args.offsets[i] = 2 * (p.Taps[(from+i)/blocks] + (from+i)%blocks*block)
		}
		for j := 0; j < p.N; j += 2 * TileCols {
			args.b = p.B[(j*all+from*TileCols)*block:]
			args.cols = min(2*TileCols, p.N-j)
			for i := 0; i < p.M; i += args.rows {
				args.rows = min(u.rows, p.M-i)
				if u.tiles {
					args.arrange(block)
				}
				args.a, args.c = p.A[i*p.LDA:], p.C[i*p.LDC+j:]
				u.call(args)
			}
		}
	}
	args.a, args.b, args.c = nil, nil, nil
}

// arrange cuts the rows of a call into groups of tiles, and leaves what does not fill a group to the next one.
func (args *tileArgs) arrange(block int) {
	args.wide, args.high = (args.cols+TileCols-1)/TileCols, 2
	if args.wide == 1 {
		args.high = 4
	}
	for args.high > 1 && args.rows <= (args.high-1)*TileRows {
		args.high--
	}
	if args.high == 3 || args.high == 4 && args.rows < 4*TileRows {
		args.high = 2
	}
	args.groups = 1
	if whole := args.rows / (args.high * TileRows); whole > 0 {
		args.groups, args.rows = whole, whole*args.high*TileRows
	}
	args.configure(args.rows, args.cols, block)
}

// configure sets the sizes of the tiles for one group of so many rows, or any number of whole ones.
func (args *tileArgs) configure(rows, cols, block int) {
	args.config = [64]byte{1}
	set := func(tile, rows, bytes int) { args.config[16+2*tile], args.config[48+tile] = byte(bytes), byte(rows) }
	lower, right := rows-TileRows, cols-TileCols // of the last tiles
	if args.groups > 1 || args.high == 4 {
		lower = TileRows
	}
	for t := range args.high * args.wide {
		r, c := min(rows, TileRows), min(cols, TileCols)
		if args.high > 1 && t/args.wide == args.high-1 {
			r = lower
		}
		if args.wide > 1 && t%args.wide == 1 {
			c = right
		}
		set(t, r, 4*c)
	}
	set(4, min(rows, TileRows), 2*block)
	set(6, block/2, 4*min(cols, TileCols))
	if args.high > 1 {
		set(5, lower, 2*block)
	}
	if args.wide > 1 {
		set(7, block/2, 4*right)
	}
}
