package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// pads describes the zero border of a packed image.
type pads struct{ top, bottom, left, right int }

// around returns the border that holds p and what the windows of a kernel reach beyond an h×w image.
func (p pads) around(k *Kernel, h, w int) pads {
	top, left := k.before()
	oh, ow := k.Out(h, w)
	bottom, right := (oh-1)*k.Stride-top+(k.KH-1)*k.Dilation-(h-1), (ow-1)*k.Stride-left+(k.KW-1)*k.Dilation-(w-1)
	return pads{max(p.top, top), max(p.bottom, k.PadH, bottom), max(p.left, left), max(p.right, k.PadW, right)}
}

// packed describes a packed image: rows of (left + w + right) pixels of c channels without gaps.
type packed struct {
	pads
	h, w, c int
}

func (p packed) rowLen() int { return (p.left + p.w + p.right) * p.c }
func (p packed) imgLen() int { return (p.top + p.h + p.bottom) * p.rowLen() }
func (p packed) origin() int { return p.top*p.rowLen() + p.left*p.c }

// clearBorder zeroes the border of one packed image, where it stays: what is packed there later has the same.
func (p packed) clearBorder(img []float32) {
	row := p.rowLen()
	clear(img[:p.top*row])
	clear(img[(p.top+p.h)*row : p.imgLen()])
	if p.left+p.right == 0 {
		return
	}
	for y := range p.h {
		r := img[(p.top+y)*row:][:row]
		clear(r[:p.left*p.c])
		clear(r[(p.left+p.w)*p.c:])
	}
}

// packInput brings the rows from..to-1 of image n of the input into img, whose border is clear.
func (p packed) packInput(img []float32, in *Input, n, from, to int) {
	for y := from; y < to; y++ {
		in.pixels(img[p.origin()+y*p.rowLen():][:in.W*in.C], in.C, (n*in.H+y)*in.W, in.W)
	}
}

// pixels brings n pixels of the input from p on, as the branches see them, to dst, ld apart.
func (in *Input) pixels(dst []float32, ld, p, n int) {
	switch {
	case n == 0:
	case in.Fold == nil && in.Act == activation.Identity:
		in.copyRounded(dst, ld, in.X[p*in.LD:], in.LD, n, in.C)
	default:
		in.values(dst, ld, p, 1, n)
		in.round(dst[:(n-1)*ld+in.C])
	}
}

// values is pixels before they are rounded, of pixels that are step apart.
func (in *Input) values(dst []float32, ld, p, step, n int) {
	c, x, ldx := in.C, in.X[p*in.LD:], step*in.LD
	switch {
	case in.Fold != nil:
		in.Fold.Rows(dst, ld, x, ldx, n)
	case in.Act == activation.Identity:
		copyTile(dst, ld, x, ldx, n, c)
	case ldx == c && ld == c:
		in.Act.Local(dst[:n*c], x[:n*c])
	default:
		for i := range n {
			in.Act.Local(dst[i*ld:][:c], x[i*ldx:][:c])
		}
	}
}

// slack is how far beyond the packed images a kernel may read for pixels and channels that nobody keeps: the pixels of a
// tile times the stride, and a block of channels.
func slack(c, stride int) int { return 16*c*stride + 64 }

// weights are what is to be packed: of tap t, input i and output o it is w[taps[t] + i·inStride + o·outStride]. One of the strides is 1.
type weights struct {
	w                   []float32
	taps                []int
	ins, outs           int
	inStride, outStride int
	block               int  // outputs that a tile kernel computes together
	wino                bool // they are transformed for Winograd's algorithm
}

const (
	// packBlocks is how many blocks of outputs of a 1×1 convolution a chunk packs at least: rows of so many are read as fast as whole ones.
	packBlocks = 4
	// packFloats is how many weights are packed at a time: a fifth of a millisecond or so, in which assembly cannot be preempted.
	packFloats = 256 << 10
)

// packTask packs weights, a chunk some blocks of outputs.
type packTask struct {
	k      *kernels
	in     *Input // which says how they are rounded
	dst    []float32
	chunks int
	weights
}

var packTasks parallel.FreeList[packTask]

