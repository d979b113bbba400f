package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// On tiles both gradients go through the images strip by strip. That of the input is a convolution of the output gradient, phase by phase,
// as in float32. That of the weights is for each tap a product, over the outputs of a strip, of the transposed input from where the tap
// reads and of the output gradient, which is zero where outputs do not exist.

// bf16Gradients is what a branch needs beyond its description, prepared once per call.
type bf16Gradients struct {
	*Branch
	oh, ow int
	dy     grid        // of the output gradient
	phases []bf16Phase // of the input gradient
	taps   tapRun      // of the input, for the gradient of the weights: in pixels
	part   []float32   // [chunk][tap][Cin][Cout]
}

// bf16Phase is a phase of the input, whose gradient is the convolution of the output gradient with the taps that reach it.
type bf16Phase struct {
	number int
	taps   bf16Taps
	add    bool // a branch before this one has begun
}

// bf16Backward is the backward pass of branches of one stride, kept from call to call so that its buffers are reused.
type bf16Backward struct {
	in       *Input
	dx       []float32
	lddx     int
	add      bool
	branches []bf16Gradients
	x        grid
	reached  []bool // which phases of the input gradient some tap reaches
	anyDW    bool
	direct   bool // the input gradient lies as the grid has it
	strip    int
	chunks   int
	xLD      int // numbers from a channel of the transposed input to the next
	part     []float32
	foldSums []float64 // [chunk][2·Cin]
	local    [maxChunks]bf16Local
	weights  bf16Weights
	taps     []windowTap
	offsets  []int
	weightAt []int
	reduce   reduceTask
}

// chunkLeast is about how many outputs a chunk has at least: its sums of weight gradients are written and read again.
const chunkLeast = 512

var bf16Backwards parallel.FreeList[bf16Backward]

// backwardOnTiles goes through the branches stride by stride: those of one share what is packed, and add up the input gradient in cache.
func backwardOnTiles(in *Input, dx []float32, lddx int, add bool, branches []Branch) {
	t := bf16Backwards.Get()
	defer bf16Backwards.Put(t)
	for i := range branches {
		if firstOfStride(branches, i) {
			t.run(in, dx, lddx, add || i > 0, branches[i:], branches[i].Kernel.Stride)
		}
	}
}

func (t *bf16Backward) run(in *Input, dx []float32, lddx int, add bool, branches []Branch, stride int) {
	t.in, t.dx, t.lddx, t.add = in, dx, lddx, add
	t.branches = room(t.branches, len(branches))
	n, work := 0, 0
	for i := range branches {
		b := &branches[i]
		if b.Kernel.Stride != stride {
			continue
		}
		f := &t.branches[n]
		n++
		f.Branch = b
		f.oh, f.ow = b.Kernel.Out(in.H, in.W)
		pass := b.Kernel.work(in.N, f.oh, f.ow, false) / tileSpeed
		if dx != nil {
			work += pass
		}
		if b.DWeight != nil {
			work += pass
		}
	}
	t.branches = t.branches[:n]
	t.layOut(stride)
	parts := 0
	for i := range t.branches {
		parts += t.describe(&t.branches[i])
	}
	if cap(t.part) < parts {
		t.part = memory.Aligned(parts)
	}
	part := t.part[:parts]
	for i := range t.branches {
		if f := &t.branches[i]; f.DWeight != nil {
			n := t.chunks * f.Kernel.Weights()
			f.part, part = part[:n], part[n:]
		}
	}
	t.xLD = roundUp(t.x.pixels()+bf16.TileDepth, bf16.TileDepth) | bf16.TileDepth // an odd number of cache lines, so that rows share none
	t.foldSums = grow(t.foldSums, t.chunks*2*in.C)
	clear(t.foldSums)
	parallel.Run(t.chunks, work, t)
	for i := range t.branches {
		f := &t.branches[i]
		if f.DWeight != nil {
			t.reduce = reduceTask{b: f.Branch, taps: &f.taps, rows: f.Kernel.Cin, cols: f.Kernel.Cout, part: f.part, chunks: t.chunks}
			parallel.Run(len(f.taps.offsets), len(f.part)/4, &t.reduce)
		}
		f.Branch = nil
	}
	if in.Fold != nil {
		addFoldSums(in.Fold, t.foldSums, t.chunks)
	}
	t.in, t.dx = nil, nil
}

