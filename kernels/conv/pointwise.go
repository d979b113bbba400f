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
// down, it is evaluated band by band: what the products read is in the level-2 cache, and memory is visited once.

const (
	// pointwiseWhole is the number of weights from which their gradient is cut into blocks of weights, and both gradients are products of
	// whole matrices; a smaller one is cut into groups of pixels, so that several threads have something to do.
	pointwiseWhole = 256 * 256
	// pointwiseGroup is how many pixels a group has at least: sums of fewer would be a large part of what is read and written.
	pointwiseGroup = 256
	// pointwiseBand is how many pixels meet all weights before the next follow. It must fit into the level-2 cache with the band
	// that is fetched meanwhile.
	pointwiseBand = 96
	// pointwiseStep divides bands and the sizes of groups, but for the last, and is divided by the pixels of every tile: none is ragged.
	pointwiseStep = 48
)

// Folds reports whether a convolution, alone or beside others that fold, evaluates a folded normalisation of its input where it brings that
// into cache. One 1×1 that does so also evaluates an affine output gradient. A large one that does not had better be given both written down:
// of the products of whole matrices that it is, or of Winograd's algorithm on the whole batch, each would evaluate them anew.
func (k Kernel) Folds() bool { return k.banded() || !k.Pointwise() && k.Cin*k.Cout < batchedMin }

// banded reports whether a convolution 1×1, if it is the only branch, goes through the pixels in bands.
func (k Kernel) banded() bool { return k.Pointwise() && k.Weights() < pointwiseWhole }

// isPointwise reports whether the branches are one convolution 1×1 that pointwiseBackward computes.
func isPointwise(in *Input, branches []Branch) bool {
	if len(branches) != 1 || in.Act != activation.Identity {
		return false
	}
	k := &branches[0].Kernel
	return k.banded() || k.Pointwise() && branches[0].A == nil
}

func pointwiseBackward(in *Input, dx []float32, lddx int, add bool, b *Branch) {
	t := pointwiseTasks.Get()
	defer pointwiseTasks.Put(t)
	if b.Kernel.banded() {
		t.run(&active, in, dx, lddx, add, b)
		return
	}
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
		gemm.Mul(in.C, b.Kernel.Cout, in.N*in.H*in.W, 1, x, dy, beta, gemm.Matrix{Data: b.DWeight, LD: channel})
	}
}

