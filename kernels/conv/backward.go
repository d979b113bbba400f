package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// phase is the part of an input gradient whose pixels (y, x) have y ≡ py, x ≡ px modulo the stride: a convolution of the
// packed output gradient with the taps that reach those pixels. With stride 1 there is one phase, the convolution with
// flipped and transposed weights.
type phase struct {
	run    tapList
	w      []float32
	py, px int
	rows   int
	cols   int
	wino   bool // by Winograd: w is transformed
}

// backwardBranch is what a branch needs beyond its description, prepared once per call.
type backwardBranch struct {
	*Branch
	oh, ow int
	dy     packed // the output gradient as packed
	tile   tileKernel
	phases []phase
	outer  outerKernel
	taps   tapList // of the packed input, for the weight gradient
	rows   int     // rows of one run's partial gradient, rounded up to the kernel's
	cols   int     // Cout rounded up to the kernel's block
	part   []float32

	allRuns bool // outer takes the three runs of taps together
	inPlace bool // the output gradient is read where it is: only the weights' is asked for, which needs no border
	wino    bool // the weight gradient by Winograd
	u       int  // where its 36 sums lie in the chunk's scratch
}

// pixels are some images without their borders, with the distances of pixels, rows and images.
type pixels struct {
	data          []float32
	pix, row, img int
}

// gradient is where the output gradient of the images from n on lies; dy holds them if it is packed.
func (b *backwardBranch) gradient(dy []float32, n int) pixels {
	if b.inPlace {
		return pixels{b.G[n*b.oh*b.ow*b.LDG:], b.LDG, b.ow * b.LDG, b.oh * b.ow * b.LDG}
	}
	return pixels{dy[b.dy.origin():], b.dy.c, b.dy.rowLen(), b.dy.imgLen()}
}

// partLen is the length of one chunk's partial weight gradient: [run][rows][cols].
func (b *backwardBranch) partLen() int { return len(b.taps.offsets) * b.rows * b.cols }

// backwardTask is the backward pass of a call, kept from call to call so that its buffers are reused.
type backwardTask struct {
	k        *kernels
	in       *Input
	dx       []float32
	lddx     int
	add      bool
	branches []backwardBranch
	geom     packed // of the input
	packsX   bool   // the input is read: for weight gradients, and to tell where the activation of a folded normalisation is flat
	dyLen    int    // floats of the largest packed output gradient of one image
	together int
	chunks   int
	stride   int
	maxOut   int
	tmp      int // floats of scratch for ragged edges and Winograd
	points   int // floats of the transformed input
	sums     int // floats of the sums of Winograd's weight gradients
	local    [maxChunks]local

	w, part         []float32
	offsets, weight []int
	reduce          reduceTask
	terms           [1]norm.Term // of the sums of a folded normalisation's gradient
	sumGX           [1][]float64
}

var backwardTasks parallel.FreeList[backwardTask]

