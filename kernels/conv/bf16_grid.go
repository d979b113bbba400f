package conv

import (
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/norm"
)

// grid describes images as convolutions on tiles read them. With a stride of s an image falls into s² phases: phase (py, px) has its
// pixels (y, x) with y ≡ py and x ≡ px modulo s, so that what a tap reads for adjacent outputs is adjacent. The pixels of a phase, of all
// rows of all images, form one sequence. Between rows, and between images, lie zeros, which are the border of what comes before and of what
// comes after: the windows of all outputs lie at the same distance in it, a tap is an offset, and outputs are rows of one product. Between
// them are some that do not exist, where a window lies across two rows, which nobody keeps.
type grid struct {
	pads                // rows and columns of a phase that windows reach beyond an image, none negative
	below           int // rows that windows reach below that of their output, within an image or not; above it are top
	stride, h, w, c int
	rows, cols      int   // of a phase
	height, width   int   // rows from an image to the next, pixels from a row to the next
	depth           int   // numbers of a pixel: the channels, and zeros that fill up the last block
	phases          []int // that a tap reads: py·stride + px
	span            int   // pixels of a phase in a strip
}

// begin describes images whose borders nobody reads.
func (g *grid) begin(stride, h, w, c int) {
	*g = grid{stride: stride, h: h, w: w, c: c, rows: (h + stride - 1) / stride, cols: (w + stride - 1) / stride,
		depth: bf16.Blocks(c) * bf16.Block(c), phases: g.phases[:0]}
}

// reach makes room for what windows of oh×ow outputs read.
func (g *grid) reach(taps []windowTap, oh, ow int) {
	for _, tap := range taps {
		_, y, x := g.phase(tap)
		g.below = max(g.below, y)
		g.top, g.bottom = max(g.top, -y), max(g.bottom, oh-1+y-(g.rows-1))
		g.left, g.right = max(g.left, -x), max(g.right, ow-1+x-(g.cols-1))
	}
	g.height, g.width = max(g.height, oh, g.rows+max(g.top, g.bottom)), max(g.width, ow, g.cols+max(g.left, g.right))
}

// phase is the one that a tap reads, and how many rows down and pixels to the right in it.
func (g *grid) phase(tap windowTap) (number, row, col int) {
	row, col = floorDiv(tap.y, g.stride), floorDiv(tap.x, g.stride)
	return (tap.y-row*g.stride)*g.stride + tap.x - col*g.stride, row, col
}

// stripRows is how many rows of outputs are packed together, a strip, of as many as there are, so that it has up to some number of pixels:
// whole images, or equal parts of one.
func (g *grid) stripRows(rows, pixels int) int {
	if g.top+g.below == 0 {
		pixels = min(pixels, stripAlone)
	}
	image := g.height * g.width
	if image <= pixels {
		return min(rows, pixels/image*g.height)
	}
	parts := (image + pixels - 1) / pixels
	return min(rows, (g.height+parts-1)/parts)
}

// setStrip makes strips of that many rows, before anyone asks where in one a tap reads.
func (g *grid) setStrip(rows int) { g.span = g.left + (rows+g.top+g.below)*g.width + g.right }

const (
	// stripMost is about how many outputs are computed together. All weights are read for each strip, and all their gradients are read and
	// written, so that more are better; but what is packed should stay in the level-2 cache. An image of 32×32 is one strip.
	stripMost = 1280
	// stripAlone is as many where no row is packed for two strips.
	stripAlone = 512
	// stripLeast is how many a strip has, if there are as many, where a larger one would leave threads without.
	stripLeast = 256
)

// place returns, after those in offsets, where in a strip the window of its first output has its taps, in pixels, and after those in
// weights where their weights are. It notes the phases that they read.
func (g *grid) place(taps []windowTap, offsets, weights []int) (_, _ []int) {
	for _, tap := range taps {
		number, row, col := g.phase(tap)
		slot := slices.Index(g.phases, number)
		if slot < 0 {
			slot = len(g.phases)
			g.phases = append(g.phases, number)
		}
		offsets = append(offsets, slot*g.span+(row+g.top)*g.width+col+g.left)
		weights = append(weights, tap.weight)
	}
	return offsets, weights
}

// pixels is how many there are in a strip, of all phases.
func (g *grid) pixels() int { return len(g.phases) * g.span }

