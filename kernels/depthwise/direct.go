package depthwise

import (
	"math"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// Where the input needs nothing done to it and its pixels are whole vectors apart, nothing is loaded into a ring: the rows are read where
// they are, all blocks of channels of a pair of rows one after the other, so that memory is read as it lies. That goes well for
// the columns whose windows lie inside the image. The others, a few on either side, are computed column by column: from a strip
// that holds the columns which they read, with zeros above and below, and in which taps of a kernel column read adjacent pixels.

// directRows is how many rows of outputs a block of channels computes before the next: what they share is in the level-1 cache.
const directRows = 2

// isDirect reports whether the forward pass reads the input where it is: if few enough outputs read the same row for that to be better
// than to have it at hand.
func (t *forwardTask) isDirect() bool {
	return t.in.Act == activation.Identity && t.in.LD%t.k.lanes == 0 && (2*t.kernel.K <= 7*t.kernel.Stride || alwaysDirect)
}

// alwaysDirect is for tests.
var alwaysDirect bool

// columns are the outputs of a row: those from first to last-1 have windows inside the image.
type columns struct{ first, last, all int }

func (t *forwardTask) columns() columns {
	kn := &t.kernel
	first := min(t.ow, (kn.Pad+kn.Stride-1)/kn.Stride)
	inside := floorDiv(t.in.W-1+kn.Pad-kn.Dilation*(kn.K-1), kn.Stride) + 1
	return columns{first, max(first, min(t.ow, inside)), t.ow}
}

// inPlace computes rows lo … hi-1 of image n; chunk i does so.
func (t *forwardTask) inPlace(w *parallel.Worker, i, n, lo, hi int) {
	k, kn, in := t.k, &t.kernel, &t.in
	reach, s, lanes := kn.Dilation*(kn.K-1)+1, kn.Stride, t.k.lanes
	lcm, apart, tapsApart := strides(s, kn.Dilation)
	cols := t.columns()
	beyond := (k.pixels + 3) * lcm // pixels that may be read behind a row, or rows behind a column
	row := in.W * in.LD
	image := in.X[n*in.H*row:]

	// Reading beyond the last rows of the last image would leave the input: they are copied.
	safe := hi // from this row of outputs on
	for safe > lo && (min(in.H, (safe-1)*s-kn.Pad+reach)*in.W+beyond)*in.LD > len(image) {
		safe--
	}
	copied := min(in.H-1, max(0, safe*s-kn.Pad)) // from this row of inputs on
	// The strip: [column][row][lane] for the columns on the left and on the right.
	left, right := 0, in.W
	if cols.first > 0 {
		left = max(0, min(in.W, (cols.first-1)*s-kn.Pad+reach))
	}
	if cols.last < cols.all {
		right = min(in.W, max(left, cols.last*s-kn.Pad))
	}
	top := lo*s - kn.Pad
	height := (hi-1-lo)*s + reach
	stripLen := ((left+in.W-right)*height + beyond) * lanes
	rest := 0
	if safe < hi {
		rest = ((in.H-copied)*in.W + beyond) * in.LD
	}
	buf := w.Scratch(stripLen + rest)
	strip, tail := buf[:stripLen], buf[stripLen:]
	clear(strip)
	if rest > 0 {
		have := (in.H-1-copied)*row + (in.W-1)*in.LD + kn.C
		copy(tail, image[copied*row:][:have])
		clear(tail[have:])
	}

	edges := cols.first + cols.all - cols.last
	lists := t.direct[i].of(hi - lo + edges)
	for j := lo; j < hi; j++ {
		from := 0
		if j >= safe {
			from = copied
		}
		lists[j-lo] = kn.window(lists[j-lo][:0], source{in.H, row, in.LD}, j*s-kn.Pad-from, in.H-from, t.pix)
	}
	for e := range edges {
		list, x := lists[hi-lo+e][:0], cols.edge(e)
		for kx := range kn.K {
			ix := x*s - kn.Pad + kx*kn.Dilation
			if ix < 0 || ix >= in.W {
				continue
			}
			if ix >= left {
				ix -= right - left
			}
			for ky := range min(tapsApart, kn.K) {
				list = appendRun(list, (ix*height+ky*kn.Dilation)*lanes, lcm*lanes, (kn.K-ky+tapsApart-1)/tapsApart, (ky*kn.K+kx)*t.pix,
					tapsApart*kn.K*t.pix)
			}
		}
		lists[hi-lo+e] = list
	}

	a := &t.scratch[i]
	inf := float32(math.Inf(1))
	*a = convolveArgs{dstPix: apart * t.ldy, srcPix: lcm * in.LD, add: t.add}
	for oy := lo; oy < hi; oy += directRows {
		for c := 0; c < kn.C && cols.first < cols.last; c += lanes {
			a.channels, a.w = min(lanes, kn.C-c), t.w[c:]
			for j := oy; j < min(oy+directRows, hi); j++ {
				a.pieces = lists[j-lo]
				src := image
				if j >= safe {
					src = tail
				}
				for x := cols.first; x < min(cols.first+apart, cols.last); x++ {
					a.src, a.pixels = src[(x*s-kn.Pad)*in.LD+c:], (cols.last-x+apart-1)/apart
					a.dst = t.y[((n*t.oh+j)*t.ow+x)*t.ldy+c:]
					k.convolve(a)
				}
			}
		}
	}
	a.dstPix, a.srcPix = apart*t.ow*t.ldy, lcm*lanes
	for c := 0; c < kn.C && edges > 0; c += lanes {
		a.channels, a.w = min(lanes, kn.C-c), t.w[c:]
		from, end := max(0, top), min(in.H, top+height)
		for ix := 0; ix < in.W && from < end; ix++ {
			if ix == left {
				if ix = right; ix == in.W {
					break
				}
			}
			at := ix
			if ix >= left {
				at -= right - left
			}
			k.load(strip[(at*height+from-top)*lanes:], 0, image[from*row+ix*in.LD+c:], row, end-from, a.channels, -inf, inf)
		}
		for e := range edges {
			a.pieces = lists[hi-lo+e]
			for y := lo; y < min(lo+apart, hi); y++ {
				a.src, a.pixels = strip[(y-lo)*s*lanes:], (hi-y+apart-1)/apart
				a.dst = t.y[((n*t.oh+y)*t.ow+cols.edge(e))*t.ldy+c:]
				k.convolve(a)
			}
		}
	}
}

// edge returns the e-th column with a window that is not inside.
func (c columns) edge(e int) int {
	if e < c.first {
		return e
	}
	return c.last + e - c.first
}
