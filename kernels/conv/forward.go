package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// maxChunks bounds the number of chunks that a batch is cut into where they sum up. It depends on nothing but this constant and the batch,
// so that sums over chunks come out the same for any number of threads.
const maxChunks = 16

// What is not summed up may be cut as one likes: into freeChunks of a large batch, and the images of one that has fewer than threads into
// bands of rows, as many as keep all threads busy and none of less than bandWork nanoseconds. Each band reads all weights and a
// border of rows again, so that one thread does better without, and two only where they save more than to hand a band over costs.
const freeChunks, bandWork = 64, 25_000

// partOutputs is how many output channels a part of a 1×1 convolution has at least, where a batch has fewer pixels than make work for all
// threads: each part evaluates the input again, which costs about as much as 16 outputs.
const partOutputs = 64

// minChunks is how many chunks there are at least, so that as many threads have work, even where fewer would have less to sum.
const minChunks = 4

// chunkOf returns the images of chunk i out of n.
func chunkOf(images, n, i int) (lo, hi int) { return images * i / n, images * (i + 1) / n }

// together is how many images a worker packs at a time: one, unless images are so small that the weights would be fetched
// for too few pixels.
func together(pixels int) int { return max(1, min(8, 64/pixels)) }

// tapsPerPass bounds the weights that one pass over the packed pixels uses, so that they stay in the level-1 cache.
const tapsPerPass = 24 << 10 / 4

// local is what one chunk needs at hand. It lives in the task, not on the stack, because calls through the kernel table
// would make the arguments escape to the heap.
type local struct {
	tile, ragged tileArgs
	outer        outerArgs
	ahead        lookAhead
	winograd     winogradArgs

	_ cacheLine
}

// cacheLine keeps what two chunks have at hand, which different threads write, from sharing one.
type cacheLine [64]byte

// aheadTaps is how many taps an input pixel may have on average for the next images to be fetched while these are computed. A kernel
// fetches a pixel's worth at every tap, so that more would fetch too much.
const aheadTaps = 3

// forwardBranch is what a branch needs beyond its description, prepared once per call.
type forwardBranch struct {
	*Branch
	tile   tileKernel
	run    tapList
	w      []float32 // packed
	oh, ow int
	wino   bool      // by Winograd: w is transformed
	sums   []float32 // [chunk][2·Cout]: Σy and Σy² of each chunk
}

// addStats adds n pixels of the output from p on to the sums of a chunk, if they are wanted.
func (f *forwardBranch) addStats(chunk, p, n int) {
	if c := f.Kernel.Cout; f.Sum != nil {
		s := f.sums[chunk*2*c:][:2*c]
		norm.AddStats(f.Y[p*f.LDY:], n, c, f.LDY, s[:c], s[c:])
	}
}

// forwardTask is the forward pass of a call, kept from call to call so that its buffers are reused.
type forwardTask struct {
	k        *kernels
	in       *Input
	branches []forwardBranch
	geom     packed
	flat     bool // 1×1 at stride 1 on unpadded images, all: the batch is one row of pixels
	direct   bool // the input is read where it is
	together int
	chunks   int     // of the batch
	bands    int     // of rows, in each of which a chunk's images are computed apart; if there are several, it is one image
	unit     int     // rows that a band has, or a multiple
	parts    int     // of the output channels, in each of which a chunk is computed apart, if t.flat
	stride   int     // the largest
	tmp      int     // floats of scratch for ragged edges
	local    []local // of each band or part of each chunk

	w, sums         []float32
	offsets, weight []int
}