// find returns image and row of a row of the grid, and whether there is such a row, of the given number of images with h rows each.
func (g *grid) find(row, images, h int) (image, y int, ok bool) {
	image = floorDiv(row, g.height)
	y = row - image*g.height
	return image, y, image >= 0 && image < images && y < h
}

// outputs is how many rows of the product the outputs in n rows from first on take, of images with oh×ow outputs: up to the last one that
// exists.
func (g *grid) outputs(first, n, oh, ow int) int {
	last := first + n - 1
	if last%g.height >= oh {
		last += oh - 1 - last%g.height
	}
	return max(0, (last-first)*g.width+ow)
}

// pack writes what the outputs in n rows from first on read of the input. line holds a row of values.
func (g *grid) pack(dst []uint16, in *Input, first, n int, line []float32) {
	for slot, phase := range g.phases {
		dst := dst[slot*g.span*g.depth:][:g.span*g.depth]
		clear(dst[:g.left*g.depth])
		dst = dst[g.left*g.depth:]
		for r := first - g.top; r < first+n+g.below; r++ {
			pix, cols := g.row(r, in.N, phase)
			if x := in.X[pix*in.LD:]; cols == 0 || in.Act == activation.Identity && in.Fold == nil {
				g.encode(dst, x, g.stride*in.LD, cols)
			} else {
				in.values(line, g.c, pix, g.stride, cols)
				g.encode(dst, line, g.c, cols)
			}
			clear(dst[cols*g.depth : g.width*g.depth])
			dst = dst[g.width*g.depth:]
		}
		clear(dst)
	}
}

// layInput is pack in float32, without what fills up pixels.
func (g *grid) layInput(dst []float32, in *Input, first, n int) {
	for slot, phase := range g.phases {
		dst := dst[slot*g.span*g.c:][:g.span*g.c]
		clear(dst[:g.left*g.c])
		dst = dst[g.left*g.c:]
		for r := first - g.top; r < first+n+g.below; r++ {
			pix, cols := g.row(r, in.N, phase)
			if cols > 0 {
				in.values(dst, g.c, pix, g.stride, cols)
			}
			clear(dst[cols*g.c : g.width*g.c])
			dst = dst[g.width*g.c:]
		}
		clear(dst)
	}
}

// row is where a row of a phase of the images begins, and how many pixels it has: none between images.
func (g *grid) row(r, images, phase int) (pix, cols int) {
	py, px := phase/g.stride, phase%g.stride
	image, y, ok := g.find(r, images, (g.h-py+g.stride-1)/g.stride)
	if cols = (g.w - px + g.stride - 1) / g.stride; !ok || cols == 0 {
		return 0, 0
	}
	return (image*g.h+y*g.stride+py)*g.w + px, cols
}

// encode writes some pixels, ld floats apart.
func (g *grid) encode(dst []uint16, x []float32, ld, pixels int) {
	if g.depth == g.c && ld == g.c {
		bf16.LocalEncode(dst[:pixels*g.c], x[:pixels*g.c])
		return
	}
	for i := range pixels {
		pixel := dst[i*g.depth:][:g.depth]
		bf16.LocalEncode(pixel[:g.c], x[i*ld:][:g.c])
		clear(pixel[g.c:])
	}
}

// layGradient brings the gradient of a branch's output that n rows from first on read into dst, in float32 and without what fills up
// pixels. The grid is that of the outputs, which have one phase.
func (g *grid) layGradient(dst []float32, b *Branch, images, first, n int) {
	clear(dst[:g.left*g.c])
	dst = dst[g.left*g.c:]
	for r := first - g.top; r < first+n+g.below; r++ {
		pix, cols := g.row(r, images, 0)
		switch {
		case cols == 0:
		case b.A != nil:
			norm.AffineRows(dst, g.c, b.G[pix*b.LDG:], b.LDG, b.Y[pix*b.LDY:], b.LDY, cols, b.A[:g.c], b.B[:g.c], b.C[:g.c])
		default:
			copyTile(dst, g.c, b.G[pix*b.LDG:], b.LDG, cols, g.c)
		}
		clear(dst[cols*g.c : g.width*g.c])
		dst = dst[g.width*g.c:]
	}
	clear(dst[:g.right*g.c])
}
