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
	w       []float32      // [tap][channels, padded]
	scratch []convolveArgs // of each chunk: what calls through the table would make escape to the heap
	taps    []tap          // of each chunk, K² apart
}

var forward forwardTask

// padWeights lays the weights out with channels padded to pix.
func padWeights(dst []float32, w Weights, k Kernel, pix int) []float32 {
	dst = grow(dst, k.K*k.K*pix)
	for t := range k.K * k.K {
		d := dst[t*pix:][:pix]
		copy(d, w.Data[t/k.K*w.Row+t%k.K*w.LD:][:k.C])
		clear(d[k.C:])
	}
	return dst
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func (t *forwardTask) run(k *kernels, kernel Kernel, in Input, w Weights, y []float32, ldy, oh, ow int, add bool) {
	t.k, t.kernel, t.in, t.y, t.ldy, t.oh, t.ow, t.add = k, kernel, in, y, ldy, oh, ow, 0
	if add {
		t.add = 1
	}
	t.w = padWeights(t.w, w, kernel, roundUp(kernel.C, k.lanes))
	t.bands = bands(max(in.N, 1), oh)
	n := in.N * t.bands
	t.scratch, t.taps = grow(t.scratch, n), grow(t.taps, n*kernel.K*kernel.K)
	parallel.Run(n, t)
	clear(t.scratch)
	t.in, t.y = Input{}, nil
}

// Chunk computes a band of rows of an image.
func (t *forwardTask) Chunk(w *parallel.Worker, i int) {
	k, kn, in := t.k, &t.kernel, &t.in
	n, band := i/t.bands, i%t.bands
	lo, hi := t.oh*band/t.bands, t.oh*(band+1)/t.bands
	pix := roundUp(kn.C, k.lanes)
	rows := kn.Dilation*(kn.K-1) + 1
	buf := w.Scratch(ringLen(rows, in.W, kn.Pad, kn.Pad, k.pixels*kn.Stride, pix))
	r := newRing(buf, rows, in.W, kn.Pad, kn.Pad, pix)
	image := in.X[n*in.H*in.W*in.LD:]
	a := &t.scratch[i]
	*a = convolveArgs{dstPix: t.ldy, src: r.buf, srcPix: kn.Stride * pix, w: t.w, pixels: t.ow, channels: kn.C, add: t.add}
	taps := t.taps[i*kn.K*kn.K:][:kn.K*kn.K]
	for oy := lo; oy < hi; oy++ {
		top := oy*kn.Stride - kn.Pad
		r.end = max(r.end, top) // a stride may skip rows
		r.advance(k, min(in.H, top+rows), image, in.LD, in.W, kn.C, in.Act)
		a.taps = taps[:0]
		for ky := range kn.K {
			y := top + ky*kn.Dilation
			if y < 0 || y >= in.H {
				continue
			}
			for kx := range kn.K {
				a.taps = append(a.taps, tap{x: r.at(y) + kx*kn.Dilation*pix, w: (ky*kn.K + kx) * pix})
			}
		}
		a.dst = t.y[(n*t.oh+oy)*t.ow*t.ldy:]
		k.convolve(a)
	}
}