// floorDiv rounds towards minus infinity.
func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func runBackward(k *kernels, in *Input, dx []float32, lddx int, add bool, branches []Branch) {
	t := backwardTasks.Get()
	defer backwardTasks.Put(t)
	t.k, t.in, t.dx, t.lddx, t.add = k, in, dx, lddx, add
	t.chunks = min(in.N, maxChunks)
	if cap(t.branches) < len(branches) {
		t.branches = append(make([]backwardBranch, 0, len(branches)), t.branches...)
	}
	t.branches = t.branches[:len(branches)]
	t.geom = packed{h: in.H, w: in.W, c: in.C}
	t.packsX, t.dyLen, t.stride, t.maxOut, t.tmp, t.points, t.sums = in.Fold != nil && dx != nil, 0, 1, 0, 0, 0, 0
	for i := range branches {
		b := &branches[i]
		t.geom.pads = t.geom.around(&b.Kernel, in.H, in.W)
		t.packsX = t.packsX || b.DWeight != nil
		t.stride = max(t.stride, b.Kernel.Stride)
		t.maxOut = max(t.maxOut, b.Kernel.Cout)
	}
	t.together = together(in.H * in.W)
	wLen, partLen, work := 0, 0, 0
	for i := range branches {
		f := &t.branches[i]
		f.Branch = &branches[i]
		wl := t.describe(f)
		t.dyLen = max(t.dyLen, f.dy.imgLen())
		wLen += wl
		if dx != nil {
			work += f.Kernel.work(in.N, f.oh, f.ow, len(f.phases) > 0 && f.phases[0].wino)
		}
		if f.DWeight != nil {
			work += f.Kernel.work(in.N, f.oh, f.ow, f.wino)
		}
		if f.wino {
			// Fewer chunks for more channels, whose sums cost more to transform back and to add up.
			tiles := max(winogradSum, in.C*f.Kernel.Cout/64)
			t.chunks = min(t.chunks, max(minChunks, in.N*f.oh*f.ow/16/tiles))
		}
	}
	t.together = min(t.together, (in.N+t.chunks-1)/t.chunks)
	for i := range t.branches {
		f := &t.branches[i]
		if f.DWeight != nil {
			partLen += t.chunks * f.partLen()
		}
		if f.wino {
			t.points = winogradInputLen(t.together, f.oh, f.ow, in.C) + winogradPoints*16
			t.tmp = max(t.tmp, winogradInputLen(t.together, f.oh, f.ow, f.Kernel.Cout)+winogradPoints*16)
			f.u = t.sums
			t.sums += winogradPoints * (f.Kernel.Cin*f.Kernel.Cout + winogradGap)
		}
		for j := range f.phases {
			if p := &f.phases[j]; p.wino {
				t.tmp = max(t.tmp, winogradLen(f.tile, t.together, p.rows, p.cols, f.Kernel.Cout, in.C))
			}
		}
	}
	if cap(t.w) < wLen {
		t.w = memory.Aligned(wLen)
	}
	if cap(t.part) < partLen {
		t.part = memory.Aligned(partLen)
	}
	w, part := t.w[:wLen], t.part[:partLen]
	for i := range t.branches {
		f := &t.branches[i]
		kn := &f.Kernel
		if dx != nil {
			_, _, wChannel := f.weightStrides()
			for j := range f.phases {
				p := &f.phases[j]
				n := packedLen(len(p.run.weights), kn.Cout, kn.Cin, f.tile.block, p.wino)
				p.w, w = w[:n], w[n:]
				p.w = k.pack(in, p.w, weights{f.Weight, p.run.weights, kn.Cout, kn.Cin, 1, wChannel, f.tile.block, p.wino})
			}
		}
		if f.DWeight != nil {
			n := t.chunks * f.partLen()
			f.part, part = part[:n], part[n:]
		}
	}
	parallel.Run(t.chunks, work, t)
	if f := in.Fold; f != nil && dx != nil {
		t.terms[0], t.sumGX[0] = norm.Term{X: in.X, LD: in.LD}, f.SumGX
		norm.GradSums(dx, in.N*in.H*in.W, in.C, lddx, t.terms[:], f.SumG, t.sumGX[:])
		t.terms[0], t.sumGX[0] = norm.Term{}, nil
	}
	for i := range t.branches {
		f := &t.branches[i]
		if f.DWeight != nil {
			t.reduce = reduceTask{b: f.Branch, taps: &f.taps.tapRun, rows: f.rows, cols: f.cols, part: f.part, chunks: t.chunks}
			parallel.Run(len(f.taps.weights), t.chunks*f.partLen()/16, &t.reduce)
		}
		f.Branch = nil
	}
	t.in, t.dx = nil, nil
}

// describe fills in the geometry of a branch and returns how many packed weights its phases need.
func (t *backwardTask) describe(f *backwardBranch) int {
	kn, in := &f.Kernel, t.in
	s := kn.Stride
	f.oh, f.ow = kn.Out(in.H, in.W)
	// Rows oy = (y + pad − kh·d)/s of the gradient that some input row y reads lie between these two; likewise columns.
	f.dy = packed{h: f.oh, w: f.ow, c: kn.Cout}
	top, left := kn.before()
	f.dy.top = max(0, -floorDiv(top-(kn.KH-1)*kn.Dilation, s))
	f.dy.left = max(0, -floorDiv(left-(kn.KW-1)*kn.Dilation, s))
	f.dy.bottom = max(0, (in.H-1+top)/s-(f.oh-1))
	f.dy.right = max(0, (in.W-1+left)/s-(f.ow-1))

	wLen := 0
	f.phases = f.phases[:0]
	if t.dx != nil {
		f.tile = t.k.tileFor(kn.Cin)
		for py := range min(s, in.H) {
			for px := range min(s, in.W) {
				wLen += t.describePhase(f, py, px)
			}
		}
	}
	f.wino, f.inPlace = false, false
	if f.DWeight != nil {
		f.outer = t.k.outerFor(kn.Cout)
		wRow, wTap, _ := f.weightStrides()
		t.offsets, t.weight = t.offsets[:0], t.weight[:0]
		for y := range kn.KH {
			for x := range kn.KW {
				t.offsets = append(t.offsets, (t.geom.top-top+y*kn.Dilation)*t.geom.rowLen()+(t.geom.left-left+x*kn.Dilation)*t.geom.c)
				t.weight = append(t.weight, y*wRow+x*wTap)
			}
		}
		f.taps.set(t.offsets, t.weight, kn.Cin)
		f.allRuns = f.taps.k == 9 && len(f.taps.offsets) == 3 && t.k.outer3x9 != nil
		if f.allRuns {
			f.outer = *t.k.outer3x9
		}
		f.rows, f.cols = roundUp(f.taps.k, f.outer.rows), roundUp(kn.Cout, f.outer.block)
		f.inPlace = t.dx == nil && f.A == nil && f.cols == kn.Cout && in.Precision == gemm.Float32
		// Only with a border of one pixel, so that branches share the transformed input.
		f.wino = kn.PadH == 1 && kn.PadW == 1 && kn.Shift == 0 && kn.Cin%f.outer.rows == 0 &&
			t.k.winogradFits(kn, kn.Cin, kn.Cout, f.oh, f.ow)
		if f.wino {
			t.together = max(t.together, winogradSum*16/(f.oh*f.ow))
		}
	}
	return wLen
}

