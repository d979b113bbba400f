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
	group   int            // rows that are computed together from a ring of so many
	rows    int
	lists   [][]piece    // of each row of outputs, which are the same in every image
	direct  []pieceLists // of each chunk that reads the input where it is
}

// pieceLists are the pieces of the rows and columns of a chunk.
type pieceLists struct {
	rows [][]piece
	_    cacheLine
}

// of returns n lists.
func (l *pieceLists) of(n int) [][]piece {
	l.rows = growKeep(l.rows, n)
	return l.rows
}

var forwardTasks parallel.FreeList[forwardTask]

// padWeights lays the weights out with channels padded to pix, the taps from the last to the first if they are to be turned.
func padWeights(dst []float32, w Weights, k Kernel, pix int, turned bool) []float32 {
	dst = grow(dst, k.K*k.K*pix)
	for t := range k.K * k.K {
		d := dst[t*pix:][:pix]
		if turned {
			d = dst[(k.K*k.K-1-t)*pix:][:pix]
		}
		copy(d, w.at(k, t))
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

func runForward(k *kernels, kernel Kernel, in Input, w Weights, y []float32, ldy, oh, ow int, add, turned bool) {
	t := forwardTasks.Get()
	defer forwardTasks.Put(t)
	t.k, t.kernel, t.in, t.y, t.ldy, t.oh, t.ow, t.add = k, kernel, in, y, ldy, oh, ow, 0
	if add {
		t.add = 1
	}
	t.pix = blocks(k, kernel.C) * k.lanes
	t.w = padWeights(t.w, w, kernel, t.pix, turned)
	t.bands = bands(max(in.N, 1), oh)
	n := in.N * t.bands
	t.scratch = grow(t.scratch, n)
	if t.isDirect() {
		t.direct = growKeep(t.direct, n)
	} else {
		reach := kernel.Dilation*(kernel.K-1) + 1
		t.group = together((oh+t.bands-1)/t.bands, reach, kernel.Stride, (in.W+2*kernel.Pad)*k.lanes, blocks(k, kernel.C))
		t.rows = reach + (t.group-1)*kernel.Stride
		from := source{t.rows, (in.W + 2*kernel.Pad) * k.lanes, k.lanes}
		t.lists = growKeep(t.lists, oh)
		for y := range t.lists {
			t.lists[y] = kernel.window(t.lists[y][:0], from, y*kernel.Stride-kernel.Pad, in.H, t.pix)
		}
	}
	parallel.Run(n, kernel.work(in.N, oh, ow), t)
	clear(t.scratch)
	t.in, t.y = Input{}, nil
}

// Chunk computes a band of rows of an image.
func (t *forwardTask) Chunk(w *parallel.Worker, i int) {
	k, kn, in := t.k, &t.kernel, &t.in
	n, band := i/t.bands, i%t.bands
	lo, hi := t.oh*band/t.bands, t.oh*(band+1)/t.bands
	if t.isDirect() {
		t.inPlace(w, i, n, lo, hi)
		return
	}
	reach, s := kn.Dilation*(kn.K-1)+1, kn.Stride
	lcm, apart, _ := strides(s, kn.Dilation)
	buf := w.Scratch(ringLen(k, t.rows, in.W, kn.C, kn.Pad, kn.Pad, (k.pixels+3)*lcm))
	r := newRing(k, buf, t.rows, in.W, kn.C, kn.Pad, kn.Pad, in.Act)
	image := in.X[n*in.H*in.W*in.LD:]
	a := &t.scratch[i]
	*a = convolveArgs{dstPix: apart * t.ldy, srcPix: lcm * k.lanes, add: t.add}
	for oy := lo; oy < hi; oy += t.group {
		g := min(t.group, hi-oy)
		r.advance(oy*s-kn.Pad, min(in.H, (oy+g-1)*s-kn.Pad+reach), image, in.LD)
		for c := 0; c < kn.C; c += k.lanes {
			a.channels, a.w = min(k.lanes, kn.C-c), t.w[c:]
			for j := range g {
				a.pieces = t.lists[oy+j]
				for x := range min(apart, t.ow) {
					a.src, a.pixels = r.block(c / k.lanes)[x*s*k.lanes:], (t.ow-x+apart-1)/apart
					a.dst = t.y[((n*t.oh+oy+j)*t.ow+x)*t.ldy+c:]
					k.convolve(a)
				}
			}
		}
	}
}
