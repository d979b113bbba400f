package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// batchedTask is batched Winograd: a convolution by Winograd's algorithm with so many channels that its transformed weights exceed the
// level-2 cache: to fetch them for a few images at a time would cost more than to compute with them. The whole batch is transformed
// instead, and each of the 36 points is a product of matrices: [tiles × Cin]·[Cin × Cout] forward, with the transpose of the
// weights for the gradient of the input, and [Cin × tiles]·[tiles × Cout] for that of the weights.
type batchedTask struct {
	k     *kernels
	in    *Input
	b     *Branch
	dx    []float32
	lddx  int
	add   bool
	stage batchedStage

	x, y    packed
	weights points    // [Cin][Cout], of the weights or of their gradient
	ins     points    // [tile][Cin]
	outs    points    // [tile][Cout]
	sums    []float32 // [image][2·Cout]: Σy and Σy² of each image
	local   []local   // of each image
}

// batchedStage is what the chunks of the task do at present: images, or batchedChunk weights each.
type batchedStage int

const (
	transformWeights  batchedStage = iota // weights from the weights
	turnWeights                           // weights from the weights turned by 180°
	transformInput                        // ins from the input
	transformOutput                       // the output from outs
	spreadGradient                        // outs from the output gradient, for the weight gradient
	transformGradient                     // outs from the output gradient, for the input gradient
	gatherInput                           // the input gradient from ins
	gatherWeights                         // the weight gradient from weights
)

// batchedChunk is the number of weights in a chunk.
const batchedChunk = 1 << 12

// batchedMin is the number of weights per tap from which the batch is transformed as a whole: 36 times as many are 9 MB. Tests
// lower it.
var batchedMin = 1 << 16

var batchedTasks parallel.FreeList[batchedTask]

// batchesWinograd reports whether the branches are one convolution that batchedTask computes.
func (k *kernels) batchesWinograd(in *Input, branches []Branch) bool {
	if len(branches) != 1 {
		return false
	}
	b, kn := &branches[0], &branches[0].Kernel
	return b.weightLen() == kn.Weights() && kn.PadH == 1 && kn.PadW == 1 && kn.Shift == 0 && kn.Cin*kn.Cout >= batchedMin &&
		k.winogradFits(kn, kn.Cin, kn.Cout, in.H, in.W)
}

// points is a matrix for each point of Winograd's transform.
type points struct {
	data []float32
	each int // floats from a matrix to the next
	ld   int // channels
}

func (p *points) resize(rows, channels int) {
	p.ld, p.each = channels, rows*channels+winogradGap
	if n := winogradPoints * p.each; cap(p.data) < n {
		p.data = memory.Aligned(n)
	} else {
		p.data = p.data[:n]
	}
}

func (p *points) matrix(x int, trans bool) gemm.Matrix {
	return gemm.Matrix{Data: p.data[x*p.each:][:p.each], LD: p.ld, Trans: trans}
}

// begin sizes the transforms and returns the number of tiles of the batch.
func (t *batchedTask) begin(k *kernels, in *Input, b *Branch) (tiles int) {
	t.k, t.in, t.b = k, in, b
	border := pads{1, 1, 1, 1}
	t.x = packed{pads: border, h: in.H, w: in.W, c: in.C}
	t.y = packed{pads: border, h: in.H, w: in.W, c: b.Kernel.Cout}
	tiles = in.N * in.H * in.W / 16
	t.weights.resize(in.C, b.Kernel.Cout)
	t.ins.resize(tiles, in.C)
	t.outs.resize(tiles, b.Kernel.Cout)
	t.local = grow(t.local, in.N)
	return tiles
}

func (t *batchedTask) overImages(s batchedStage) {
	t.stage = s
	parallel.Run(t.in.N, t.in.N*t.in.H*t.in.W*(t.in.C+t.b.Kernel.Cout), t)
}

func (t *batchedTask) overWeights(s batchedStage) {
	t.stage = s
	parallel.Run((t.in.C*t.b.Kernel.Cout+batchedChunk-1)/batchedChunk, 10*t.in.C*t.b.Kernel.Cout, t)
}

func (t *batchedTask) forward(k *kernels, in *Input, b *Branch) {
	tiles, ins, outs := t.begin(k, in, b), in.C, b.Kernel.Cout
	t.sums = grow(t.sums, in.N*2*outs)
	t.overWeights(transformWeights)
	t.overImages(transformInput)
	for x := range winogradPoints {
		gemm.Mul(tiles, outs, ins, 1, t.ins.matrix(x, false), t.weights.matrix(x, false), 0, t.outs.matrix(x, false))
	}
	t.overImages(transformOutput)
	if b.Sum != nil {
		addChunks(b.Sum, t.sums, in.N, outs, 0)
		addChunks(b.SumSq, t.sums, in.N, outs, outs)
	}
	t.in, t.b = nil, nil
}

