package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// A 1×1 convolution at stride 1 is a product of matrices over all pixels of the batch: y = x·W, dx = dy·Wᵀ and dW = xᵀ·dy. Backwards both
// products go through the pixels together, a band at a time. Where the gradient or the input is an expression that nobody has written
// down, it is evaluated band by band: what the products read is in the level-2 cache, and memory is visited once. Several such branches
// of one input are one, whose output has the channels of all.

const (
	// pointwiseWhole is the number of weights from which their gradient is cut into blocks of weights, and both gradients are products of
	// whole matrices; a smaller one is cut into groups of pixels, so that several threads have something to do.
	pointwiseWhole = 256 * 256
	// pointwiseGroup is about how many pixels a group has at least: sums of fewer would be a large part of what is read and written.
	pointwiseGroup = 256
	// pointwiseBand is how many pixels meet all weights before the next follow. It must fit into the level-2 cache with the band
	// that is fetched meanwhile.
	pointwiseBand = 96
	// pointwiseStep divides bands and the sizes of groups, but for the last, and is divided by the pixels of every tile: none is ragged.
	pointwiseStep = 48
)

// pointwiseGroups is into how many groups pixels are cut, at most most: as many as two or four threads share evenly, if that leaves each a
// band.
func pointwiseGroups(pixels, most int) int {
	n := (pixels + pointwiseGroup - 1) / pointwiseGroup
	return min(max(n, min(roundUp(n, 4), pixels/pointwiseBand)), most)
}

// Folds reports whether a convolution, alone or beside others that fold, evaluates a folded normalisation of its input where it brings
// that into cache. One 1×1 that does not had better be given an affine output gradient written down, too: it is products of whole
// matrices, as a large one 3×3 is after Winograd's transform of the whole batch.
func (k Kernel) Folds() bool { return k.banded() || !k.Pointwise() && k.Cin*k.Cout < batchedMin }

// banded reports whether a convolution 1×1, if it is the only branch, goes through the pixels in bands.
func (k Kernel) banded() bool { return k.Pointwise() && k.Weights() < pointwiseWhole }

// isPointwise reports whether the branches are convolutions 1×1 that pointwiseBackward computes: together, if they have few weights, else
// one alone.
func isPointwise(in *Input, branches []Branch) bool {
	for i := range branches {
		if !branches[i].Kernel.Pointwise() {
			return false
		}
	}
	return inBands(branches) || len(branches) == 1 && in.Act == activation.Identity && branches[0].A == nil
}

// inBands reports whether pointwiseBackward goes through the pixels in bands.
func inBands(branches []Branch) bool {
	weights := 0
	for i := range branches {
		weights += branches[i].Kernel.Weights()
	}
	return weights < pointwiseWhole
}

func pointwiseBackward(in *Input, dx []float32, lddx int, add bool, branches []Branch) {
	t := pointwiseTasks.Get()
	defer pointwiseTasks.Put(t)
	if inBands(branches) {
		t.run(&active, in, dx, lddx, add, branches)
		return
	}
	b := &branches[0]
	if dx != nil {
		t.inputGradient(in, b, dx, lddx, add)
	}
	if b.DWeight != nil {
		beta := float32(0)
		if b.AddWeight {
			beta = 1
		}
		_, _, channel := b.weightStrides()
		x, dy := gemm.Matrix{Data: in.X, LD: in.LD, Trans: true}, gemm.Matrix{Data: b.G, LD: b.LDG}
		in.Precision.Mul(in.C, b.Kernel.Cout, in.N*in.H*in.W, 1, x, dy, beta, gemm.Matrix{Data: b.DWeight, LD: channel})
	}
}

// pointwiseTask computes both gradients for groups of pixels, as many as maxChunks; what they sum is added in their order.
type pointwiseTask struct {
	k        *kernels
	in       *Input
	branches []Branch
	cout     int // of all branches
	dx       []float32
	lddx     int
	add      bool

	groups int
	// The weight gradient is a sum of outer products, x by dy, or dy by x if that leaves less of the kernel's blocks empty. ldx and lddy
	// are the channels with what fills up the blocks, where x and dy are copied.
	outer      outerKernel
	swapped    bool
	ldx, lddy  int
	copyX      bool
	copyDY     bool
	part       []float32 // [group][rows][cols]
	rows, cols int
	tile       tileKernel
	tmp        int       // floats for ragged tiles
	w          []float32 // the transposed weights, packed
	joined     []float32 // the weights of several branches, [Cin][cout]
	taps       [1]int
	pixel      tapRun
	dxLen      int       // floats of the gradients of a band that pass through an activation
	sums       []float64 // [group][2·Cin], of the folded normalisation's gradient
	local      [maxChunks]local
	dy         Input     // the input gradient of a product of whole matrices is the forward convolution
	transposed [1]Branch // of these
}

