package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// onTiles says whether convolutions in bfloat16 run on a unit for such numbers, of tiles or of vectors, whose operands lie in the same way.
// Tests turn it on where portable code stands for it.
var onTiles = bf16.Available()

// tilesMinChannels and tilesMinPixels are the least number of channels, in and out, and of outputs, with which tiles pay. Tests lower them.
var tilesMinChannels, tilesMinPixels = 16, 64

// tileSpeed is about how many times as fast as float32 kernels they are. Tests say that it is much.
var tileSpeed = bf16.Speed()

// winogradSpeed is about how many times as fast as other float32 kernels Winograd's algorithm is, in multiplications: on tiles it is given
// up, but a unit that is slower than that leaves it what it can do.
const winogradSpeed = 4

// fitsTiles reports whether all branches are computed on tiles, as their shape alone decides.
func (in *Input) fitsTiles(branches []Branch) bool {
	if in.Precision != gemm.BF16 || !onTiles {
		return false
	}
	for i := range branches {
		k := &branches[i].Kernel
		if in.Fold != nil && (len(branches) > 1 || !k.Pointwise()) { // which had better be given it written down
			return false
		}
		oh, ow := k.Out(in.H, in.W)
		if min(k.Cin, k.Cout) < tilesMinChannels || in.N*oh*ow < tilesMinPixels {
			return false
		}
		if tileSpeed < winogradSpeed && active.winogradFits(k, k.Cin, k.Cout, oh, ow) {
			return false
		}
	}
	return true
}

// bf16Branch is what a branch needs beyond its description, prepared once per call.
type bf16Branch struct {
	*Branch
	oh, ow int
	taps   bf16Taps
	direct bool      // outputs lie as the grid has them: nothing is computed in vain
	sums   []float32 // [chunk][2·Cout]: Σy and Σy² of each chunk
}

// bf16Forward is the forward pass of branches of one stride, kept from call to call so that its buffers are reused.
type bf16Forward struct {
	in       *Input
	branches []bf16Branch
	grid     grid
	rows     int // of the grid
	strip    int
	strips   int
	chunks   int
	results  int // floats of scratch for outputs that do not lie as they should
	sums     []float32
	local    [freeChunks]bf16Local
	weights  bf16Weights
	taps     []windowTap
	offsets  []int
	weightAt []int
}

// bf16Local is what one chunk needs at hand: see local.
type bf16Local struct {
	product bf16.Tiles
	_       cacheLine
}

var bf16Forwards parallel.FreeList[bf16Forward]

// forwardOnTiles goes through the branches stride by stride: those of one share what is packed.
func forwardOnTiles(in *Input, branches []Branch) {
	t := bf16Forwards.Get()
	defer bf16Forwards.Put(t)
	for i := range branches {
		if firstOfStride(branches, i) {
			t.run(in, branches[i:], branches[i].Kernel.Stride)
		}
	}
}

// firstOfStride reports whether no branch before has the stride of branch i.
func firstOfStride(branches []Branch, i int) bool {
	for j := range i {
		if branches[j].Kernel.Stride == branches[i].Kernel.Stride {
			return false
		}
	}
	return true
}

// room returns s with room for n elements, with those that it has had, whose buffers are used again.
func room[T any](s []T, n int) []T {
	if s = s[:cap(s)]; len(s) < n {
		s = append(make([]T, 0, n), s...)[:n]
	}
	return s
}