// pointwiseTask computes both gradients for groups of pixels, as many as maxChunks; what they sum is added in their order.
type pointwiseTask struct {
	k    *kernels
	in   *Input
	b    *Branch
	dx   []float32
	lddx int
	add  bool

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
	taps       [1]int
	pixel      tapRun
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
	t.dy = Input{X: b.G, LD: b.LDG, N: in.N, H: in.H, W: in.W, C: cout}
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

func (t *pointwiseTask) run(k *kernels, in *Input, dx []float32, lddx int, add bool, b *Branch) {
	cin, cout, pixels := in.C, b.Kernel.Cout, in.N*in.H*in.W
	t.k, t.in, t.b, t.dx, t.lddx, t.add = k, in, b, dx, lddx, add
	t.groups = min(maxChunks, (pixels+pointwiseGroup-1)/pointwiseGroup)
	t.ldx, t.lddy, t.rows, t.cols = cin, cout, 0, 0
	if b.DWeight != nil {
		t.pickOuter(cin, cout)
		if n := t.groups * t.rows * t.cols; cap(t.part) < n {
			t.part = memory.Aligned(n)
		}
	}
	t.copyX, t.copyDY = in.Fold != nil || t.ldx != cin, b.A != nil || t.lddy != cout
	_, _, channel := b.weightStrides()
	if t.tmp = 0; dx != nil {
		t.tile = k.tileFor(cin)
		t.tmp = raggedLen(t.tile, 1, pointwiseBand, cin)
		if t.tmp == 0 {
			t.tmp = raggedLen(t.tile, 1, 1, cin)
		}
		if n := packedLen(1, cout, cin, t.tile.block, false); cap(t.w) < n {
			t.w = memory.Aligned(n)
		} else {
			t.w = t.w[:n]
		}
		packBlocks(t.w, b.Weight, t.taps[:], cout, cin, 1, channel, t.tile.block)
		t.pixel = tapRun{offsets: t.taps[:], k: cout, taps: 1}
	}
	if in.Fold != nil {
		t.sums = grow(t.sums, t.groups*2*cin)
		clear(t.sums)
	}
	parallel.Run(t.groups, 2*b.Kernel.work(in.N, in.H, in.W, false), t)
	if b.DWeight != nil {
		t.addParts(channel)
	}
	if f := in.Fold; f != nil {
		clear(f.SumG)
		clear(f.SumGX)
		for i := range t.groups {
			s := t.sums[i*2*cin:][:2*cin]
			for c := range cin {
				f.SumG[c] += s[c]
				f.SumGX[c] += s[cin+c]
			}
		}
	}
	t.in, t.b, t.dx = nil, nil, nil
}

// addParts adds up the sums of the groups, and moves them to where the weights' gradient is wanted.
func (t *pointwiseTask) addParts(channel int) {
	b, n := t.b, t.rows*t.cols
	sum := t.part[:n]
	for g := 1; g < t.groups; g++ {
		vec.AddTo(sum, t.part[g*n:][:n])
	}
	for i := range b.Kernel.Cin {
		dw := b.DWeight[i*channel:][:b.Kernel.Cout]
		switch {
		case !t.swapped && b.AddWeight:
			vec.AddTo(dw, sum[i*t.cols:][:len(dw)])
		case !t.swapped:
			copy(dw, sum[i*t.cols:])
		case b.AddWeight:
			for j := range dw {
				dw[j] += sum[j*t.cols+i]
			}
		default:
			for j := range dw {
				dw[j] = sum[j*t.cols+i]
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
	in, b, fold := t.in, t.b, t.in.Fold
	cin, cout := in.C, b.Kernel.Cout
	lo, hi := t.group(i)
	l := &t.local[i]
	xs, room := 0, pointwiseBand+pointwiseStep // pixels that a ragged tile reads
	if t.copyX {
		xs = room * t.ldx
	}
	scratch := w.Scratch(t.tmp + xs + room*t.lddy + 2*cin)
	tmp, x0, dy0, sums := scratch[:t.tmp], scratch[t.tmp:][:xs], scratch[t.tmp+xs:][:room*t.lddy], scratch[t.tmp+xs+room*t.lddy:]
	clear(sums)
	clear(x0)
	clear(dy0)
	for p := lo; p < hi; p += pointwiseBand {
		n := min(pointwiseBand, hi-p)
		x, ldx := in.X[p*in.LD:], in.LD
		if t.copyX {
			if fold != nil {
				fold.Rows(x0, t.ldx, x, ldx, n)
			} else {
				copyTile(x0, t.ldx, x, ldx, n, cin)
			}
			x, ldx = x0, t.ldx
		}
		dy, lddy := b.G[p*b.LDG:], b.LDG
		if t.copyDY || t.dx != nil && n%t.tile.pix != 0 {
			if b.A != nil {
				norm.AffineRows(dy0, t.lddy, dy, lddy, b.Y[p*b.LDY:], b.LDY, n, b.A[:cout], b.B[:cout], b.C[:cout])
			} else {
				copyTile(dy0, t.lddy, dy, lddy, n, cout)
			}
			dy, lddy = dy0, t.lddy
		}
		if b.DWeight != nil {
			var x2, dy2 []float32 // of the next band, if they are read where they are: they stream in meanwhile
			if q := p + pointwiseBand; q < hi {
				if !t.copyX {
					x2 = atMost(in.X[q*in.LD:], pointwiseBand*in.LD)
				}
				if !t.copyDY {
					dy2 = atMost(b.G[q*b.LDG:], pointwiseBand*b.LDG)
				}
			}
			l.ahead.spread(t.outer.calls(t.rows)*(t.cols/t.outer.block), x2, dy2)
			part := t.part[i*t.rows*t.cols:][:t.rows*t.cols]
			a := &l.outer
			*a = outerArgs{dwRow: t.cols, rows: 1, cols: n}
			if p > lo {
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
		if t.dx == nil {
			continue
		}
		dx := t.dx[p*t.lddx:]
		l.tile = tileArgs{dst: dx, dstPix: t.lddx, src: dy, srcPix: lddy, fetch: 1}
		l.tile.ahead = dy[min(len(dy)-1, t.tile.pix*lddy):]
		if t.add {
			l.tile.add = 1
		}
		convolve(t.tile, l, &t.pixel, t.w, 1, 1, n, cin, tmp)
		if fold != nil {
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
	l.tile, l.ragged, l.ahead = tileArgs{}, tileArgs{}, lookAhead{}
}