// pack lays weights out for a tile kernel: for every block of outputs, [tap][in][block], zeros beyond outs, and returns them. If they are to
// be transformed, that is [point][block][in][block], and stands behind the others. dst has packedLen floats.
func (k *kernels) pack(in *Input, dst []float32, w weights) []float32 {
	t := packTasks.Get()
	defer packTasks.Put(t)
	size := len(w.taps) * w.ins * w.outs
	chunks, work := w.blocks(), size/2
	if len(w.taps) == 1 {
		chunks = min(chunks, max(1, size/packFloats, min(chunks/packBlocks, parallel.Threads())))
	}
	if w.wino {
		work = size * 4
	}
	*t = packTask{k, in, dst, chunks, w}
	parallel.Run(chunks, work, t)
	*t = packTask{}
	if w.wino {
		return dst[9*w.ins*w.outs:]
	}
	return dst
}

// blocks is how many blocks of outputs there are.
func (w *weights) blocks() int { return (w.outs + w.block - 1) / w.block }

// Chunk packs the i-th share of the blocks.
func (t *packTask) Chunk(_ *parallel.Worker, i int) {
	first, end := chunkOf(t.blocks(), t.chunks, i)
	per := t.ins * t.block
	blocks := t.dst[first*len(t.taps)*per : end*len(t.taps)*per]
	if len(t.taps) == 1 {
		t.tap(blocks, t.taps[0], first, end)
		t.in.round(blocks)
		return
	}
	for o := first; o < end; o++ {
		block := t.dst[o*len(t.taps)*per:][:len(t.taps)*per]
		for j, tap := range t.taps {
			t.tap(block[j*per:][:per], tap, o, o+1)
		}
		t.in.round(block)
		if t.wino {
			t.k.winograd.weight(t.dst[9*t.ins*t.outs+o*per:], t.ins*t.outs+winogradGap, block, per, per)
		}
	}
}

// tap lays out the weights of a tap for the outputs of some blocks, one block after the other.
func (t *packTask) tap(dst []float32, tap, first, end int) {
	o := first * t.block
	n := min(t.outs, end*t.block) - o
	// Where there is one channel on the other side, rows are one apart, and there is one.
	w := gemm.Matrix{Data: t.w[tap+o*t.outStride:], LD: max(t.inStride, n)}
	if t.outStride != 1 {
		w.LD, w.Trans = max(t.outStride, t.ins), true
	}
	gemm.LocalPanels(dst, t.block, t.ins, n, w)
}

// packedLen is how many floats pack writes, with room for Winograd's transform behind them if wino is set.
func packedLen(taps, ins, outs, block int, wino bool) int {
	n := taps * ins * roundUp(outs, block)
	if wino {
		n += winogradPoints * (ins*outs + winogradGap)
	}
	return n
}

// tapRun is a list of taps of a convolution on packed pixels: offsets of runs of k consecutive floats, and for each
// single tap (run by run) where its weights start.
type tapRun struct {
	offsets []int
	k       int
	taps    int // in a run
	weights []int
}

// tapList accumulates taps whose pixels follow each other in the packed image into runs.
type tapList struct {
	tapRun
	singles []int
}

// set fills the list from offsets (in execution order) of single taps of c channels each.
func (l *tapList) set(offsets, weights []int, c int) {
	l.singles, l.weights = append(l.singles[:0], offsets...), append(l.weights[:0], weights...)
	l.offsets = l.offsets[:0]
	// The longest run length that divides the list evenly into runs of consecutive pixels.
	for n := len(offsets); n >= 1; n-- {
		if len(offsets)%n != 0 || !consecutive(offsets, n, c) {
			continue
		}
		for i := 0; i < len(offsets); i += n {
			l.offsets = append(l.offsets, offsets[i])
		}
		l.k, l.taps = n*c, n
		return
	}
}

func consecutive(offsets []int, n, c int) bool {
	for i := range offsets {
		if i%n != 0 && offsets[i] != offsets[i-1]+c {
			return false
		}
	}
	return true
}

// roundUp returns the least multiple of m that is not below n.
func roundUp(n, m int) int { return (n + m - 1) / m * m }
