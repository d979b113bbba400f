package depthwise

import "unsafe"

// Where an instruction set can mask the lanes of a load, nothing is copied: the inner loops hold eight rows of outputs of one vector of
// channels in registers, and read the rows of their window where they lie. A vector of the source serves all taps of a kernel column
// that meet it; the columns come one after the other. Rows above and below the image are a row of zeros, and masks hide what lies left
// and right of it.
//
// If pixels follow each other without gaps and the stride is one, vectors need not begin with a pixel: the row is cut into
// vectors whatever the number of channels, and after lcm(channels, lanes) floats the weights repeat. No lane is idle.

// tallKernels are the inner loops of that kind. Whatever is called Act passes the source through the bounds of an activation.
type tallKernels struct {
	lanes                   int
	fetchPieces             bool // the kernels know no other way, see tallArgs
	convolve, convolveAct   func(*tallArgs)
	correlate, correlateAct func(*tallArgs)
}

// tallRows is how many rows of outputs the inner loops compute.
const tallRows = 8

// tallHeights are the numbers of taps that a piece may have.
var tallHeights = [...]int{7, 5, 4, 3, 2, 1}

// tallPiece is a run of n taps of a kernel column: tap u of output row o meets source row row+o+u. x is where the column lies, seen from
// the position, in bytes.
type tallPiece struct{ x, row, n int }

// tallArgs describes a band of up to eight rows of outputs at some positions, a vector wide. All distances are bytes. With pointers to
// the rows of the source, position p, lane l and weights w[phase][tap of all pieces][lane],
//
//	out[o·outRow + p·outStep + l] = Σ_pieces Σ_{u<n} rows[row+o+u][x + p·srcStep + piece.x + l] · w[(phase+p) mod phases][u][l]
//
// with srcJump and outJump more for every time that the phases begin again, where masks say which lanes are written, and of each piece,
// which are read. (+ out, if mode is tallAdd.) correlate adds, the other
// way about, to w the products of the source and of the gradients in out.
type tallArgs struct {
	rows          []unsafe.Pointer
	x             int
	pieces        []tallPiece
	w             unsafe.Pointer
	phase, phases int
	wPhase        int
	out           unsafe.Pointer
	outRow        int
	outs          int
	positions     int
	srcStep       int // from a position to the next, bytes, and how much more after every phases positions
	srcJump       int
	outStep       int
	outJump       int
	masks         unsafe.Pointer // [position][1 + pieces]uint16
	maskStep      int            // 0: all positions have the same
	maskJump      int
	whole         bool // masks have all lanes or none
	mode          int
	lo, hi        float32

	// What a later call needs, and a kernel may fetch on its way: with each position, or each of its pieces, the next few lines of the source,
	// and of the outputs. (Many at once are dropped, or waited for.)
	fetchPieces        bool // each piece fetches so much, not each position
	fetchSrc, fetchOut uintptr
	srcLines, outLines int

	_ cacheLine
}

// How results are stored.
const (
	tallSet    = iota
	tallAdd    // to what is there
	tallStream // past the cache; whole lines only
)
