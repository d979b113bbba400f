package conv

import (
	"cmp"
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Transposed is the geometry of a transposed convolution, which enlarges images: every pixel of its input adds a kernel's worth of
// pixels to its output, Stride apart,
//
//	y[n, iy·s − p + ky·d, ix·s − p + kx·d, co] = Σ x[n,iy,ix,ci] · w[ky,kx,co,ci]
//
// summed over all taps and pixels of the input that meet in a pixel of the output. It is the gradient of a convolution, its Adjoint,
// from that one's output to its input: [Backward] computes it, and its own gradients are [Forward] and the adjoint's gradient of the
// weights. These are [KH][KW][Cout][Cin].
type Transposed struct {
	Cin, Cout  int
	KH, KW     int
	Stride     int // in both directions; 0 stands for 1
	PadH, PadW int // pixels of the output that are cut off on either side: the padding of the adjoint
	// OutputPad is how many rows below and columns on the right the output has more. There are Stride sizes that the adjoint convolves
	// to that of the input; this chooses one of them, the smallest if it is 0.
	OutputPad int
	Dilation  int // in both directions; 1 is dense, and 0 stands for it
}

// Out returns the size of the output for an h×w input.
func (k Transposed) Out(h, w int) (oh, ow int) {
	const op = "conv.Transposed.Out"
	k.Stride, k.Dilation = cmp.Or(k.Stride, 1), cmp.Or(k.Dilation, 1)
	if min(k.Cin, k.Cout, k.KH, k.KW, k.Stride, k.Dilation) < 1 || min(k.PadH, k.PadW, k.OutputPad) < 0 || k.OutputPad >= k.Stride {
		fault.Shape(op, fmt.Sprintf("kernel %+v", k),
			"channels, size, stride and dilation of at least 1, no negative padding, an output padding below the stride")
	}
	oh = (h-1)*k.Stride - 2*k.PadH + k.Dilation*(k.KH-1) + k.OutputPad + 1
	ow = (w-1)*k.Stride - 2*k.PadW + k.Dilation*(k.KW-1) + k.OutputPad + 1
	if h < 1 || w < 1 || oh < 1 || ow < 1 {
		fault.Shape(op, fmt.Sprintf("an image of %d×%d", h, w), fmt.Sprintf("one of which kernel %+v leaves a pixel", k))
	}
	return oh, ow
}

// Adjoint is the convolution whose gradient with respect to its input this is.
func (k Transposed) Adjoint() Kernel {
	return Kernel{Cin: k.Cout, Cout: k.Cin, KH: k.KH, KW: k.KW, Stride: k.Stride, PadH: k.PadH, PadW: k.PadW, Dilation: k.Dilation}
}
