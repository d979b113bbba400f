package depthwise

import "github.com/oneshot-nas/oneshot/kernels/parallel"

// chunks is how many pieces of work a call has at least, if the batch has as many bands of minBand rows; minBand keeps the rows
// that two bands both load few.
const (
	chunks  = 32
	minBand = 16
)

// bands returns into how many bands of rows each of n images of h rows is cut.
func bands(n, h int) int { return max(1, min((chunks+n-1)/n, h/minBand)) }

// forwardTask is the forward pass of a call.
type forwardTask struct {
	k       *kernels
	kernel  Kernel
	in      Input
	y       []float32
	ldy     int
	oh, ow  int
	add     int
	bands   int
	pix     int            // channels, padded
	w       []float32      // [tap][pix]
	scratch []convolveArgs // of each chunk: what calls through the table would make escape to the heap
	lists   []pieceLists   // of each chunk
}

// pieceLists are the pieces of the rows that are computed together, and of each phase if there are several.
type pieceLists struct {
	rows [][]piece
	_    cacheLine
}

// of returns n lists.
func (l *pieceLists) of(n int) [][]piece {
	l.rows = growKeep(l.rows, n)
	return l.rows
}

var forward forwardTask

// padWeights lays the weights out with channels padded to pix, the taps from the last to the first if they are to be turned.
func padWeights(dst []float32, w Weights, k Kernel, pix int, turned bool) []float32 {
	dst = grow(dst, k.K*k.K*pix)
	for t := range k.K * k.K {
		d := dst[t*pix:][:pix]
		if turned {
			d = dst[(k.K*k.K-1-t)*pix:][:pix]
		}
		copy(d, w.Data[t/k.K*w.Row+t%k.K*w.LD:][:k.C])
		clear(d[k.C:])
	}
	return dst
}

// growKeep is grow for elements whose own memory is used again.
func growKeep[T any](s []T, n int) []T {
	if cap(s) < n {
		return append(s[:cap(s)], make([]T, n-cap(s))...)
	}
	return s[:n]
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func (t *forwardTask) run(k *kernels, kernel Kernel, in Input, w Weights, y []float32, ldy, oh, ow int, add, turned bool) {
	t.k, t.kernel, t.in, t.y, t.ldy, t.oh, t.ow, t.add = k, kernel, in, y, ldy, oh, ow, 0
	if add {
		t.add = 1
	}
	t.pix = blocks(k, kernel.C) * k.lanes
	t.w = padWeights(t.w, w, kernel, t.pix, turned)
	t.bands = bands(max(in.N, 1), oh)
	n := in.N * t.bands
	t.scratch, t.lists = grow(t.scratch, n), growKeep(t.lists, n)
	parallel.Run(n, t)
	clear(t.scratch)
	t.in, t.y = Input{}, nil
}

// Chunk computes a band of rows of an image.
func (t *forwardTask) Chunk(w *parallel.Worker, i int) {
	k, kn, in := t.k, &t.kernel, &t.in
	n, band := i/t.bands, i%t.bands
	lo, hi := t.oh*band/t.bands, t.oh*(band+1)/t.bands
	if t.isDirect() {
		t.direct(w, i, n, lo, hi)
		return
	}
	reach, s := kn.Dilation*(kn.K-1)+1, kn.Stride
	group := together(hi-lo, reach, s, (in.W+2*kn.Pad)*k.lanes, blocks(k, kn.C))
	rows := reach + (group-1)*s
	lcm, apart, _ := strides(s, kn.Dilation)
	buf := w.Scratch(ringLen(k, rows, in.W, kn.C, kn.Pad, kn.Pad, (k.pixels+3)*lcm))
	r := newRing(k, buf, rows, in.W, kn.C, kn.Pad, kn.Pad, in.Act)
	image := in.X[n*in.H*in.W*in.LD:]
	a := &t.scratch[i]
	*a = convolveArgs{dstPix: apart * t.ldy, srcPix: lcm * k.lanes, add: t.add}
	for oy := lo; oy < hi; oy += group {
		g := min(group, hi-oy)
		r.advance(oy*s-kn.Pad, min(in.H, (oy+g-1)*s-kn.Pad+reach), image, in.LD)
		lists := t.lists[i].of(g)
		for j := range g {
			lists[j] = kn.window(lists[j][:0], r.source(), (oy+j)*s-kn.Pad, in.H, t.pix)
		}
		for c := 0; c < kn.C; c += k.lanes {
			a.channels, a.w = min(k.lanes, kn.C-c), t.w[c:]
			for j := range g {
				a.pieces = lists[j]
				for x := range min(apart, t.ow) {
					a.src, a.pixels = r.block(c / k.lanes)[x*s*k.lanes:], (t.ow-x+apart-1)/apart
					a.dst = t.y[((n*t.oh+oy+j)*t.ow+x)*t.ldy+c:]
					k.convolve(a)
				}
			}
		}
	}
}