var forwardTasks parallel.FreeList[forwardTask]

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func runForward(k *kernels, in *Input, branches []Branch) {
	t := forwardTasks.Get()
	defer forwardTasks.Put(t)
	t.k, t.in = k, in
	t.branches = grow(t.branches, len(branches))
	t.geom = packed{h: in.H, w: in.W, c: in.C}
	wLen, work, sums := 0, 0, 0
	t.stride = 1
	for i := range branches {
		b, f := &branches[i], &t.branches[i]
		kn := &b.Kernel
		f.Branch, f.tile = b, k.tileFor(kn.Cout)
		f.oh, f.ow = kn.Out(in.H, in.W)
		t.geom.pads = t.geom.around(kn, in.H, in.W)
		t.stride = max(t.stride, kn.Stride)
		f.wino = k.winogradFits(kn, kn.Cin, kn.Cout, f.oh, f.ow)
		work += kn.work(in.N, f.oh, f.ow, f.wino)
		wLen += packedLen(kn.KH*kn.KW, kn.Cin, kn.Cout, f.tile.block, f.wino)
		if f.Sum != nil {
			sums += 2 * kn.Cout
		}
	}
	t.direct = in.Act == activation.Identity && in.Fold == nil && in.Precision == gemm.Float32 && t.geom.pads == pads{}
	t.flat = t.geom.pads == pads{}
	for i := range t.branches {
		f := &t.branches[i]
		t.flat = t.flat && f.Kernel.KH == 1 && f.Kernel.KW == 1 && f.Kernel.Stride == 1
	}
	for i := range t.branches {
		// Ragged tiles read pixels that do not exist, which only a packed image has room for. Strips see to that themselves.
		f := &t.branches[i]
		t.direct = t.direct && (t.flat || f.ow%f.tile.pix == 0)
	}
	t.together = together(in.H * in.W)
	t.tmp = 0
	for i := range t.branches {
		if f := &t.branches[i]; f.wino {
			t.together = max(t.together, winogradImages(f.oh, f.ow, f.Kernel.Cin+f.Kernel.Cout))
		}
	}
	t.cut(sums > 0, work)
	for i := range t.branches {
		f := &t.branches[i]
		if f.wino {
			t.tmp = max(t.tmp, winogradLen(f.tile, t.together, f.oh, f.ow, in.C, f.Kernel.Cout))
		} else if t.flat {
			t.tmp = max(t.tmp, raggedLen(f.tile, 1, pointwiseBand, f.Kernel.Cout), raggedLen(f.tile, 1, 1, f.Kernel.Cout))
		} else {
			t.tmp = max(t.tmp, raggedLen(f.tile, f.oh, f.ow, f.Kernel.Cout))
		}
	}
	if cap(t.w) < wLen {
		t.w = memory.Aligned(wLen)
	}
	t.sums = grow(t.sums, t.chunks*sums)
	t.local = grow(t.local, t.chunks*t.bands*t.parts)
	w, s := t.w[:wLen], t.sums
	for i := range t.branches {
		f := &t.branches[i]
		kn := &f.Kernel
		pix, row := t.geom.c, t.geom.rowLen()
		if t.direct {
			pix, row = in.LD, in.W*in.LD
		}
		wRow, wTap, wChannel := f.weightStrides()
		t.offsets, t.weight = t.offsets[:0], t.weight[:0]
		top, left := kn.before()
		for y := range kn.KH {
			for x := range kn.KW {
				t.offsets = append(t.offsets, (t.geom.top-top+y*kn.Dilation)*row+(t.geom.left-left+x*kn.Dilation)*pix)
				t.weight = append(t.weight, y*wRow+x*wTap)
			}
		}
		f.run.set(t.offsets, t.weight, kn.Cin)
		n := packedLen(kn.KH*kn.KW, kn.Cin, kn.Cout, f.tile.block, f.wino)
		f.w, w = w[:n], w[n:]
		f.w = k.pack(in, f.w, weights{f.Weight, f.run.weights, kn.Cin, kn.Cout, wChannel, max(1, f.wOut), f.tile.block, f.wino})
		if f.Sum != nil {
			n = t.chunks * 2 * kn.Cout
			f.sums, s = s[:n], s[n:]
		}
	}
	parallel.Run(t.chunks*t.bands*t.parts, work, t)
	if t.parts > 1 && sums > 0 {
		parallel.Run(t.chunks, in.N*in.H*in.W*sums/8, (*partSums)(t))
	}
	for i := range t.branches {
		f := &t.branches[i]
		if f.Sum != nil {
			addChunks(f.Sum, f.sums, t.chunks, f.Kernel.Cout, 0)
			addChunks(f.SumSq, f.sums, t.chunks, f.Kernel.Cout, f.Kernel.Cout)
		}
		f.Branch = nil
	}
	t.in = nil
}