func (t *backwardTask) describePhase(f *backwardBranch, py, px int) int {
	kn := &f.Kernel
	s := kn.Stride
	wRow, wTap, _ := f.weightStrides()
	t.offsets, t.weight = t.offsets[:0], t.weight[:0]
	top, left := kn.before()
	// Taps from the last to the first, so that the pixels that they read follow each other.
	for ky := kn.KH - 1; ky >= 0; ky-- {
		dy := py + top - ky*kn.Dilation
		if dy%s != 0 {
			continue
		}
		for kx := kn.KW - 1; kx >= 0; kx-- {
			dx := px + left - kx*kn.Dilation
			if dx%s != 0 {
				continue
			}
			t.offsets = append(t.offsets, (f.dy.top+dy/s)*f.dy.rowLen()+(f.dy.left+dx/s)*f.dy.c)
			t.weight = append(t.weight, ky*wRow+kx*wTap)
		}
	}
	if len(t.offsets) == 0 {
		return 0
	}
	if len(f.phases) < cap(f.phases) {
		f.phases = f.phases[:len(f.phases)+1]
	} else {
		f.phases = append(f.phases, phase{})
	}
	p := &f.phases[len(f.phases)-1]
	p.run.set(t.offsets, t.weight, kn.Cout)
	p.py, p.px = py, px
	p.rows, p.cols = (t.in.H-py+s-1)/s, (t.in.W-px+s-1)/s
	t.tmp = max(t.tmp, raggedLen(f.tile, p.rows, p.cols, kn.Cin))
	p.wino = t.k.winogradFits(kn, kn.Cout, kn.Cin, p.rows, p.cols)
	if p.wino {
		t.together = max(t.together, winogradImages(p.rows, p.cols, kn.Cin+kn.Cout))
	}
	return packedLen(len(t.offsets), kn.Cout, kn.Cin, f.tile.block, p.wino)
}

