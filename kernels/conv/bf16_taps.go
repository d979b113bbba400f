package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// windowTap is a tap of a window: where it reads, in rows down and pixels to the right of the first output's own place, and where its
// weights are.
type windowTap struct{ y, x, weight int }

// windowTaps appends the taps that outputs read the input with.
func (b *Branch) windowTaps(taps []windowTap) []windowTap {
	k := &b.Kernel
	top, left := k.before()
	row, tap, _ := b.weightStrides()
	for y := range k.KH {
		for x := range k.KW {
			taps = append(taps, windowTap{y*k.Dilation - top, x*k.Dilation - left, y*row + x*tap})
		}
	}
	return taps
}

// gradientTaps appends the taps that the pixels (y, x) of the input with y ≡ py and x ≡ px modulo the stride read the output gradient with,
// the last first, so that what they read is in order.
func (b *Branch) gradientTaps(taps []windowTap, py, px int) []windowTap {
	k := &b.Kernel
	top, left := k.before()
	row, tap, _ := b.weightStrides()
	for ky := k.KH - 1; ky >= 0; ky-- {
		for kx := k.KW - 1; kx >= 0; kx-- {
			y, x := py+top-ky*k.Dilation, px+left-kx*k.Dilation
			if y%k.Stride == 0 && x%k.Stride == 0 {
				taps = append(taps, windowTap{y / k.Stride, x / k.Stride, ky*row + kx*tap})
			}
		}
	}
	return taps
}

// bf16Taps are taps with their weights as tiles want them.
type bf16Taps struct {
	tapList
	b []uint16
}

// set fills the list with taps of depth numbers, as tapList does, but only with runs that blocks cut without a rest: a window would else
// read numbers of its neighbour, which are multiplied by zeros, but may be no numbers.
func (l *bf16Taps) set(offsets, weights []int, depth int) {
	for i := range offsets {
		offsets[i] *= depth
	}
	l.tapList.set(offsets, weights, depth)
	if bf16.Blocks(l.k)*bf16.Block(l.k) != l.k {
		l.offsets, l.k, l.taps = append(l.offsets[:0], l.singles...), depth, 1
	}
}

// bf16Weights packs the weights of some taps, block by block of outputs. w(tap, in, out) is found at w[tap + in·inStride + out·outStride].
type bf16Weights struct {
	taps                *bf16Taps
	w                   []float32
	ins, outs           int
	depth               int // numbers of a pixel, of which ins are not zero
	inStride, outStride int
}

func (t *bf16Weights) pack() {
	per := bf16.PackedB(bf16.TileCols, t.taps.k, len(t.taps.offsets))
	blocks := (t.outs + bf16.TileCols - 1) / bf16.TileCols
	t.taps.b = grow(t.taps.b, blocks*per)
	parallel.Run(blocks, len(t.taps.weights)*t.ins*t.outs, t)
	t.w = nil
}

// Chunk packs a block of outputs.
func (t *bf16Weights) Chunk(worker *parallel.Worker, block int) {
	const cols = bf16.TileCols
	l, first := t.taps, block*cols
	n := min(cols, t.outs-first)
	rows := worker.Scratch(len(l.weights) * t.depth * cols)
	clear(rows)
	for i, tap := range l.weights {
		from, to := t.w[tap+first*t.outStride:], rows[i*t.depth*cols:]
		if t.outStride == 1 {
			copyTile(to, cols, from, t.inStride, t.ins, n)
			continue
		}
		for in := range t.ins {
			for out := range n {
				to[in*cols+out] = from[in*t.inStride+out*t.outStride]
			}
		}
	}
	per := bf16.PackedB(cols, l.k, len(l.offsets))
	bf16.PackB(l.b[block*per:][:per], rows, cols, l.k, len(l.offsets), l.k*cols, cols, 1, 1)
}
