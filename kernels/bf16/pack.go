package bf16

import (
	"fmt"
	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/strided"
)

// In returns the bfloat16 numbers, twice as many, that fit into the memory of x.
func In(x []float32) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(x))), 2*len(x))
}

// pairsIn returns the pairs of numbers of x, each in the place of a float, to be moved about.
func pairsIn(x []uint16) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x)/2)
}

// PackedB is how many numbers B has when it is packed: n columns and depth rows for each of some taps.
func PackedB(n, depth, taps int) int {
	return (n + TileCols - 1) / TileCols * taps * Blocks(depth) * Block(depth) * TileCols
}

// PackB packs scale · op(b), depth×n for each tap, whose element (k, j) of tap t lies at b[t·tap + k·row + j·col], rounded to bfloat16, in
// the calling goroutine. In packed form come, for each 16 columns, the taps, in a tap the blocks, in a block the pairs of rows, in a pair
// the columns, and of each column the two numbers. What is beyond n or depth is a zero of either sign. Columns from a multiple of 16 on may
// be packed by themselves, into where they belong. It panics if dst is shorter than [PackedB] says.
func PackB(dst []uint16, b []float32, n, depth, taps, tap, row, col int, scale float32) {
	fault.CheckLen("bf16.PackB", "dst", len(dst), PackedB(n, depth, taps))
	if n == 0 || depth == 0 {
		return
	}
	s := packings.Get()
	defer packings.Put(s)
	padded := Blocks(depth) * Block(depth)
	panel := taps * padded * TileCols
	for t := range taps {
		from, to := b[t*tap:], dst[t*padded*TileCols:]
		switch {
		case col == 1:
			s.packRows(to, panel, from, row, n, depth, scale)
		case row == 1:
			s.packCols(to, panel, from, col, n, depth, scale)
		default:
			for j := range (n + TileCols - 1) / TileCols * TileCols {
				for k := range padded {
					v := float32(0)
					if j < n && k < depth {
						v = from[k*row+j*col]
					}
					to[j/TileCols*panel+k/2*2*TileCols+2*(j%TileCols)+k%2] = Of(scale * v)
				}
			}
		}
	}
}

// PackA writes op(x), rows × depth, whose element (i, k) lies at x[i·row + k·col], as rows of bfloat16 numbers for [Tiles], ld apart, with
// zeros from depth to the end of its last block, in the calling goroutine. It panics if dst is too short or neither distance is 1.
func PackA(dst []uint16, ld int, x []float32, rows, depth, row, col int) {
	padded := Blocks(depth) * Block(depth)
	fault.CheckRows("bf16.PackA", "dst", len(dst), rows, padded, ld)
	switch {
	case rows == 0 || depth == 0:
	case col == 1:
		for i := range rows {
			to := dst[i*ld:][:padded]
			active.encode(to[:depth], x[i*row:][:depth], 1)
			clear(to[depth:])
		}
	case row == 1:
		s := packings.Get()
		defer packings.Put(s)
		for i := 0; i < rows; i += tile {
			for k := 0; k < padded; k += 2 * tile {
				s.turnRows(dst[i*ld+k:], ld, x[min(k, depth-1)*col+i:], col, min(tile, rows-i), min(2*tile, depth-k), min(2*tile, padded-k))
			}
		}
	default:
		fault.Shape("bf16.PackA", fmt.Sprintf("distances of %d and %d", row, col), "one of them 1")
	}
}

const (
	// tile is the side of the squares of pairs that are transposed.
	tile = strided.Tile
	// panelsPerCall and pairsPerCall bound what is interleaved at a time: so many columns that a row of them is worth going to, and so few
	// rows that the call, which cannot be preempted, takes some microseconds.
	panelsPerCall, pairsPerCall = 4, 512
)

// packing is what numbers are laid out in that do not fill a square, or that have to be turned.
type packing struct {
	floats       [2 * tile * tile]float32
	pairs, other [2 * tile * tile]uint16
}

var packings parallel.FreeList[packing]

// packRows packs b, whose rows lie row apart, to panels that lie panel apart.
func (s *packing) packRows(dst []uint16, panel int, b []float32, row, n, depth int, scale float32) {
	whole, padded := n/TileCols, Blocks(depth)*Block(depth)
	for p := 0; p < whole; p += panelsPerCall {
		panels := min(panelsPerCall, whole-p)
		for k := 0; k < depth/2; k += pairsPerCall {
			active.pairs(dst[p*panel+k*2*TileCols:], panel, b[2*k*row+p*TileCols:], row, min(pairsPerCall, depth/2-k), panels, scale)
		}
	}
	for p := range whole {
		rest := dst[p*panel:][depth/2*2*TileCols : padded*TileCols]
		clear(rest)
		if depth%2 == 1 {
			for j, v := range b[(depth-1)*row+p*TileCols:][:TileCols] {
				rest[2*j] = Of(scale * v)
			}
		}
	}
	if cols := n % TileCols; cols > 0 {
		for k := 0; k < padded; k += 2 * tile {
			s.load(b[min(k, depth-1)*row+whole*TileCols:], row, cols, min(2*tile, depth-k))
			active.pairs(dst[whole*panel+k*TileCols:], 0, s.floats[:], tile, min(tile, (padded-k)/2), 1, scale)
		}
	}
}

// load copies rows × cols floats to a square without gaps, and zeros for what is missing.
func (s *packing) load(x []float32, ld, cols, rows int) {
	clear(s.floats[:])
	for r := range rows {
		copy(s.floats[r*tile:][:cols], x[r*ld:])
	}
}

// packCols packs b, whose columns lie col apart, to panels that lie panel apart.
func (s *packing) packCols(dst []uint16, panel int, b []float32, col, n, depth int, scale float32) {
	padded := Blocks(depth) * Block(depth)
	for j := 0; j < n; j += TileCols {
		cols := min(TileCols, n-j)
		for k := 0; k < padded; k += 2 * tile {
			rows := min(2*tile, depth-k)
			if rows < 2*tile || cols < tile {
				clear(s.pairs[:])
			}
			for c := range cols {
				active.encode(s.pairs[c*2*tile:][:max(rows, 0)], b[(j+c)*col+min(k, depth):][:max(rows, 0)], scale)
			}
			to := dst[j/TileCols*panel+k*TileCols:][:min(2*tile, padded-k)*TileCols]
			if len(to) == len(s.other) {
				strided.LocalTile(pairsIn(to), tile, pairsIn(s.pairs[:]), tile)
			} else {
				strided.LocalTile(pairsIn(s.other[:]), tile, pairsIn(s.pairs[:]), tile)
				copy(to, s.other[:])
			}
		}
	}
}

// turnRows transposes up to 32 rows of up to 16 floats to columns of numbers, of which width are written to rows of dst, ld apart.
func (s *packing) turnRows(dst []uint16, ld int, x []float32, row, cols, rows, width int) {
	if rows == 2*tile && cols == tile {
		active.pairs(s.pairs[:], 0, x, row, tile, 1, 1)
	} else {
		s.load(x, row, cols, rows)
		active.pairs(s.pairs[:], 0, s.floats[:], tile, tile, 1, 1)
	}
	if width == 2*tile && cols == tile && ld%2 == 0 {
		strided.LocalTile(pairsIn(dst), ld/2, pairsIn(s.pairs[:]), tile)
		return
	}
	strided.LocalTile(pairsIn(s.other[:]), tile, pairsIn(s.pairs[:]), tile)
	for c := range cols {
		copy(dst[c*ld:][:width], s.other[c*2*tile:])
	}
}
