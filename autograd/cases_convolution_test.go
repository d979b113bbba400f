package autograd_test

import (
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/tensor"
)

func convTransposeCase(name string, kernels func(s size) conv.Transposed, bias bool) opCase {
	return opCase{name, func(s size) *operation {
		x, k := s.images(1), kernels(s)
		w := param("w", k.KH, k.KW, k.Cout, k.Cin)
		params, b := []*autograd.Param{w}, (*autograd.Param)(nil)
		if bias {
			b = param("bias", k.Cout)
			params = append(params, b)
		}
		n, h, width := x.Dim(0), x.Dim(1), x.Dim(2)
		oh, ow := k.Out(h, width)
		return &operation{
			x: []tensor.Tensor{x}, params: params,
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return autograd.ConvTranspose2D(tp, x[0], w, b, k) },
			want: func(x []array) array {
				y, w := newArray(n, oh, ow, k.Cout), valueOf(w)
				slid(n, h, width, k.KH, k.KW, k.Stride, k.PadH, k.PadW, k.Dilation, func(n, iy, ix, oy, ox, ky, kx int) {
					if oy < 0 || oy >= oh || ox < 0 || ox >= ow {
						return
					}
					for ci := range k.Cin {
						for co := range k.Cout {
							*y.p(n, oy, ox, co) += x[0].at(n, iy, ix, ci) * w.at(ky, kx, co, ci)
						}
					}
				})
				if bias {
					y = withBias(y, valueOf(b))
				}
				return y
			},
			macs: n * h * width * k.KH * k.KW * k.Cin * k.Cout, rounds: given,
		}
	}}
}

// groupedCase is a convolution in groups, of images or, with a kernel of one row, of sequences.
func groupedCase(name string, kernels func(s size) (k conv.Kernel, groups int), bias, line bool) opCase {
	return opCase{name, func(s size) *operation {
		k, groups := kernels(s)
		shape := s.images(1).Shape()
		shape[3] = k.Cin
		weights := []int{k.KH, k.KW, k.Cin / groups, k.Cout}
		n, h, width := shape[0], shape[1], shape[2]
		if line {
			h, width = 1, h*width
			shape, weights = []int{n, width, k.Cin}, weights[1:]
		}
		x := gradcheck.Random(1, shape...)
		oh, ow := k.Out(h, width)
		w := param("w", weights...)
		params, b := []*autograd.Param{w}, (*autograd.Param)(nil)
		if bias {
			b = param("bias", k.Cout)
			params = append(params, b)
		}
		rounds := given
		if groups == k.Cin && groups == k.Cout {
			rounds = nothing // as a depthwise convolution
		}
		return &operation{
			x: []tensor.Tensor{x}, params: params, rounds: rounds,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				if groups == 1 {
					return autograd.Conv1D(tp, x[0], w, b, k)
				}
				return autograd.GroupedConv2D(tp, x[0], w, b, k, groups)
			},
			want: func(x []array) array {
				in := array{[]int{n, h, width, k.Cin}, x[0].data}
				w := array{[]int{k.KH, k.KW, k.Cin / groups, k.Cout}, valueOf(w).data}
				y := newArray(n, oh, ow, k.Cout)
				slid(n, oh, ow, k.KH, k.KW, k.Stride, k.PadH, k.PadW, k.Dilation, func(n, oy, ox, iy, ix, ky, kx int) {
					for co := range k.Cout {
						first := co * groups / k.Cout * (k.Cin / groups)
						for ci := range k.Cin / groups {
							*y.p(n, oy, ox, co) += in.at(n, iy, ix, first+ci) * w.at(ky, kx, ci, co)
						}
					}
				})
				if line {
					y.shape = []int{n, ow, k.Cout}
				}
				if bias {
					y = withBias(y, valueOf(b))
				}
				return y
			},
			macs: n * oh * ow * k.Weights() / groups,
		}
	}}
}

// resizeCase is a separable sum: pixel i of out along an axis is the sum of in pixels with the weights of a function.
func resizeCase(name string, run func(tp *autograd.Tape, x *autograd.Var, h, w int) *autograd.Var,
	sizes func(h, w int) (oh, ow int), weight func(i, in, out, j int) float64) opCase {
	return opCase{name, func(s size) *operation {
		x := s.images(1)
		n, h, w, c := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
		oh, ow := sizes(h, w)
		return &operation{
			x:   []tensor.Tensor{x},
			run: func(tp *autograd.Tape, x vars) *autograd.Var { return run(tp, x[0], oh, ow) },
			want: func(x []array) array {
				y := newArray(n, oh, ow, c)
				y.each(func(i []int, v *float64) {
					for iy := range h {
						for ix := range w {
							*v += weight(i[1], h, oh, iy) * weight(i[2], w, ow, ix) * x[0].at(i[0], iy, ix, i[3])
						}
					}
				})
				return y
			},
			moved: n * (h*w + oh*ow) * c, movedBack: n * (h*w + oh*ow) * c,
		}
	}}
}

// tent is the weight of pixel j of in for a position.
func tent(at float64, in, j int) float64 {
	at = min(max(at, 0), float64(in-1))
	return max(0, 1-math.Abs(at-float64(j)))
}

func bilinear(i, in, out, j int) float64 {
	return tent((float64(i)+0.5)*float64(in)/float64(out)-0.5, in, j)
}

func bilinearCorners(i, in, out, j int) float64 {
	return tent(float64(i)*float64(in-1)/math.Max(float64(out-1), 1), in, j)
}

// adaptive is the weight of pixel j of in for the mean over a window.
func adaptive(i, in, out, j int) float64 {
	from, to := math.Floor(float64(i*in)/float64(out)), math.Ceil(float64((i+1)*in)/float64(out))
	if v := float64(j); v < from || v >= to {
		return 0
	}
	return 1 / (to - from)
}