var pointwiseTasks parallel.FreeList[pointwiseTask]

// inputGradient computes dx = dy·Wᵀ as the convolution that it is too.
func (t *pointwiseTask) inputGradient(in *Input, b *Branch, dx []float32, lddx int, add bool) {
	cin, cout := b.Kernel.Cin, b.Kernel.Cout
	_, _, channel := b.weightStrides()
	t.dy = Input{X: b.G, LD: b.LDG, N: in.N, H: in.H, W: in.W, C: cout, Precision: in.Precision}
	t.transposed[0] = Branch{Kernel: Square(cout, cin, 1, 1), Weight: b.Weight, WChannel: 1, wOut: channel, Y: dx, LDY: lddx,
		Accumulate: add}
	runForward(&active, &t.dy, t.transposed[:])
	t.dy, t.transposed[0] = Input{}, Branch{}
}

// pickOuter chooses the kernel, and the side that it takes rows from, that compute least in vain.
func (t *pointwiseTask) pickOuter(cin, cout int) {
	least := 0
	for _, o := range t.k.outers {
		for _, swapped := range []bool{false, true} {
			rows, cols := cin, cout
			if swapped {
				rows, cols = cout, cin
			}
			rows, cols = roundUp(rows, o.rows), roundUp(cols, o.block)
			if least == 0 || rows*cols < least {
				least, t.outer, t.swapped, t.rows, t.cols = rows*cols, o, swapped, rows, cols
			}
		}
	}
	t.ldx, t.lddy = t.rows, t.cols
	if t.swapped {
		t.ldx, t.lddy = t.cols, t.rows
	}
}

func (t *pointwiseTask) run(k *kernels, in *Input, dx []float32, lddx int, add bool, branches []Branch) {
	cin, pixels := in.C, in.N*in.H*in.W
	t.k, t.in, t.branches, t.dx, t.lddx, t.add = k, in, branches, dx, lddx, add
	work, anyDW := 0, false
	t.cout = 0
	for i := range branches {
		b := &branches[i]
		t.cout += b.Kernel.Cout
		work += 2 * b.Kernel.work(in.N, in.H, in.W, false)
		anyDW = anyDW || b.DWeight != nil
	}
	t.groups = pointwiseGroups(pixels, maxChunks)
	t.ldx, t.lddy, t.rows, t.cols = cin, t.cout, 0, 0
	if anyDW {
		t.pickOuter(cin, t.cout)
		if n := t.groups * t.rows * t.cols; cap(t.part) < n {
			t.part = memory.Aligned(n)
		}
	}
	t.copyX = in.Fold != nil || in.Act != activation.Identity || t.ldx != cin
	t.copyDY = len(branches) > 1 || branches[0].A != nil || t.lddy != t.cout
	if in.Precision == gemm.BF16 {
		t.copyX, t.copyDY = t.copyX || anyDW, true
	}
	if t.tmp, t.dxLen = 0, 0; dx != nil {
		t.packWeights()
		t.tmp = raggedLen(t.tile, 1, pointwiseBand, cin)
		if t.tmp == 0 {
			t.tmp = raggedLen(t.tile, 1, 1, cin)
		}
		if in.Act != activation.Identity {
			t.dxLen = pointwiseBand * cin
		}
	}
	if in.Fold != nil {
		t.sums = grow(t.sums, t.groups*2*cin)
		clear(t.sums)
	}
	parallel.Run(t.groups, work, t)
	if anyDW {
		t.addParts()
	}
	if in.Fold != nil {
		addFoldSums(in.Fold, t.sums, t.groups)
	}
	t.in, t.branches, t.dx = nil, nil, nil
}

// addFoldSums sets the sums of a folded normalisation to those over chunks, in their order.
func addFoldSums(f *norm.Fold, sums []float64, chunks int) {
	n := len(f.Scale)
	clear(f.SumG)
	clear(f.SumGX)
	for i := range chunks {
		s := sums[i*2*n:][:2*n]
		for c := range n {
			f.SumG[c] += s[c]
			f.SumGX[c] += s[n+c]
		}
	}
}