func (t *bf16Forward) run(in *Input, branches []Branch, stride int) {
	t.in = in
	n := 0
	g := &t.grid
	g.begin(stride, in.H, in.W, in.C)
	oh, work, sums := 0, 0, 0
	t.branches = room(t.branches, len(branches))
	for i := range branches {
		b := &branches[i]
		if b.Kernel.Stride != stride {
			continue
		}
		f := &t.branches[n]
		n++
		f.Branch = b
		f.oh, f.ow = b.Kernel.Out(in.H, in.W)
		t.taps = b.windowTaps(t.taps[:0])
		g.reach(t.taps, f.oh, f.ow)
		oh = max(oh, f.oh)
		work += b.Kernel.work(in.N, f.oh, f.ow, false) / tileSpeed
		if f.Sum != nil {
			sums += 2 * b.Kernel.Cout
		}
	}
	t.branches = t.branches[:n]
	t.rows = (in.N-1)*g.height + oh
	t.strip = g.stripRows(t.rows, max(stripLeast, min(stripMost, t.rows*g.width/maxChunks)))
	g.setStrip(t.strip)
	t.strips = (t.rows + t.strip - 1) / t.strip
	if t.chunks = min(t.strips, freeChunks); sums > 0 {
		t.chunks = min(t.strips, maxChunks)
	}
	t.sums = grow(t.sums, t.chunks*sums)
	s := t.sums
	t.results = 0
	for i := range t.branches {
		f := &t.branches[i]
		k := &f.Kernel
		t.taps = f.windowTaps(t.taps[:0])
		t.offsets, t.weightAt = g.place(t.taps, t.offsets[:0], t.weightAt[:0])
		f.taps.set(t.offsets, t.weightAt, g.depth)
		_, _, channel := f.weightStrides()
		t.weights = bf16Weights{taps: &f.taps, w: f.Weight, ins: k.Cin, outs: k.Cout, depth: g.depth, inStride: channel, outStride: 1}
		t.weights.pack()
		if f.direct = g.height == f.oh && g.width == f.ow; !f.direct {
			t.results = max(t.results, t.strip*g.width*k.Cout)
		}
		if f.Sum != nil {
			n := t.chunks * 2 * k.Cout
			f.sums, s = s[:n], s[n:]
		}
	}
	parallel.Run(t.chunks, work, t)
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

// Chunk computes the outputs of some strips.
func (t *bf16Forward) Chunk(w *parallel.Worker, i int) {
	g, in := &t.grid, t.in
	lo, hi := chunkOf(t.strips, t.chunks, i)
	x := (g.pixels()*g.depth + 1) / 2
	scratch := w.Scratch(x + t.results + g.cols*g.c + 2*16)
	packed, results, line := bf16.In(take(&scratch, x)), take(&scratch, t.results), scratch
	for b := range t.branches {
		if f := &t.branches[b]; f.Sum != nil {
			clear(f.sums[i*2*f.Kernel.Cout:][:2*f.Kernel.Cout])
		}
	}
	p := &t.local[i].product
	for k := lo; k < hi; k++ {
		first := k * t.strip
		n := min(t.strip, t.rows-first)
		g.pack(packed, in, first, n, line)
		for b := range t.branches {
			f := &t.branches[b]
			c := f.Kernel.Cout
			*p = bf16.Tiles{M: g.outputs(first, n, f.oh, f.ow), N: c, Depth: f.taps.k, A: packed, LDA: g.depth, Taps: f.taps.offsets,
				B: f.taps.b, C: results, LDC: c}
			if f.direct {
				p.C, p.LDC = f.Y[first*f.ow*f.LDY:], f.LDY
				p.Add = f.prepareOutput(p.C, p.M, 0, f.Kernel.Cout)
			}
			if p.M == 0 {
				continue
			}
			p.LocalMul()
			var sums []float32
			if f.Sum != nil {
				sums = f.sums[i*2*c:][:2*c]
			}
			if f.direct {
				f.addSums(sums, p.C, p.M)
			} else {
				f.store(g, in.N, results, first, n, sums)
			}
		}
	}
	*p = bf16.Tiles{}
}

// store moves n rows of results, from first on, to where the output has them.
func (f *bf16Branch) store(g *grid, images int, results []float32, first, n int, sums []float32) {
	c := f.Kernel.Cout
	for r := first; r < first+n; r++ {
		image, oy, ok := g.find(r, images, f.oh)
		if !ok {
			continue
		}
		row, y := results[(r-first)*g.width*c:], f.Y[(image*f.oh+oy)*f.ow*f.LDY:]
		storeRows(y, f.LDY, row, f.ow, c, f.prepareOutput(y, f.ow, 0, c))
		f.addSums(sums, y, f.ow)
	}
}

// addSums adds some pixels of the output to the sums, if they are wanted.
func (f *bf16Branch) addSums(sums, y []float32, pixels int) {
	if c := f.Kernel.Cout; f.Sum != nil {
		norm.AddStats(y, pixels, c, f.LDY, sums[:c], sums[c:])
	}
}

// storeRows writes rows × cols floats, or adds them to what is there.
func storeRows(dst []float32, ld int, src []float32, rows, cols int, add bool) {
	switch {
	case !add:
		copyTile(dst, ld, src, cols, rows, cols)
	case ld == cols:
		vec.LocalAddTo(dst[:rows*cols], src[:rows*cols])
	default:
		for i := range rows {
			vec.LocalAddTo(dst[i*ld:][:cols], src[i*cols:][:cols])
		}
	}
}