func upsampled(corners bool) func(tp *autograd.Tape, x *autograd.Var, h, w int) *autograd.Var {
	return func(tp *autograd.Tape, x *autograd.Var, h, w int) *autograd.Var {
		return autograd.UpsampleBilinear(tp, x, h, w, corners)
	}
}

var convolutionCases = []opCase{
	convTransposeCase("ConvTranspose2D", func(s size) conv.Transposed { // the way up of a U-Net
		return conv.Transposed{Cin: s.pick(5, 64), Cout: s.pick(3, 32), KH: 2, KW: 2, Stride: 2, Dilation: 1}
	}, true),
	convTransposeCase("ConvTranspose2D/padded", func(s size) conv.Transposed {
		k := conv.Transposed{Cin: s.pick(5, 64), Cout: s.pick(17, 32), KH: 3, KW: 3, Stride: 2, PadH: 1, PadW: 1, Dilation: 1}
		k.OutputPad = 1
		return k
	}, false),
	convTransposeCase("ConvTranspose2D/dilated", func(s size) conv.Transposed {
		return conv.Transposed{Cin: s.pick(5, 64), Cout: s.pick(4, 32), KH: 3, KW: 2, Stride: 1, PadH: 1, PadW: 0, Dilation: 2}
	}, true),
	convTransposeCase("ConvTranspose2D/gaps", func(s size) conv.Transposed {
		return conv.Transposed{Cin: s.pick(5, 64), Cout: s.pick(4, 32), KH: 2, KW: 1, Stride: 3, OutputPad: 2, Dilation: 1}
	}, true),
	convTransposeCase("ConvTranspose2D/1x1", func(s size) conv.Transposed {
		return conv.Transposed{Cin: s.pick(5, 64), Cout: s.pick(4, 32), KH: 1, KW: 1, Stride: 1, Dilation: 1}
	}, false),
	convTransposeCase("ConvTranspose2D/3x3", func(s size) conv.Transposed {
		return conv.Transposed{Cin: s.pick(5, 64), Cout: s.pick(4, 64), KH: 3, KW: 3, Stride: 1, PadH: 1, PadW: 1, Dilation: 1}
	}, true),

	groupedCase("GroupedConv2D", func(s size) (conv.Kernel, int) {
		return conv.Square(s.pick(6, 64), s.pick(4, 64), 3, 1), 2
	}, true, false),
	groupedCase("GroupedConv2D/ResNeXt", func(s size) (conv.Kernel, int) {
		return conv.Square(s.pick(12, 128), s.pick(12, 128), 3, 1), s.pick(3, 32)
	}, false, false),
	groupedCase("GroupedConv2D/stride", func(s size) (conv.Kernel, int) {
		return conv.Square(s.pick(6, 64), s.pick(9, 128), 3, 2), s.pick(3, 4)
	}, true, false),
	groupedCase("GroupedConv2D/1x1", func(s size) (conv.Kernel, int) {
		return conv.Square(s.pick(6, 64), s.pick(9, 128), 1, 1), s.pick(3, 4)
	}, true, false),
	groupedCase("GroupedConv2D/depthwise", func(s size) (conv.Kernel, int) {
		return conv.Square(s.pick(5, 64), s.pick(5, 64), 3, 1), s.pick(5, 64)
	}, true, false),
	groupedCase("GroupedConv2D/multiplied", func(s size) (conv.Kernel, int) {
		return conv.Square(s.pick(3, 64), s.pick(6, 128), 3, 1), s.pick(3, 64)
	}, true, false),
	groupedCase("GroupedConv2D/line", func(s size) (conv.Kernel, int) {
		return conv.Kernel{Cin: s.pick(6, 64), Cout: s.pick(4, 64), KH: 1, KW: 3, Stride: 1, PadW: 1, Dilation: 1}, 2
	}, true, true),
	groupedCase("Conv1D", func(s size) (conv.Kernel, int) {
		return conv.Kernel{Cin: s.pick(5, 64), Cout: s.pick(7, 64), KH: 1, KW: 5, Stride: 1, PadW: 2, Dilation: 1}, 1
	}, true, true),
	groupedCase("Conv1D/stride", func(s size) (conv.Kernel, int) {
		return conv.Kernel{Cin: s.pick(5, 64), Cout: s.pick(7, 64), KH: 1, KW: 3, Stride: 2, PadW: 2, Dilation: 2}, 1
	}, false, true),

	resizeCase("UpsampleBilinear", upsampled(false), func(h, w int) (int, int) { return 2 * h, 2 * w }, bilinear),
	resizeCase("UpsampleBilinear/corners", upsampled(true), func(h, w int) (int, int) { return 2 * h, 2 * w }, bilinearCorners),
	resizeCase("UpsampleBilinear/odd", upsampled(false), func(h, w int) (int, int) { return 2*h - 1, w + 1 }, bilinear),
	resizeCase("UpsampleBilinear/down", upsampled(false), func(h, w int) (int, int) { return h / 2, w/2 + 1 }, bilinear),
	resizeCase("UpsampleBilinear/one", upsampled(true), func(h, w int) (int, int) { return 1, 3 * w }, bilinearCorners),
	resizeCase("AdaptiveAvgPool", autograd.AdaptiveAvgPool, func(h, w int) (int, int) { return h / 2, w / 2 }, adaptive),
	resizeCase("AdaptiveAvgPool/odd", autograd.AdaptiveAvgPool, func(h, w int) (int, int) { return 3, 4 }, adaptive),
	resizeCase("AdaptiveAvgPool/up", autograd.AdaptiveAvgPool, func(h, w int) (int, int) { return h + 1, w }, adaptive),
}
