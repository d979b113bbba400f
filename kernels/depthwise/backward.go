package depthwise

import (
	"github.com/oneshot-nas/oneshot/kernels/activation"
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
	pix     int
	w       []float32
	scratch []convolveArgs
	left    int // zeros that are read on the left and on the right of the output gradient
	right   int
	group   int // rows that are computed together from a ring of so many
	rows    int
	phases  int
	lists   [][]piece // of each phase of each row, which are the same in every image
}

var dataTasks parallel.FreeList[dataTask]

func runData(k *kernels, kernel Kernel, in Input, w Weights, dx []float32, lddx int, g []float32, ldg, oh, ow int, add bool) {
	t := dataTasks.Get()
	defer dataTasks.Put(t)
	t.k, t.kernel, t.in, t.dx, t.lddx, t.g, t.ldg, t.oh, t.ow, t.add = k, kernel, in, dx, lddx, g, ldg, oh, ow, add
	t.pix = blocks(k, kernel.C) * k.lanes
	t.w = padWeights(t.w, w, kernel, t.pix, false)
	t.bands = bands(max(in.N, 1), in.H)
	reach, s := kernel.Dilation*(kernel.K-1), kernel.Stride
	// Pixel x reads the output's columns (x + pad − kx·dilation)/s, which may lie so far beyond its borders.
	t.left = max(0, -floorDiv(kernel.Pad-reach, s))
	t.right = max(0, (in.W-1+kernel.Pad)/s-(ow-1))
	rowLen := (t.left + ow + t.right) * k.lanes
	t.group = together((in.H+t.bands-1)/t.bands, reach/s+2, 1, rowLen, blocks(k, kernel.C))
	t.rows = (reach+t.group-1)/s + 2
	t.phases = min(s, in.W)
	t.lists = growKeep(t.lists, in.H*t.phases)
	for i := range t.lists {
		t.lists[i] = t.list(t.lists[i][:0], source{t.rows, rowLen, k.lanes}, i/t.phases, i%t.phases)
	}
	n := in.N * t.bands
	t.scratch = grow(t.scratch, n)
	parallel.Run(n, kernel.work(in.N, oh, ow), t)
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
	step, _, _ := strides(s, kn.Dilation)
	step /= s // in the output
	size := ringLen(k, t.rows, t.ow, kn.C, t.left, t.right, (k.pixels+3)*step)
	masked := 0 // floats of a row that goes through the activation
	if in.Act != activation.Identity {
		masked = in.W * kn.C
	}
	buf := w.Scratch(size + t.group*masked)
	r := newRing(k, buf[:size], t.rows, t.ow, kn.C, t.left, t.right, activation.Identity)
	image := t.g[n*t.oh*t.ow*t.ldg:]
	a := &t.scratch[i]
	*a = convolveArgs{srcPix: step * k.lanes}
	if t.add && masked == 0 {
		a.add = 1
	}
	for y := lo; y < hi; y += t.group {
		g := min(t.group, hi-y)
		r.advance(floorDiv(y+kn.Pad-reach, s), min(t.oh, (y+g-1+kn.Pad)/s+1), image, t.ldg)
		for c := 0; c < kn.C; c += k.lanes {
			a.channels, a.w = min(k.lanes, kn.C-c), t.w[c:]
			for j := range g {
				dst, ld := t.dx[(n*in.H+y+j)*in.W*t.lddx:], t.lddx
				if masked > 0 {
					dst, ld = buf[size+j*masked:], kn.C
				}
				a.dstPix = step * s * ld
				for px := range t.phases {
					a.pieces = t.lists[(y+j)*t.phases+px]
					for x := px; x < min(px+step*s, in.W); x += s {
						a.src, a.pixels = r.block(c / k.lanes)[(x-px)/s*k.lanes:], (in.W-x+step*s-1)/(step*s)
						a.dst = dst[x*ld+c:]
						k.convolve(a)
					}
				}
			}
		}
		for j := range g {
			if masked > 0 {
				storeThrough(in, kn.C, t.dx, t.lddx, buf[size+j*masked:][:masked], (n*in.H+y+j)*in.W, t.add)
			}
		}
	}
}

// list appends the pieces that reach pixel px of row y.
func (t *dataTask) list(list []piece, s source, y, px int) []piece {
	kn, stride := &t.kernel, t.kernel.Stride
	step, _, apart := strides(stride, kn.Dilation)
	// Of the taps kx with (px + pad − kx·dilation) divisible by the stride, the last one reads the first pixel.
	last := kn.K - 1
	for last >= 0 && (px+kn.Pad-last*kn.Dilation)%stride != 0 {
		last--
	}
	for ky := range kn.K {
		oy := y + kn.Pad - ky*kn.Dilation
		if oy < 0 || oy%stride != 0 || oy/stride >= t.oh || last < 0 {
			continue
		}
		ox := (px + kn.Pad - last*kn.Dilation) / stride
		list = appendRun(list, s.at(oy/stride)+(t.left+ox)*s.pixel, step/stride*s.pixel, last/apart+1, (ky*kn.K+last)*t.pix, -apart*t.pix)
	}
	return list
}