// cut decides into what chunks and bands the call is cut: by its shape alone if it sums up, and by the threads at hand, which no output
// depends on, if it does not.
func (t *forwardTask) cut(sums bool, work int) {
	n := t.in.N
	t.chunks, t.bands, t.unit, t.parts = min(n, maxChunks), 1, 1, 1
	threads := parallel.Threads()
	if t.flat {
		most := freeChunks
		if sums {
			most = maxChunks
		}
		t.chunks = pointwiseGroups(n*t.in.H*t.in.W, most)
		parts := work / t.chunks / bandWork // at most
		for i := range t.branches {
			parts = min(parts, t.branches[i].Kernel.Cout/partOutputs)
		}
		for t.parts < parts && !parallel.Even(t.chunks*t.parts, threads) {
			t.parts++
		}
		return
	}
	if sums {
		return
	}
	if n >= threads {
		t.chunks = max(t.chunks, min(freeChunks, n/t.together))
		return
	}
	oh := t.branches[0].oh
	for i := range t.branches {
		f := &t.branches[i]
		if f.oh != oh {
			return
		}
		for f.wino && t.unit%4 != 0 { // whole tiles
			t.unit++
		}
	}
	t.bands = max(1, min((threads+n-1)/n, oh/t.unit, work/n/bandWork))
	if t.bands > 1 {
		t.together, t.chunks = 1, n
	}
}

// rows returns the rows of outputs of a band, of oh.
func (t *forwardTask) rows(oh, band int) (lo, hi int) {
	units := (oh + t.unit - 1) / t.unit
	return units * band / t.bands * t.unit, min(oh, units*(band+1)/t.bands*t.unit)
}

// inputRows returns the rows of the input that the rows lo to hi-1 of outputs read, whatever the branch.
func (t *forwardTask) inputRows(lo, hi int) (from, to int) {
	from, to = t.in.H, 0
	for i := range t.branches {
		kn := &t.branches[i].Kernel
		top, _ := kn.before()
		from, to = min(from, lo*kn.Stride-top), max(to, (hi-1)*kn.Stride-top+(kn.KH-1)*kn.Dilation+1)
	}
	return max(0, from), min(t.in.H, to)
}

// clearSums begins the sums of a chunk.
func (t *forwardTask) clearSums(chunk int) {
	for b := range t.branches {
		if f := &t.branches[b]; f.Sum != nil {
			clear(f.sums[chunk*2*f.Kernel.Cout:][:2*f.Kernel.Cout])
		}
	}
}

// atMost returns the first n elements of s, or all.
func atMost(s []float32, n int) []float32 { return s[:min(n, len(s))] }

// addChunks sets dst to the sum over chunks, in their order, of the c values at offset off of each chunk's 2c.
func addChunks(dst []float64, sums []float32, chunks, c, off int) {
	for j := range c {
		var s float64
		for i := range chunks {
			s += float64(sums[i*2*c+off+j])
		}
		dst[j] = s
	}
}

// outputs returns the output channels of a part.
func (t *forwardTask) outputs(f *forwardBranch, part int) (from, to int) {
	c, block := f.Kernel.Cout, f.tile.block
	blocks := (c + block - 1) / block
	return blocks * part / t.parts * block, min(c, blocks*(part+1)/t.parts*block)
}

// strips computes a part of the outputs of a chunk where all branches are flat: a band of pixels at a time, whose input stays in the level-1
// or the level-2 cache until it has met all weights, and whose outputs until they are summed.
func (t *forwardTask) strips(w *parallel.Worker, i int) {
	in, l := t.in, &t.local[i]
	i, part := i/t.parts, i%t.parts
	scratch := w.Scratch(t.tmp + (pointwiseBand+pointwiseStep)*in.C)
	tmp, packed := scratch[:t.tmp], scratch[t.tmp:]
	if t.parts == 1 {
		t.clearSums(i)
	}
	lo, hi := t.pixels(i)
	for p := lo; p < hi; p += pointwiseBand {
		n := min(pointwiseBand, hi-p)
		a := tileArgs{src: in.X[p*in.LD:], srcPix: in.LD, fetch: 1}
		if !t.direct || n%pointwiseStep != 0 {
			in.pixels(packed, in.C, p, n)
			a.src, a.srcPix = packed, in.C
		}
		for b := range t.branches {
			f := &t.branches[b]
			from, to := t.outputs(f, part)
			y := f.Y[p*f.LDY+from:]
			l.tile = a
			l.tile.dst, l.tile.dstPix = y, f.LDY
			if t.direct || p+n == hi {
				l.tile.ahead = a.src[min(len(a.src)-1, f.tile.pix*a.srcPix):] // the next tile
			} else {
				l.tile.ahead = in.X[(p+n)*in.LD:] // the next band
			}
			if f.prepareOutput(y, n, from, to) {
				l.tile.add = 1
			}
			convolve(f.tile, l, &f.run.tapRun, f.w[from*in.C:], 1, 1, n, to-from, tmp)
			if t.parts == 1 {
				f.addStats(i, p, n)
			}
		}
	}
}