// layOut lays out the grids, whose rows and images are all at the same distance, and cuts the call into chunks and strips.
func (t *bf16Backward) layOut(stride int) {
	in, x := t.in, &t.x
	x.begin(stride, in.H, in.W, in.C)
	t.anyDW = false
	for i := range t.branches {
		f := &t.branches[i]
		t.anyDW = t.anyDW || f.DWeight != nil
		t.taps = f.windowTaps(t.taps[:0])
		x.reach(t.taps, f.oh, f.ow)
		f.dy.begin(1, f.oh, f.ow, f.Kernel.Cout)
		t.taps = t.taps[:0]
		for phase := range stride * stride {
			if t.dx != nil {
				t.taps = f.gradientTaps(t.taps, phase/stride, phase%stride)
			}
		}
		f.dy.reach(t.taps, x.rows, x.cols)
		x.height, x.width = max(x.height, f.dy.height), max(x.width, f.dy.width)
	}
	t.chunks = min(in.N, maxChunks, max(minChunks, in.N*x.height*x.width/chunkLeast))
	t.strip = x.stripRows((in.N+t.chunks-1)/t.chunks*x.height, stripMost)
	x.setStrip(t.strip)
	for i := range t.branches {
		dy := &t.branches[i].dy
		dy.height, dy.width = x.height, x.width
		dy.setStrip(t.strip)
	}
	t.direct = stride == 1 && in.Act == activation.Identity && x.height == in.H && x.width == in.W
	t.reached = grow(t.reached, stride*stride)
	clear(t.reached)
}

// describe prepares the taps of a branch and returns how many floats its partial gradients take.
func (t *bf16Backward) describe(f *bf16Gradients) (parts int) {
	k := &f.Kernel
	s := k.Stride
	_, _, channel := f.weightStrides()
	f.phases = room(f.phases, s*s)[:0]
	for number := range s * s {
		if t.dx == nil {
			break
		}
		t.taps = f.gradientTaps(t.taps[:0], number/s, number%s)
		if len(t.taps) == 0 || number/s >= t.in.H || number%s >= t.in.W {
			continue
		}
		f.phases = f.phases[:len(f.phases)+1]
		p := &f.phases[len(f.phases)-1]
		p.number, p.add = number, t.reached[number]
		t.reached[number] = true
		t.offsets, t.weightAt = f.dy.place(t.taps, t.offsets[:0], t.weightAt[:0])
		p.taps.set(t.offsets, t.weightAt, f.dy.depth)
		t.weights = bf16Weights{taps: &p.taps, w: f.Weight, ins: k.Cout, outs: k.Cin, depth: f.dy.depth, inStride: 1, outStride: channel}
		t.weights.pack()
	}
	f.dy.phases = append(f.dy.phases[:0], 0)
	t.taps = f.windowTaps(t.taps[:0])
	f.taps.offsets, f.taps.weights = t.x.place(t.taps, f.taps.offsets[:0], f.taps.weights[:0])
	f.taps.k, f.taps.taps = k.Cin, 1
	if f.DWeight == nil {
		return 0
	}
	return t.chunks * k.Weights()
}

// bf16Scratch is what a chunk of the backward pass works with.
type bf16Scratch struct {
	x        []float32 // a strip of the input as the branches see it
	xT       []uint16  // transposed
	dy       []float32 // a strip of the output gradient
	packed   []uint16  // for the gradient of the input
	tiles    []uint16  // for that of the weights
	dx       []float32 // [phase][strip], if it does not lie as it should
	foldSums []float32
}