// packWeights lays the transposed weights of all branches out for the input gradient.
func (t *pointwiseTask) packWeights() {
	cin, cout := t.in.C, t.cout
	_, _, channel := t.branches[0].weightStrides()
	w := t.branches[0].Weight
	if len(t.branches) > 1 {
		t.joined = grow(t.joined, cin*cout)[:cin*cout]
		at := 0
		for i := range t.branches {
			b := &t.branches[i]
			_, _, channel := b.weightStrides()
			copyTile(t.joined[at:], cout, b.Weight, channel, cin, b.Kernel.Cout)
			at += b.Kernel.Cout
		}
		w, channel = t.joined, cout
	}
	t.tile = t.k.tileFor(cin)
	if n := packedLen(1, cout, cin, t.tile.block, false); cap(t.w) < n {
		t.w = memory.Aligned(n)
	} else {
		t.w = t.w[:n]
	}
	t.k.pack(t.in, t.w, weights{w, t.taps[:], cout, cin, 1, channel, t.tile.block, false})
	t.pixel = tapRun{offsets: t.taps[:], k: cout, taps: 1}
}

// addParts adds up the sums of the groups, and moves them to where the weights' gradients are wanted.
func (t *pointwiseTask) addParts() {
	n := t.rows * t.cols
	sum := t.part[:n]
	for g := 1; g < t.groups; g++ {
		vec.AddTo(sum, t.part[g*n:][:n])
	}
	at := 0
	for i := range t.branches {
		b := &t.branches[i]
		if b.DWeight != nil {
			t.moveSum(b, sum, at)
		}
		at += b.Kernel.Cout
	}
}

// moveSum moves or adds the weights' gradient of a branch, whose output channels are those from at on, to where it is wanted.
func (t *pointwiseTask) moveSum(b *Branch, sum []float32, at int) {
	_, _, channel := b.weightStrides()
	for i := range b.Kernel.Cin {
		dw := b.DWeight[i*channel:][:b.Kernel.Cout]
		switch {
		case !t.swapped && b.AddWeight:
			vec.AddTo(dw, sum[i*t.cols+at:][:len(dw)])
		case !t.swapped:
			copy(dw, sum[i*t.cols+at:])
		case b.AddWeight:
			for j := range dw {
				dw[j] += sum[(at+j)*t.cols+i]
			}
		default:
			for j := range dw {
				dw[j] = sum[(at+j)*t.cols+i]
			}
		}
	}
}

// group returns the pixels of a group.
func (t *pointwiseTask) group(i int) (lo, hi int) {
	pixels := t.in.N * t.in.H * t.in.W
	lo, hi = chunkOf(pixels/pointwiseStep, t.groups, i)
	if i == t.groups-1 {
		return lo * pointwiseStep, pixels
	}
	return lo * pointwiseStep, hi * pointwiseStep
}

