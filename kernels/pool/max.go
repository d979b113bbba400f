package pool

import (
	"cmp"
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Max is a max pooling layer with a square window of at most 16×16. Padding never wins. Windows that do not fit are left
// out (PyTorch's ceil_mode=False).
//
// Next to each maximum Forward saves where it was found: the position ky·Kernel+kx in its window, padding included. Among
// equals it is the first in the order of the positions, and a NaN is larger than anything, the last one if there are
// several, as in PyTorch.
type Max struct {
	Kernel      int
	Stride, Pad int // a Stride of 0 stands for one of Kernel
}

// Out returns the height and width of the output for an input of h×w pixels.
func (m Max) Out(h, w int) (oh, ow int) { return m.withDefaults().out("pool.Max.Out", h, w) }

func (m Max) withDefaults() Max {
	m.Stride = cmp.Or(m.Stride, m.Kernel)
	return m
}

func (m Max) out(op string, h, w int) (oh, ow int) {
	if m.Kernel > 16 {
		fault.Shape(op, fmt.Sprintf("kernel %d", m.Kernel), "at most 16, so that a position in the window fits into a byte")
	}
	return outSize(op, m.Kernel, m.Stride, m.Pad, h, w)
}

// Forward pools src, N·H·W rows of C floats that lie ldSrc apart, into dst, N·OH·OW rows that lie ldDst apart, and index,
// as many rows of C bytes without gaps.
func (m Max) Forward(dst []float32, ldDst int, index []uint8, src []float32, ldSrc int, s Shape) {
	m = m.withDefaults()
	oh, ow := m.out("pool.Max.Forward", s.H, s.W)
	fault.CheckRows("pool.Max.Forward", "dst", len(dst), s.N*oh*ow, s.C, ldDst)
	fault.CheckRows("pool.Max.Forward", "index", len(index), s.N*oh*ow, s.C, s.C)
	fault.CheckRows("pool.Max.Forward", "src", len(src), s.N*s.H*s.W, s.C, ldSrc)
	t := tasks.Get()
	defer tasks.Put(t)
	t.max, t.index = m, index
	t.vertical.forward(m.windows(), s.H, oh)
	t.horizontal.forward(m.windows(), s.W, ow)
	t.run((*task).maxima, s.N, s.C, operand{dst, ldDst, oh, ow}, operand{src, ldSrc, s.H, s.W}, false)
}

// Backward computes the gradient dSrc of the input, N·H·W rows of C floats that lie ldSrc apart, from the gradient dDst of
// the output, N·OH·OW rows that lie ldDst apart, and the index of Forward: each gradient goes to where the maximum was
// found. With accumulate it is added to dSrc.
func (m Max) Backward(dSrc []float32, ldSrc int, index []uint8, dDst []float32, ldDst int, s Shape, accumulate bool) {
	m = m.withDefaults()
	oh, ow := m.out("pool.Max.Backward", s.H, s.W)
	fault.CheckRows("pool.Max.Backward", "dSrc", len(dSrc), s.N*s.H*s.W, s.C, ldSrc)
	fault.CheckRows("pool.Max.Backward", "index", len(index), s.N*oh*ow, s.C, s.C)
	fault.CheckRows("pool.Max.Backward", "dDst", len(dDst), s.N*oh*ow, s.C, ldDst)
	t := tasks.Get()
	defer tasks.Put(t)
	t.max, t.index = m, index
	t.vertical.backward(m.windows(), s.H, oh)
	t.horizontal.backward(m.windows(), s.W, ow)
	t.layTaps(ow*ldDst, ldDst, ow*s.C, s.C)
	t.run((*task).routed, s.N, s.C, operand{dSrc, ldSrc, s.H, s.W}, operand{dDst, ldDst, oh, ow}, accumulate)
}

// windows is an average over the same windows; its runs say which rows lie in them.
func (m Max) windows() Avg {
	return Avg{Kernel: m.Kernel, Stride: m.Stride, Pad: m.Pad, CountPad: true}
}