// Chunk computes the input gradients of the images of one chunk and their share of the weight gradients.
func (t *backwardTask) Chunk(w *parallel.Worker, i int) {
	in := t.in
	i = t.chunks - 1 - i // the sums over the gradient, which come before, have left its end in cache
	lo, hi := chunkOf(in.N, t.chunks, i)
	imgLen, pixels := t.geom.imgLen(), in.H*in.W
	act, dxLen := in.activation(), 0 // an image's gradient is gathered here if something remains to be done to it
	if act != activation.Identity {
		dxLen = pixels * in.C
	}
	xs := 0
	if t.packsX {
		xs = t.together*imgLen + slack(in.C, t.stride)
	}
	dys := t.together*t.dyLen + slack(t.maxOut, 1)
	scratch := w.Scratch(t.sums + t.points + t.tmp + xs + dys + t.together*dxLen)
	sums, points, scratch := scratch[:t.sums], scratch[t.sums:][:t.points], scratch[t.sums+t.points:]
	tmp, x, dy, dx := scratch[:t.tmp], scratch[t.tmp:][:xs], scratch[t.tmp+xs:][:dys], scratch[t.tmp+xs+dys:]
	l := &t.local[i]
	for n := lo; n < hi; n += t.together {
		cnt := min(t.together, hi-n)
		if t.packsX {
			for j := range cnt {
				img := x[j*imgLen:][:imgLen]
				if n == lo {
					t.geom.clearBorder(img)
				}
				t.geom.packInput(img, in, n+j, 0, in.H)
			}
		}
		dx, dxPix, written := dx, in.C, false // what it is gathered in, and whether that holds something
		if t.dx != nil && act == activation.Identity {
			dx, dxPix, written = t.dx[n*pixels*t.lddx:], t.lddx, t.add
		}
		transformed := false // points holds something
		for b := range t.branches {
			f := &t.branches[b]
			if !f.inPlace {
				for j := range cnt {
					img := dy[j*f.dy.imgLen():][:f.dy.imgLen()]
					if n == lo || len(t.branches) > 1 { // of which each leaves its own
						f.dy.clearBorder(img)
					}
					f.dy.packGradient(img, in, f.Branch, n+j)
				}
			}
			if t.dx != nil {
				t.inputGradient(f, l, dx, dxPix, dy, n, cnt, written, tmp)
				written = true
			}
			switch {
			case f.wino:
				first, tmp36 := f.taps.offsets[0], points[len(points)-winogradPoints*16:]
				if !transformed {
					t.k.winogradInput(l, points, x[first:], &t.geom, cnt, f.oh, f.ow, tmp36)
					transformed = true
				}
				t.k.winogradSumProducts(&f.outer, l, sums[f.u:], points, f.gradient(dy, n), f.oh, f.ow, cnt, in.C, f.Kernel.Cout,
					n > lo, tmp)
			case f.DWeight != nil:
				t.weightGradient(f, l, f.part[i*f.partLen():][:f.partLen()], x, f.gradient(dy, n), cnt, n > lo)
			}
		}
		switch {
		case t.dx == nil || act == activation.Identity:
		case in.Fold != nil:
			t.storeFoldedGradient(x, dx, n, cnt)
		default:
			storeInputGradient(in, t.dx, t.lddx, t.add, dx, n*pixels, cnt*pixels)
		}
	}
	for b := range t.branches {
		if f := &t.branches[b]; f.wino {
			n, part := in.C*f.Kernel.Cout, f.part[i*f.partLen():][:f.partLen()]
			clear(part)
			t.k.winograd.weightGradient(part, n, sums[f.u:], n+winogradGap, n)
		}
	}
}

// storeInputGradient moves the gathered gradient of n pixels from p on through the activation to where the caller wants it.
func storeInputGradient(in *Input, dst []float32, lddst int, add bool, dx []float32, p, n int) {
	c := in.C
	x, ldx := dx, c // which no identity asks for
	if in.Act != activation.Identity {
		x, ldx = in.X[p*in.LD:], in.LD
	}
	dst = dst[p*lddst:]
	if ldx == c && lddst == c {
		in.Act.LocalBackward(dst[:n*c], x[:n*c], dx[:n*c], add)
		return
	}
	for i := range n {
		in.Act.LocalBackward(dst[i*lddst:][:c], x[i*ldx:][:c], dx[i*c:][:c], add)
	}
}

// storeFoldedGradient is storeInputGradient behind a folded normalisation, whose results are packed in x.
func (t *backwardTask) storeFoldedGradient(x, dx []float32, n, cnt int) {
	in, fold := t.in, t.in.Fold
	row := in.W * in.C
	for i := range cnt * in.H {
		y := x[i/in.H*t.geom.imgLen()+t.geom.origin()+i%in.H*t.geom.rowLen():][:row]
		if in.Precision == gemm.BF16 { // what is packed has been rounded
			fold.Rows(y, in.C, in.X[(n*in.H+i)*in.W*in.LD:], in.LD, in.W)
		}
		g, dst := dx[i*row:][:row], t.dx[(n*in.H+i)*in.W*t.lddx:]
		if t.lddx == in.C {
			fold.Act.LocalBackward(dst[:row], y, g, false)
			continue
		}
		for j := range in.W {
			fold.Act.LocalBackward(dst[j*t.lddx:][:in.C], y[j*in.C:][:in.C], g[j*in.C:][:in.C], false)
		}
	}
}

// packGradient brings the output gradient of image n of a branch of the input into img, whose border is clear.
func (p packed) packGradient(img []float32, in *Input, b *Branch, n int) {
	c := p.c
	for y := range p.h {
		pix := (n*p.h + y) * p.w
		dst := img[p.origin()+y*p.rowLen():]
		if b.A != nil {
			norm.AffineRows(dst, c, b.G[pix*b.LDG:], b.LDG, b.Y[pix*b.LDY:], b.LDY, p.w, b.A[:c], b.B[:c], b.C[:c])
		} else {
			copyTile(dst, c, b.G[pix*b.LDG:], b.LDG, p.w, c)
		}
		in.round(dst[:p.w*c])
	}
}