// Chunk goes through a group of pixels.
func (t *pointwiseTask) Chunk(w *parallel.Worker, i int) {
	i = t.groups - 1 - i // the sums over the gradient, which come before, have left its end in cache
	in, fold := t.in, t.in.Fold
	cin := in.C
	lo, hi := t.group(i)
	l := &t.local[i]
	xs, ys, room := 0, 0, pointwiseBand+pointwiseStep // pixels that a ragged tile reads
	if t.copyX {
		xs = room * t.ldx
	}
	if fold != nil && in.Precision == gemm.BF16 {
		ys = xs // what the normalisation gives, before it is rounded: its own gradient asks for that
	}
	scratch := w.Scratch(t.tmp + xs + ys + room*t.lddy + t.dxLen + 2*cin)
	tmp, x0, scratch := scratch[:t.tmp], scratch[t.tmp:][:xs], scratch[t.tmp+xs:]
	y0, dy0, scratch := scratch[:ys], scratch[ys:][:room*t.lddy], scratch[ys+room*t.lddy:]
	dx0, sums := scratch[:t.dxLen], scratch[t.dxLen:]
	clear(sums)
	clear(x0)
	clear(dy0)
	for p := lo; p < hi; p += pointwiseBand {
		n := min(pointwiseBand, hi-p)
		x, ldx := in.X[p*in.LD:], in.LD
		if t.copyX {
			if len(y0) > 0 {
				fold.Rows(x0, t.ldx, x, ldx, n)
				copy(y0, x0)
				in.round(x0[:n*t.ldx])
			} else {
				in.pixels(x0, t.ldx, p, n)
			}
			x, ldx = x0, t.ldx
		}
		dy, lddy := t.branches[0].G[p*t.branches[0].LDG:], t.branches[0].LDG
		if t.copyDY || t.dx != nil && n%t.tile.pix != 0 {
			t.gather(dy0, p, n)
			dy, lddy = dy0, t.lddy
		}
		if t.rows > 0 {
			t.weightGradient(l, t.part[i*t.rows*t.cols:][:t.rows*t.cols], x, ldx, dy, lddy, p, n, hi, p > lo)
		}
		if t.dx == nil {
			continue
		}
		dx, lddx := t.dx[p*t.lddx:], t.lddx
		if t.dxLen > 0 {
			dx, lddx = dx0, cin
		}
		l.tile = tileArgs{dst: dx, dstPix: lddx, src: dy, srcPix: lddy, fetch: 1}
		l.tile.ahead = dy[min(len(dy)-1, t.tile.pix*lddy):]
		if t.add && t.dxLen == 0 {
			l.tile.add = 1
		}
		convolve(t.tile, l, &t.pixel, t.w, 1, 1, n, cin, tmp)
		switch {
		case t.dxLen > 0:
			storeInputGradient(in, t.dx, t.lddx, t.add, dx0, p, n)
		case fold != nil:
			if len(y0) > 0 {
				x = y0
			}
			fold.Gradient(dx, t.lddx, x, ldx, in.X[p*in.LD:], in.LD, n, sums[:cin], sums[cin:])
			if last := p+n == hi; last || (p-lo)/pointwiseBand%4 == 3 {
				total := t.sums[i*2*cin:][:2*cin]
				for c, v := range sums {
					total[c] += float64(v)
				}
				clear(sums)
			}
		}
	}
	l.tile, l.ragged = tileArgs{}, tileArgs{}
	l.ahead.reset()
}

// gather brings the output gradients of n pixels from p on, those of all branches side by side, into dst.
func (t *pointwiseTask) gather(dst []float32, p, n int) {
	at, affine := dst, false
	for i := range t.branches {
		b := &t.branches[i]
		c, g := b.Kernel.Cout, b.G[p*b.LDG:]
		if b.A != nil {
			norm.AffineRows(at, t.lddy, g, b.LDG, b.Y[p*b.LDY:], b.LDY, n, b.A[:c], b.B[:c], b.C[:c])
			affine = true
		} else {
			t.in.copyRounded(at, t.lddy, g, b.LDG, n, c)
		}
		at = at[c:]
	}
	if affine {
		t.in.round(dst[:n*t.lddy])
	}
}

// weightGradient adds to part the products of n pixels from p on of a group that ends at hi, or begins with them, unless add is set.
func (t *pointwiseTask) weightGradient(l *local, part, x []float32, ldx int, dy []float32, lddy, p, n, hi int, add bool) {
	t.lookAhead(&l.ahead, p, hi)
	a := &l.outer
	*a = outerArgs{dwRow: t.cols, rows: 1, cols: n}
	if add {
		a.add = 1
	}
	byRow, byCol := x, dy
	if a.xPix, a.dyPix = ldx, lddy; t.swapped {
		byRow, byCol, a.xPix, a.dyPix = dy, x, lddy, ldx
	}
	for c := 0; c < t.cols; c += t.outer.block {
		a.dy = byCol[c:]
		t.outer.over(a, part[c:], byRow, t.rows, &l.ahead)
	}
	*a = outerArgs{}
}

// lookAhead has the weight gradient of the band from pixel p on of a group that ends at hi fetch what is needed next: the next band, and
// where gradients that pass through the activation end up.
func (t *pointwiseTask) lookAhead(l *lookAhead, p, hi int) {
	in := t.in
	l.reset()
	if q := p + pointwiseBand; q < hi {
		n := min(pointwiseBand, hi-q)
		for i := range t.branches {
			b := &t.branches[i]
			if b.A != nil {
				l.add(b.Y[q*b.LDY:], n, b.LDY, b.Kernel.Cout)
			}
			l.add(b.G[q*b.LDG:], n, b.LDG, b.Kernel.Cout)
		}
		l.add(in.X[q*in.LD:], n, in.LD, in.C)
	}
	if t.dxLen > 0 {
		l.add(t.dx[p*t.lddx:], min(pointwiseBand, hi-p), t.lddx, in.C)
	}
	l.spread(t.outer.calls(t.rows) * (t.cols / t.outer.block))
}