// storeThrough moves a row of gradients of c channels, which begins at pixel at, to dx through the activation.
func storeThrough(in *Input, c int, dx []float32, lddx int, row []float32, at int, add bool) {
	step := 1 // pixels that lie without gaps
	if lddx == c && in.LD == c {
		step = in.W
	}
	for p := 0; p < in.W; p += step {
		n := step * c
		dx, x, dy := dx[(at+p)*lddx:][:n], in.X[(at+p)*in.LD:][:n], row[p*c:][:n]
		if in.Act == activation.ReLU {
			vec.LocalReLUBackward(dx, x, dy, add)
		} else {
			vec.LocalReLU6Backward(dx, x, dy, add)
		}
	}
}

// maxGroups bounds the groups of images whose weight gradients are summed apart.
const maxGroups = 16

// weightsTask is the gradient of the weights: each group of images sums its own in float32, and they are added in order.
type weightsTask struct {
	k        *kernels
	kernel   Kernel
	in       Input
	g        []float32
	ldg      int
	oh, ow   int
	groups   int
	pix      int       // channels, padded
	part     []float32 // [group][tap][pix], with one tap more for what fills a list up
	scratch  []correlateArgs
	together int // rows that are correlated together from a ring of so many
	rows     int
	lists    [][]piece // of each row of outputs, which are the same in every image
}

var weightsTasks parallel.FreeList[weightsTask]

func runWeights(k *kernels, kernel Kernel, in Input, dw Weights, g []float32, ldg, oh, ow int, add bool) {
	t := weightsTasks.Get()
	defer weightsTasks.Put(t)
	t.k, t.kernel, t.in, t.g, t.ldg, t.oh, t.ow = k, kernel, in, g, ldg, oh, ow
	t.groups = min(in.N, maxGroups)
	t.pix = blocks(k, kernel.C) * k.lanes
	count := kernel.K * kernel.K
	size := (count + 1) * t.pix
	t.part = grow(t.part, t.groups*size)
	t.scratch = grow(t.scratch, t.groups)
	reach, rowLen := kernel.Dilation*(kernel.K-1)+1, (in.W+2*kernel.Pad)*k.lanes
	t.together = together(oh, reach, kernel.Stride, rowLen, blocks(k, kernel.C))
	t.rows = reach + (t.together-1)*kernel.Stride
	t.lists = growKeep(t.lists, oh)
	for y := range t.lists {
		t.lists[y] = t.list(t.lists[y][:0], source{t.rows, rowLen, k.lanes}, y*kernel.Stride-kernel.Pad)
	}
	parallel.Run(t.groups, kernel.work(in.N, oh, ow), t)
	for i := range count {
		d := dw.at(kernel, i)
		if !add {
			clear(d)
		}
		for p := range t.groups {
			for c, v := range t.part[p*size+i*t.pix:][:kernel.C] {
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
	count := kn.K * kn.K
	part := t.part[i*(count+1)*t.pix:][:(count+1)*t.pix]
	clear(part)
	reach, s := kn.Dilation*(kn.K-1)+1, kn.Stride
	lcm, apart, _ := strides(s, kn.Dilation)
	buf := w.Scratch(ringLen(k, t.rows, in.W, kn.C, kn.Pad, kn.Pad, 4*lcm))
	a := &t.scratch[i]
	*a = correlateArgs{xPix: lcm * k.lanes, gPix: apart * t.ldg}
	for n := in.N * i / t.groups; n < in.N*(i+1)/t.groups; n++ {
		r := newRing(k, buf, t.rows, in.W, kn.C, kn.Pad, kn.Pad, in.Act)
		image := in.X[n*in.H*in.W*in.LD:]
		for oy := 0; oy < t.oh; oy += t.together {
			g := min(t.together, t.oh-oy)
			r.advance(oy*s-kn.Pad, min(in.H, (oy+g-1)*s-kn.Pad+reach), image, in.LD)
			for c := 0; c < kn.C; c += k.lanes {
				a.channels, a.dw = min(k.lanes, kn.C-c), part[c:]
				for j := range g {
					for x := range min(apart, t.ow) {
						a.x, a.pixels = r.block(c / k.lanes)[x*s*k.lanes:], (t.ow-x+apart-1)/apart
						a.g = t.g[((n*t.oh+oy+j)*t.ow+x)*t.ldg+c:]
						for list := t.lists[oy+j]; len(list) > 0; list = list[k.pieces:] {
							a.pieces = list[:k.pieces]
							k.correlate(a)
						}
					}
				}
			}
		}
	}
}

// list appends the pieces of the window whose first row is top, with all their taps: those that are not there go to weights that
// nobody reads. Their number is a multiple of what the kernel takes.
func (t *weightsTask) list(list []piece, s source, top int) []piece {
	nobody := t.kernel.K * t.kernel.K * t.pix
	list = t.kernel.window(list, s, top, t.in.H, t.pix)
	for i := range list {
		for p := &list[i]; p.n < 3; p.n++ {
			p.w[p.n] = nobody
		}
	}
	for len(list)%t.k.pieces != 0 {
		list = append(list, piece{n: 3, w: [3]int{nobody, nobody, nobody}})
	}
	return list
}