// take returns scratch for n floats, which it takes off the front.
func take(scratch *[]float32, n int) []float32 {
	s := *scratch
	*scratch = s[roundUp(n, 16):]
	return s[:n]
}

// scratch divides a worker's scratch.
func (t *bf16Backward) scratch(w *parallel.Worker) (s bf16Scratch) {
	in, strip := t.in, t.strip*t.x.width
	x, xT, dy, packed, tiles, dx := 0, 0, 0, 0, 0, 0
	if t.anyDW || in.Fold != nil {
		x = t.x.pixels() * in.C
	}
	if t.anyDW {
		xT = t.xLD * in.C / 2
	}
	if t.dx != nil && !t.direct {
		dx = t.x.stride * t.x.stride * strip * in.C
	}
	for i := range t.branches {
		f := &t.branches[i]
		dy = max(dy, f.dy.span*f.dy.c)
		if t.dx != nil {
			packed = max(packed, (f.dy.span*f.dy.depth+1)/2)
		}
		if f.DWeight != nil {
			tiles = max(tiles, bf16.PackedB(f.dy.c, roundUp(strip, bf16.TileDepth), 1)/2)
		}
	}
	all := w.Scratch(x + xT + dy + packed + tiles + dx + 2*in.C + 7*16)
	return bf16Scratch{
		x: take(&all, x), xT: bf16.In(take(&all, xT)), dy: take(&all, dy), packed: bf16.In(take(&all, packed)),
		tiles: bf16.In(take(&all, tiles)), dx: take(&all, dx), foldSums: take(&all, 2*in.C),
	}
}

// Chunk computes the input gradients of the images of one chunk and their share of the weight gradients.
func (t *bf16Backward) Chunk(w *parallel.Worker, i int) {
	i = t.chunks - 1 - i // the sums over the gradient, which come before, have left its end in cache
	in, x := t.in, &t.x
	s := t.scratch(w)
	if t.anyDW {
		for c := range in.C {
			clear(s.xT[c*t.xLD+x.pixels() : (c+1)*t.xLD])
		}
	}
	phaseLen := t.strip * x.width * in.C
	for phase, reached := range t.reached {
		if t.dx != nil && !reached {
			clear(s.dx[phase*phaseLen:][:phaseLen])
		}
	}
	lo, hi := chunkOf(in.N, t.chunks, i)
	p := &t.local[i].product
	for first := lo * x.height; first < hi*x.height; first += t.strip {
		n := min(t.strip, hi*x.height-first)
		if len(s.x) > 0 {
			x.layInput(s.x, in, first, n)
		}
		if t.anyDW {
			bf16.PackA(s.xT, t.xLD, s.x, in.C, x.pixels(), 1, in.C)
		}
		for b := range t.branches {
			f := &t.branches[b]
			f.dy.layGradient(s.dy, f.Branch, in.N, first, n)
			if t.dx != nil {
				t.inputGradient(p, f, &s, first, n)
			}
			if f.DWeight != nil {
				t.weightGradient(p, f, &s, i, first, n, first > lo*x.height)
			}
		}
		switch {
		case t.dx == nil:
		case in.Fold != nil:
			t.foldGradient(&s, i, first*in.W, n*in.W)
		case !t.direct:
			t.store(s.dx, first, n)
		}
	}
	*p = bf16.Tiles{}
}