// inputGradient adds the branch's part of the input gradient of cnt images from n on to dx, whose pixels are pix apart (overwrites it if
// add is false).
func (t *backwardTask) inputGradient(f *backwardBranch, l *local, dx []float32, pix int, dy []float32, n, cnt int, add bool,
	tmp []float32) {
	in, s := t.in, f.Kernel.Stride
	if !add && len(f.phases) < s*s { // some pixels are reached by no tap
		for i := range cnt * in.H * in.W {
			clear(dx[i*pix:][:in.C])
		}
		add = true
	}
	for j := range f.phases {
		p := &f.phases[j]
		l.tile = tileArgs{
			dst:    dx[(p.py*in.W+p.px)*pix:],
			dstPix: s * pix, dstRow: s * in.W * pix, dstImg: in.H * in.W * pix,
			src: dy, srcPix: f.dy.c, srcRow: f.dy.rowLen(), srcImg: f.dy.imgLen(),
		}
		if add {
			l.tile.add = 1
		}
		if p.wino {
			l.tile.ahead = atMost(t.dx[n*in.H*in.W*t.lddx:], cnt*in.H*in.W*t.lddx) // where it ends up
			t.k.winogradConvolve(f.tile, l, p.run.offsets[0], p.w, cnt, p.rows, p.cols, f.Kernel.Cout, in.C, tmp)
		} else {
			convolve(f.tile, l, &p.run.tapRun, p.w, cnt, p.rows, p.cols, in.C, tmp)
		}
	}
}

// bandFloats is how many packed input and gradient values the outer products read before they move on: they are read
// again for every block of weights, so they should stay in the level-1 cache. It does not influence results.
const bandFloats = 10 << 10

// weightGradient adds the weight gradient of cnt images to part (overwrites it if add is false), a band of rows at a time.
func (t *backwardTask) weightGradient(f *backwardBranch, l *local, part, x []float32, dy pixels, cnt int, add bool) {
	stride := f.Kernel.Stride
	a := &l.outer
	*a = outerArgs{
		dwRow: f.cols,
		xPix:  t.geom.c * stride, xRow: t.geom.rowLen() * stride,
		dyPix: dy.pix, dyRow: dy.row,
		cols: f.ow,
	}
	band := max(1, bandFloats/(a.xRow+a.dyRow))
	for img := range cnt {
		for y := 0; y < f.oh; y += band {
			a.rows = min(band, f.oh-y)
			if a.add = 0; add || img > 0 || y > 0 {
				a.add = 1
			}
			xs, dys := x[img*t.geom.imgLen()+y*a.xRow:], dy.data[img*dy.img+y*a.dyRow:]
			for o := 0; o < f.cols; o += f.outer.block {
				a.dy = dys[o:]
				if f.allRuns {
					a.xTap = f.taps.offsets[1] - f.taps.offsets[0]
					f.outer.over(a, part[o:], xs[f.taps.offsets[0]:], f.rows, nil)
					continue
				}
				for r, off := range f.taps.offsets {
					f.outer.over(a, part[r*f.rows*f.cols+o:], xs[off:], f.rows, nil)
				}
			}
		}
	}
}

// reduceTask adds up the partial weight gradients of one branch in chunk order, a tap per chunk of its own.
type reduceTask struct {
	b          *Branch
	taps       *tapRun
	rows, cols int
	part       []float32 // [chunk][run][rows][cols]
	chunks     int
}

func (t *reduceTask) Chunk(_ *parallel.Worker, tap int) {
	b := t.b
	cin, c := b.Kernel.Cin, b.Kernel.Cout
	_, _, wChannel := b.weightStrides()
	rows, n := cin, c // of the tap, to add up one by one
	if t.cols == c && wChannel == c {
		rows, n = 1, cin*c // as they lie without gaps
	}
	run, size := tap/t.taps.taps, len(t.taps.offsets)*t.rows*t.cols
	part := t.part[(run*t.rows+tap%t.taps.taps*cin)*t.cols:]
	for i := range rows {
		dw := b.DWeight[t.taps.weights[tap]+i*wChannel:][:n]
		for chunk := range t.chunks {
			if of := part[chunk*size+i*t.cols:][:n]; chunk == 0 && !b.AddWeight {
				copy(dw, of)
			} else {
				vec.LocalAddTo(dw, of)
			}
		}
	}
}