func (t *batchedTask) backward(k *kernels, in *Input, dx []float32, lddx int, add bool, b *Branch) {
	tiles, ins, outs := t.begin(k, in, b), in.C, b.Kernel.Cout
	t.dx, t.lddx, t.add = dx, lddx, add
	if b.DWeight != nil {
		t.overImages(transformInput)
		t.overImages(spreadGradient)
		for x := range winogradPoints {
			gemm.Mul(ins, outs, tiles, 1, t.ins.matrix(x, true), t.outs.matrix(x, false), 0, t.weights.matrix(x, false))
		}
		if !b.AddWeight {
			b.clearDWeight()
		}
		t.overWeights(gatherWeights)
	}
	if dx != nil {
		t.overWeights(turnWeights)
		t.overImages(transformGradient)
		for x := range winogradPoints {
			gemm.Mul(tiles, ins, outs, 1, t.outs.matrix(x, false), t.weights.matrix(x, true), 0, t.ins.matrix(x, false))
		}
		t.overImages(gatherInput)
	}
	t.in, t.b, t.dx = nil, nil, nil
}

// Chunk does a stage's part of the work.
func (t *batchedTask) Chunk(w *parallel.Worker, i int) {
	switch t.stage {
	case transformWeights, turnWeights, gatherWeights:
		t.someWeights(w, i)
	default:
		t.image(w, i)
	}
}

func (t *batchedTask) someWeights(w *parallel.Worker, i int) {
	perTap := t.in.C * t.b.Kernel.Cout
	lo, hi := i*batchedChunk, min((i+1)*batchedChunk, perTap)
	u := t.weights.data[lo:]
	switch t.stage {
	case transformWeights:
		if t.in.Precision == gemm.Float32 {
			t.k.winograd.weight(u, t.weights.each, t.b.Weight[lo:], perTap, hi-lo)
			return
		}
		rounded := w.Scratch(9 * batchedChunk)
		for tap := range 9 {
			bf16.LocalRound(rounded[tap*batchedChunk:][:hi-lo], t.b.Weight[tap*perTap+lo:][:hi-lo])
		}
		t.k.winograd.weight(u, t.weights.each, rounded, batchedChunk, hi-lo)
	case turnWeights:
		turned := w.Scratch(9 * batchedChunk)
		for tap := range 9 {
			copy(turned[tap*batchedChunk:][:hi-lo], t.b.Weight[(8-tap)*perTap+lo:])
			t.in.round(turned[tap*batchedChunk:][:hi-lo])
		}
		t.k.winograd.weight(u, t.weights.each, turned, batchedChunk, hi-lo)
	case gatherWeights:
		t.k.winograd.weightGradient(t.b.DWeight[lo:], perTap, u, t.weights.each, hi-lo)
	}
}

func (t *batchedTask) image(w *parallel.Worker, n int) {
	k, in, c := t.k.winograd, t.in, t.b.Kernel.Cout
	a := &t.local[n].winograd
	size := max(t.x.imgLen(), t.y.imgLen())
	scratch := w.Scratch(size + winogradPoints*16)
	img := scratch[:size]
	a.tmp = scratch[size:]
	switch t.stage {
	case transformInput:
		t.x.clearBorder(img)
		t.x.packInput(img[:t.x.imgLen()], in, n, 0, in.H)
		a.over(k.input, img, t.x.c, t.x.rowLen(), &t.ins, n, in)
	case transformGradient:
		t.y.clearBorder(img)
		t.y.packGradient(img[:t.y.imgLen()], in, t.b, n)
		a.over(k.input, img, t.y.c, t.y.rowLen(), &t.outs, n, in)
	case spreadGradient:
		t.y.clearBorder(img)
		t.y.packGradient(img[:t.y.imgLen()], in, t.b, n)
		a.over(k.gradient, img[t.y.origin():], t.y.c, t.y.rowLen(), &t.outs, n, in)
	case transformOutput:
		y := t.b.Y[n*in.H*in.W*t.b.LDY:]
		if t.b.prepareOutput(y, in.H*in.W, 0, t.b.Kernel.Cout) {
			a.add = 1
		}
		a.over(k.output, y, t.b.LDY, in.W*t.b.LDY, &t.outs, n, in)
		if t.b.Sum != nil {
			s := t.sums[n*2*c:][:2*c]
			clear(s)
			norm.AddStats(y, in.H*in.W, c, t.b.LDY, s[:c], s[c:])
		}
	case gatherInput:
		a.over(k.output, img, in.C, in.W*in.C, &t.ins, n, in)
		storeInputGradient(in, t.dx, t.lddx, t.add, img, n*in.H*in.W, in.H*in.W)
	}
	*a = winogradArgs{}
}

// over transforms image n, whose pixels lie pix apart and rows row, to or from its tiles in p.
func (a *winogradArgs) over(transform func(*winogradArgs), image []float32, pix, row int, p *points, n int, in *Input) {
	a.pix, a.row, a.point, a.tile, a.tiles, a.blocks = pix, row, p.each, p.ld, in.W/4, p.ld/16
	tiles := in.H * in.W / 16
	a.eachRow(transform, image, 0, p.data[n*tiles*p.ld:], 1, in.H/4)
}