// inputGradient computes a branch's part of the input gradient of a strip.
func (t *bf16Backward) inputGradient(p *bf16.Tiles, f *bf16Gradients, s *bf16Scratch, first, n int) {
	in, x := t.in, &t.x
	f.dy.encode(s.packed, s.dy, f.dy.c, f.dy.span)
	for j := range f.phases {
		phase := &f.phases[j]
		*p = bf16.Tiles{M: x.outputs(first, n, x.rows, x.cols), N: in.C, Depth: phase.taps.k, A: s.packed, LDA: f.dy.depth,
			Taps: phase.taps.offsets, B: phase.taps.b, LDC: in.C, Add: phase.add}
		if p.M == 0 {
			continue
		}
		if t.direct {
			p.C, p.LDC, p.Add = t.dx[first*in.W*t.lddx:], t.lddx, phase.add || t.add
		} else {
			p.C = s.dx[phase.number*t.strip*x.width*in.C:]
		}
		p.LocalMul()
	}
}

// weightGradient adds a strip's share of a branch's weight gradient to that of a chunk (overwrites it if add is false).
func (t *bf16Backward) weightGradient(p *bf16.Tiles, f *bf16Gradients, s *bf16Scratch, chunk, first, n int, add bool) {
	x, k := &t.x, &f.Kernel
	outputs := x.outputs(first, n, f.oh, f.ow)
	if outputs == 0 {
		return
	}
	dy := s.dy[(f.dy.top*f.dy.width+f.dy.left)*k.Cout:]
	bf16.PackB(s.tiles, dy, k.Cout, outputs, 1, 0, k.Cout, 1, 1)
	part := f.part[chunk*k.Weights():][:k.Weights()]
	for tap := range f.taps.offsets {
		*p = bf16.Tiles{M: k.Cin, N: k.Cout, Depth: outputs, A: s.xT, LDA: t.xLD, Taps: f.taps.offsets[tap : tap+1], B: s.tiles,
			C: part[tap*k.Cin*k.Cout:], LDC: k.Cout, Add: add}
		p.LocalMul()
	}
}

// foldGradient makes of the gradient of some pixels from first on that of the folded normalisation, and adds its sums to the chunk's.
func (t *bf16Backward) foldGradient(s *bf16Scratch, chunk, first, pixels int) {
	in := t.in
	clear(s.foldSums)
	in.Fold.Gradient(t.dx[first*t.lddx:], t.lddx, s.x, in.C, in.X[first*in.LD:], in.LD, pixels, s.foldSums[:in.C], s.foldSums[in.C:])
	total := t.foldSums[chunk*2*in.C:]
	for c, v := range s.foldSums {
		total[c] += float64(v)
	}
}

// store moves the gradient of n rows from first on, phase by phase, to where the caller wants it.
func (t *bf16Backward) store(dx []float32, first, n int) {
	in, x := t.in, &t.x
	s, phaseLen := x.stride, t.strip*x.width*in.C
	for r := first; r < first+n; r++ {
		image, row, ok := x.find(r, in.N, x.rows)
		if !ok {
			continue
		}
		for phase := range s * s {
			y, px := row*s+phase/s, phase%s
			if y >= in.H || px >= in.W {
				continue
			}
			cols, pix := (in.W-px+s-1)/s, (image*in.H+y)*in.W+px
			t.storeRow(pix, cols, dx[phase*phaseLen+(r-first)*x.width*in.C:])
		}
	}
}

// storeRow stores the gradient of some pixels, stride apart, from pixel first on.
func (t *bf16Backward) storeRow(first, pixels int, dx []float32) {
	in, s, c := t.in, t.x.stride, t.in.C
	dst := t.dx[first*t.lddx:]
	switch {
	case in.Act == activation.Identity:
		storeRows(dst, s*t.lddx, dx, pixels, c, t.add)
	case s == 1 && t.lddx == c && in.LD == c:
		in.Act.LocalBackward(dst[:pixels*c], in.X[first*c:][:pixels*c], dx[:pixels*c], t.add)
	default:
		x := in.X[first*in.LD:]
		for i := range pixels {
			in.Act.LocalBackward(dst[i*s*t.lddx:][:c], x[i*s*in.LD:][:c], dx[i*c:][:c], t.add)
		}
	}
}
