package pool

import (
	"cmp"
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Avg is an average pooling layer with a square window. Windows that reach into the padding count its zeros as elements
// if CountPad is set (PyTorch's count_include_pad) and are averaged over what lies inside the image otherwise. Windows that
// do not fit are left out (PyTorch's ceil_mode=False).
type Avg struct {
	Kernel      int
	Stride, Pad int // a Stride of 0 stands for one of Kernel
	CountPad    bool
}

// Shape is the size of the input of a pooling layer: N images of H×W pixels with C channels.
type Shape struct{ N, H, W, C int }

// Out returns the height and width of the output for an input of h×w pixels.
func (a Avg) Out(h, w int) (oh, ow int) {
	a.Stride = cmp.Or(a.Stride, a.Kernel)
	return outSize("pool.Avg.Out", a.Kernel, a.Stride, a.Pad, h, w)
}

// Forward pools src, N·H·W rows of C floats that lie ldSrc apart, into dst, N·OH·OW rows that lie ldDst apart. With
// accumulate the means are added to dst.
func (a Avg) Forward(dst []float32, ldDst int, src []float32, ldSrc int, s Shape, accumulate bool) {
	a.Stride = cmp.Or(a.Stride, a.Kernel)
	oh, ow := outSize("pool.Avg.Forward", a.Kernel, a.Stride, a.Pad, s.H, s.W)
	fault.CheckRows("pool.Avg.Forward", "dst", len(dst), s.N*oh*ow, s.C, ldDst)
	fault.CheckRows("pool.Avg.Forward", "src", len(src), s.N*s.H*s.W, s.C, ldSrc)
	t := tasks.Get()
	defer tasks.Put(t)
	t.vertical.forward(a, s.H, oh)
	t.horizontal.forward(a, s.W, ow)
	t.run((*task).separable, s.N, s.C, operand{dst, ldDst, oh, ow}, operand{src, ldSrc, s.H, s.W}, accumulate)
}

// Backward computes the gradient dSrc of the input, N·H·W rows of C floats that lie ldSrc apart, from the gradient dDst of
// the output, N·OH·OW rows that lie ldDst apart. With accumulate it is added to dSrc.
func (a Avg) Backward(dSrc []float32, ldSrc int, dDst []float32, ldDst int, s Shape, accumulate bool) {
	a.Stride = cmp.Or(a.Stride, a.Kernel)
	oh, ow := outSize("pool.Avg.Backward", a.Kernel, a.Stride, a.Pad, s.H, s.W)
	fault.CheckRows("pool.Avg.Backward", "dSrc", len(dSrc), s.N*s.H*s.W, s.C, ldSrc)
	fault.CheckRows("pool.Avg.Backward", "dDst", len(dDst), s.N*oh*ow, s.C, ldDst)
	t := tasks.Get()
	defer tasks.Put(t)
	t.vertical.backward(a, s.H, oh)
	t.horizontal.backward(a, s.W, ow)
	t.run((*task).separable, s.N, s.C, operand{dSrc, ldSrc, s.H, s.W}, operand{dDst, ldDst, oh, ow}, accumulate)
}

// GlobalForward computes the mean over the H·W pixels of each image: N rows of C floats that lie ldDst apart.
func GlobalForward(dst []float32, ldDst int, src []float32, ldSrc int, s Shape) {
	fault.CheckRows("pool.GlobalForward", "dst", len(dst), s.N, s.C, ldDst)
	fault.CheckRows("pool.GlobalForward", "src", len(src), s.N*s.H*s.W, s.C, ldSrc)
	t := tasks.Get()
	defer tasks.Put(t)
	t.run((*task).mean, s.N, s.C, operand{dst, ldDst, 1, 1}, operand{src, ldSrc, s.H, s.W}, false)
}

// GlobalBackward spreads the gradient of the mean, N rows of C floats that lie ldDst apart, over the pixels. With
// accumulate it is added to dSrc.
func GlobalBackward(dSrc []float32, ldSrc int, dDst []float32, ldDst int, s Shape, accumulate bool) {
	fault.CheckRows("pool.GlobalBackward", "dSrc", len(dSrc), s.N*s.H*s.W, s.C, ldSrc)
	fault.CheckRows("pool.GlobalBackward", "dDst", len(dDst), s.N, s.C, ldDst)
	t := tasks.Get()
	defer tasks.Put(t)
	t.run((*task).spread, s.N, s.C, operand{dSrc, ldSrc, s.H, s.W}, operand{dDst, ldDst, 1, 1}, accumulate)
}

// outSize returns the number of windows along both axes of an image of h×w pixels.
func outSize(op string, kernel, stride, pad, h, w int) (oh, ow int) {
	if kernel < 1 || stride < 1 || pad < 0 || 2*pad > kernel {
		fault.Shape(op, fmt.Sprintf("kernel %d, stride %d and pad %d", kernel, stride, pad), "kernel and stride ≥ 1 and 0 ≤ pad ≤ kernel/2")
	}
	if min(h, w)+2*pad < kernel {
		fault.Shape(op, fmt.Sprintf("an image of %d×%d with a padding of %d", h, w, pad),
			fmt.Sprintf("at least a window of %d×%d", kernel, kernel))
	}
	return (h+2*pad-kernel)/stride + 1, (w+2*pad-kernel)/stride + 1
}