// pixels returns those of a chunk where all branches are flat.
func (t *forwardTask) pixels(chunk int) (lo, hi int) {
	pixels := t.in.N * t.in.H * t.in.W
	lo, hi = chunkOf(pixels/pointwiseStep, t.chunks, chunk)
	if chunk == t.chunks-1 {
		return lo * pointwiseStep, pixels
	}
	return lo * pointwiseStep, hi * pointwiseStep
}

// partSums are the sums of outputs that were computed in parts, each of a chunk, in the order in which one worker would have added them up.
// Kernels do not add channels up alike whichever others are beside them.
type partSums forwardTask

func (s *partSums) Chunk(_ *parallel.Worker, i int) {
	t := (*forwardTask)(s)
	t.clearSums(i)
	lo, hi := t.pixels(i)
	for p := lo; p < hi; p += pointwiseBand {
		for b := range t.branches {
			t.branches[b].addStats(i, p, min(pointwiseBand, hi-p))
		}
	}
}

// Chunk computes the outputs of the images of one chunk, or a band of rows of its one image.
func (t *forwardTask) Chunk(w *parallel.Worker, i int) {
	if t.flat {
		t.strips(w, i)
		return
	}
	in := t.in
	l := &t.local[i]
	i, band := i/t.bands, i%t.bands
	lo, hi := chunkOf(in.N, t.chunks, i)
	imgLen := t.geom.imgLen()
	scratch := w.Scratch(t.tmp + t.together*imgLen + slack(t.geom.c, t.stride))
	tmp, images := scratch[:t.tmp], scratch[t.tmp:]
	from, to := 0, in.H
	if t.bands > 1 {
		from, to = t.inputRows(t.rows(t.branches[0].oh, band))
	}
	t.clearSums(i)
	for n := lo; n < hi; n += t.together {
		cnt := min(t.together, hi-n)
		a := tileArgs{src: images, srcPix: t.geom.c, srcRow: t.geom.rowLen(), srcImg: imgLen}
		if t.direct {
			a.src, a.srcPix, a.srcRow, a.srcImg = in.X[n*in.H*in.W*in.LD:], in.LD, in.W*in.LD, in.H*in.W*in.LD
		} else {
			for j := range cnt {
				img := images[j*imgLen:][:imgLen]
				if n == lo {
					t.geom.clearBorder(img)
				}
				t.geom.packInput(img, in, n+j, from, to)
			}
		}
		var next []float32
		if !t.direct && n+cnt < hi {
			next = in.X[(n+cnt)*in.H*in.W*in.LD:]
		}
		for bi := range t.branches {
			f := &t.branches[bi]
			c := f.Kernel.Cout
			first, last := t.rows(f.oh, band)
			rows := last - first
			y := f.Y[(n*f.oh+first)*f.ow*f.LDY:]
			l.tile = a
			l.tile.src = a.src[first*f.Kernel.Stride*a.srcRow:]
			l.tile.dst, l.tile.dstPix, l.tile.dstRow, l.tile.dstImg = y, f.LDY, f.ow*f.LDY, f.oh*f.ow*f.LDY
			l.tile.srcPix, l.tile.srcRow = a.srcPix*f.Kernel.Stride, a.srcRow*f.Kernel.Stride
			if f.prepareOutput(y, cnt*rows*f.ow, 0, c) {
				l.tile.add = 1
			}
			if f.wino {
				l.tile.ahead = atMost(y, cnt*rows*f.ow*f.LDY) // stores wait for memory if it is not
				t.k.winogradConvolve(f.tile, l, f.run.offsets[0], f.w, cnt, rows, f.ow, in.C, c, tmp)
			} else {
				if f.Kernel.KH*f.Kernel.KW <= aheadTaps*f.Kernel.Stride*f.Kernel.Stride {
					l.tile.ahead = next
				}
				convolve(f.tile, l, &f.run.tapRun, f.w, cnt, rows, f.ow, c, tmp)
			}
			f.addStats(i, n*f.oh*f.ow, cnt*rows*f.ow) // there is one band then
		}
	}
}
