package depthwise

import (
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// dataTask is the gradient of the input: a convolution of the output gradient with the taps turned round. With stride s it
// falls into s² phases, the pixels whose row and column have the same remainders modulo s, each with the taps that reach it.
type dataTask struct {
	k       *kernels
	kernel  Kernel
	in      Input
	dx, g   []float32
	lddx    int
	ldg     int
	oh, ow  int
	add     bool
	bands   int
	w       []float32
	scratch []convolveArgs
	taps    []tap
}

var data dataTask

func (t *dataTask) run(k *kernels, kernel Kernel, in Input, w Weights, dx []float32, lddx int, g []float32, ldg, oh, ow int, add bool) {
	t.k, t.kernel, t.in, t.dx, t.lddx, t.g, t.ldg, t.oh, t.ow, t.add = k, kernel, in, dx, lddx, g, ldg, oh, ow, add
	t.w = padWeights(t.w, w, kernel, roundUp(kernel.C, k.lanes))
	t.bands = bands(max(in.N, 1), in.H)
	n := in.N * t.bands
	t.scratch, t.taps = grow(t.scratch, n), grow(t.taps, n*kernel.K*kernel.K)
	parallel.Run(n, t)
	clear(t.scratch)
	t.in, t.dx, t.g = Input{}, nil, nil
}

// floorDiv rounds towards minus infinity.
func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Chunk computes a band of rows of an image.
func (t *dataTask) Chunk(w *parallel.Worker, i int) {
	k, kn, in := t.k, &t.kernel, &t.in
	s, reach := kn.Stride, kn.Dilation*(kn.K-1)
	n, band := i/t.bands, i%t.bands
	lo, hi := in.H*band/t.bands, in.H*(band+1)/t.bands
	pix := roundUp(kn.C, k.lanes)
	// Pixel x reads the output's columns (x + pad − kx·dilation)/s, which may lie so far beyond its borders; rows likewise.
	left := max(0, -floorDiv(kn.Pad-reach, s))
	right := max(0, (in.W-1+kn.Pad)/s-(t.ow-1))
	rows := reach/s + 2
	size := ringLen(rows, t.ow, left, right, k.pixels+1, pix)
	direct := in.Act == Identity
	masked := 0
	if !direct {
		masked = in.W * kn.C
	}
	buf := w.Scratch(size + masked)
	r := newRing(buf[:size], rows, t.ow, left, right, pix)
	r.end = max(0, floorDiv(lo+kn.Pad-reach, s))
	image := t.g[n*t.oh*t.ow*t.ldg:]
	a := &t.scratch[i]
	*a = convolveArgs{src: r.buf, srcPix: pix, w: t.w, channels: kn.C}
	taps := t.taps[i*kn.K*kn.K:][:kn.K*kn.K]
	for y := lo; y < hi; y++ {
		r.advance(k, min(t.oh, (y+kn.Pad)/s+1), image, t.ldg, t.ow, kn.C, Identity)
		at := (n*in.H + y) * in.W
		dst, ld := t.dx[at*t.lddx:], t.lddx
		if !direct {
			dst, ld = buf[size:], kn.C
		} else if t.add {
			a.add = 1
		}
		for px := range min(s, in.W) {
			a.taps = taps[:0]
			for ky := range kn.K {
				oy := y + kn.Pad - ky*kn.Dilation
				if oy < 0 || oy%s != 0 || oy/s >= t.oh {
					continue
				}
				for kx := range kn.K {
					ox := px + kn.Pad - kx*kn.Dilation
					if ox%s != 0 {
						continue
					}
					a.taps = append(a.taps, tap{x: r.at(oy/s) + (left+ox/s)*pix, w: (ky*kn.K + kx) * pix})
				}
			}
			a.dst, a.dstPix, a.pixels = dst[px*ld:], s*ld, (in.W-px+s-1)/s
			k.convolve(a)
		}
		if !direct {
			t.store(dst, at)
		}
	}
}

// store moves a row of gradients to where the caller wants it, through the activation.
func (t *dataTask) store(row []float32, at int) {
	c, in := t.kernel.C, &t.in
	step := 1 // pixels that lie without gaps
	if t.lddx == c && in.LD == c {
		step = max(1, maskBlock/c)
	}
	for p := 0; p < in.W; p += step {
		n := min(step, in.W-p) * c
		dx, x, dy := t.dx[(at+p)*t.lddx:][:n], in.X[(at+p)*in.LD:][:n], row[p*c:][:n]
		if in.Act == ReLU6 {
			for i, v := range x {
				if v >= 6 {
					dy[i] = 0
				}
			}
		}
		vec.ReLUBackward(dx, x, dy, t.add)
	}
}

// maskBlock is how many elements package vec handles in the calling goroutine.
const maskBlock = 1 << 14

// maxGroups bounds the groups of images whose weight gradients are summed apart.
const maxGroups = 16

// weightsTask is the gradient of the weights: each group of images sums its own in float32, and they are added in order.
type weightsTask struct {
	k       *kernels
	kernel  Kernel
	in      Input
	g       []float32
	ldg     int
	oh, ow  int
	groups  int
	part    []float32 // [group][tap][channels, padded]
	scratch []correlateArgs
	taps    []tap
}

var weights weightsTask

func (t *weightsTask) run(k *kernels, kernel Kernel, in Input, dw Weights, g []float32, ldg, oh, ow int, add bool) {
	t.k, t.kernel, t.in, t.g, t.ldg, t.oh, t.ow = k, kernel, in, g, ldg, oh, ow
	t.groups = min(in.N, maxGroups)
	pix := roundUp(kernel.C, k.lanes)
	count := kernel.K * kernel.K
	size := (count + 1) * pix // one more for taps that fill a kernel's list up
	t.part = grow(t.part, t.groups*size)
	t.scratch, t.taps = grow(t.scratch, t.groups), grow(t.taps, t.groups*roundUp(count, k.taps))
	parallel.Run(t.groups, t)
	for i := range count {
		d := dw.Data[i/kernel.K*dw.Row+i%kernel.K*dw.LD:][:kernel.C]
		if !add {
			clear(d)
		}
		for p := range t.groups {
			for c, v := range t.part[p*size+i*pix:][:kernel.C] {
				d[c] += v
			}
		}
	}
	clear(t.scratch)
	t.in, t.g = Input{}, nil
}

// Chunk sums over a group of images.
func (t *weightsTask) Chunk(w *parallel.Worker, i int) {
	k, kn, in := t.k, &t.kernel, &t.in
	pix, count := roundUp(kn.C, k.lanes), kn.K*kn.K
	part := t.part[i*(count+1)*pix:][:(count+1)*pix]
	clear(part)
	rows := kn.Dilation*(kn.K-1) + 1
	buf := w.Scratch(ringLen(rows, in.W, kn.Pad, kn.Pad, 0, pix))
	a := &t.scratch[i]
	*a = correlateArgs{dw: part, xPix: kn.Stride * pix, gPix: t.ldg, pixels: t.ow, channels: kn.C}
	room := roundUp(count, k.taps)
	taps := t.taps[i*room:][:room]
	for n := in.N * i / t.groups; n < in.N*(i+1)/t.groups; n++ {
		r := newRing(buf, rows, in.W, kn.Pad, kn.Pad, pix)
		image := in.X[n*in.H*in.W*in.LD:]
		a.x = r.buf
		for oy := range t.oh {
			top := oy*kn.Stride - kn.Pad
			r.end = max(r.end, top) // a stride may skip rows
			r.advance(k, min(in.H, top+rows), image, in.LD, in.W, kn.C, in.Act)
			list := taps[:0]
			for ky := range kn.K {
				y := top + ky*kn.Dilation
				if y < 0 || y >= in.H {
					continue
				}
				for kx := range kn.K {
					list = append(list, tap{x: r.at(y) + kx*kn.Dilation*pix, w: (ky*kn.K + kx) * pix})
				}
			}
			for len(list)%k.taps != 0 {
				list = append(list, tap{w: count * pix})
			}
			a.g = t.g[(n*t.oh+oy)*t.ow*t.ldg:]
			for ; len(list) > 0; list = list[k.taps:] {
				a.taps = list[:k.taps]
				k.correlate(a)
			}
		}
	}
}
