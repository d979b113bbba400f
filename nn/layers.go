package nn

import (
	"cmp"
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Layer is what maps one value to another: of the layers here all that take one input and need nothing else.
type Layer interface {
	Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var
}

// Func is a layer without parameters: Func(autograd.ReLU).
type Func func(tp *autograd.Tape, x *autograd.Var) *autograd.Var

// Forward calls f.
func (f Func) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var { return f(tp, x) }

// Sequential applies layers one after the other.
type Sequential []Layer

// Forward is the last layer of … of the first layer of x.
func (s Sequential) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	for _, l := range s {
		x = l.Forward(tp, x)
	}
	return x
}

// ConvKernel is the geometry of a convolution.
type ConvKernel = conv.Kernel

// Conv2D is a convolution.
type Conv2D struct {
	Kernel ConvKernel
	Weight *autograd.Param // [KH][KW][Cin][Cout]
	Bias   *autograd.Param // [Cout], or nil

	slices []*Conv2D
}

// NewConv2D makes a convolution with k×k taps from cin to cout channels, initialised as in PyTorch, with [Stride], [Padding], [Dilation], [Width]
// and [NoBias] as options. The defaults are PyTorch's too: without padding, and with a bias.
func NewConv2D(sc Scope, cin, cout, k int, options ...Option) *Conv2D {
	o := choose("nn.NewConv2D", options, "Stride", "Padding", "Dilation", "Width", "NoBias")
	kernel := ConvKernel{
		Cin: cin, Cout: cout, KH: k, KW: cmp.Or(o.kw, k), Stride: o.stride, PadH: o.padH, PadW: o.padW, Dilation: o.dilation,
	}
	c := &Conv2D{Kernel: kernel, Weight: sc.Weight("weight", OIHW, Default, kernel.KH, kernel.KW, cin, cout)}
	if o.bias {
		c.Bias = sc.Bias("bias", Uniform(1/math.Sqrt(float64(kernel.KH*kernel.KW*cin))), cout)
	}
	return c
}

// Slice is the convolution from the first cin to the first cout channels, which shares its weights with c: what a slimmable
// network makes of it (Yu et al. 2019, arXiv 1812.08928). A step with it moves these weights alone. The same slice is the
// same Conv2D each time.
func (c *Conv2D) Slice(cin, cout int) *Conv2D {
	k := c.Kernel
	k.Cin, k.Cout = cin, cout
	if k == c.Kernel {
		return c
	}
	for _, s := range c.slices {
		if s.Kernel == k {
			return s
		}
	}
	s := &Conv2D{Kernel: k, Weight: c.Weight.Window(2, 0, cin).Window(3, 0, cout)}
	if c.Bias != nil {
		s.Bias = c.Bias.Window(0, 0, cout)
	}
	c.slices = append(c.slices, s)
	return s
}

// Forward maps [N][H][W][Cin] to [N][OH][OW][Cout].
func (c *Conv2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.Conv2D(tp, x, c.Weight, c.Bias, c.Kernel)
}

// Branch describes the convolution to [autograd.Convs], with the sums that a batch norm behind it needs.
func (c *Conv2D) Branch() autograd.ConvBranch {
	return autograd.ConvBranch{Kernel: c.Kernel, Weight: c.Weight, Bias: c.Bias, Sums: true}
}

// DepthwiseKernel is the geometry of a depthwise convolution.
type DepthwiseKernel = depthwise.Kernel

// DepthwiseConv2D convolves every channel with a kernel of its own, without bias.
type DepthwiseConv2D struct {
	Kernel DepthwiseKernel
	Act    depthwise.Activation // of the input, before it is convolved
	Weight *autograd.Param      // [K][K][1][C]

	slices []*DepthwiseConv2D
}

// NewDepthwiseConv2D makes a depthwise convolution whose weight is initialised as in PyTorch.
func NewDepthwiseConv2D(sc Scope, k DepthwiseKernel, act depthwise.Activation) *DepthwiseConv2D {
	return &DepthwiseConv2D{Kernel: k, Act: act, Weight: sc.Weight("weight", OIHW, Default, k.K, k.K, 1, k.C)}
}

// Slice is the convolution of the first c channels with the k×k taps in the middle, which shares its weights with d: how
// once-for-all networks make small kernels of large ones (Cai et al. 2020, arXiv 1908.09791, without the learned transform).
// k has the parity of d's kernel. A step with it moves these weights alone. The same slice is the same DepthwiseConv2D each
// time.
func (d *DepthwiseConv2D) Slice(k, c int) *DepthwiseConv2D {
	margin := (d.Kernel.K - k) / 2
	if k < 1 || k > d.Kernel.K || d.Kernel.K-k != 2*margin || d.Kernel.Pad < margin*d.Kernel.Dilation {
		panic(tensor.ShapeError{Op: "nn.DepthwiseConv2D.Slice", Got: fmt.Sprintf("%d×%d taps", k, k), Want: fmt.Sprintf("the middle of %+v", d.Kernel)})
	}
	kernel := d.Kernel
	kernel.K, kernel.C, kernel.Pad = k, c, d.Kernel.Pad-margin*d.Kernel.Dilation
	if kernel == d.Kernel {
		return d
	}
	for _, s := range d.slices {
		if s.Kernel == kernel {
			return s
		}
	}
	s := &DepthwiseConv2D{Kernel: kernel, Act: d.Act, Weight: d.Weight.Window(0, margin, margin+k).Window(1, margin, margin+k).Window(3, 0, c)}
	d.slices = append(d.slices, s)
	return s
}

// Forward maps [N][H][W][C] to [N][OH][OW][C].
func (d *DepthwiseConv2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.DepthwiseConv2D(tp, x, d.Act, d.Weight, d.Kernel)
}

// BatchNorm2D normalises the channels of an image batch.
type BatchNorm2D struct {
	State autograd.BatchNorm

	slices []*BatchNorm2D
}

// NewBatchNorm2D makes a batch norm of c channels with PyTorch's defaults: eps 1e-5, momentum 0.1.
func NewBatchNorm2D(sc Scope, c int) *BatchNorm2D {
	b := &BatchNorm2D{State: autograd.BatchNorm{
		Gamma: sc.Param("weight", Constant(1), c), Beta: sc.Param("bias", Constant(0), c),
		RunningMean: sc.Buffer("running_mean", 0, c), RunningVar: sc.Buffer("running_var", 1, c),
		Eps: 1e-5, Momentum: 0.1,
	}}
	sc.store.Norms = append(sc.store.Norms, &b.State)
	return b
}

// With sets eps and momentum, the weight of a new batch in the running statistics, and returns b. It is for a batch norm
// that has not been used or sliced.
func (b *BatchNorm2D) With(eps, momentum float64) *BatchNorm2D {
	b.State.Eps, b.State.Momentum = eps, momentum
	return b
}

// Slice is the batch norm of the first c channels, which shares parameters and running statistics with b. What is collected
// for it by recalibration is its own. The same slice is the same BatchNorm2D each time.
func (b *BatchNorm2D) Slice(c int) *BatchNorm2D {
	if c == b.State.Gamma.Value.Len() {
		return b
	}
	for _, s := range b.slices {
		if s.State.Gamma.Value.Len() == c {
			return s
		}
	}
	s := &BatchNorm2D{State: *b.State.Window(0, c)}
	b.slices = append(b.slices, s)
	return s
}

// Forward normalises x.
func (b *BatchNorm2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.BatchNorm2D(tp, x, &b.State)
}

// ReLU normalises x and takes max(0, ·) of it, in one pass.
func (b *BatchNorm2D) ReLU(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.BatchNormSumAct(tp, norm.ReLU, autograd.Term{X: x, BN: &b.State})
}

// ReLU6 normalises x and takes min(max(0, ·), 6) of it, in one pass.
func (b *BatchNorm2D) ReLU6(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.BatchNormSumAct(tp, norm.ReLU6, autograd.Term{X: x, BN: &b.State})
}

// FactorizedReduction halves height and width: ReLU, two 1×1 convolutions at stride 2, of which the second reads the pixels that
// the first leaves out on the diagonal, into the two halves of the channels, and a batch norm (Liu, Simonyan and Yang 2019).
type FactorizedReduction struct {
	Even, Odd *autograd.Param // [1][1][Cin][Cout/2]
	Norm      *BatchNorm2D
}

// NewFactorizedReduction makes the layer, with its parameters in "even", "odd" and "norm". If cout is odd the second half is
// the larger one.
func NewFactorizedReduction(sc Scope, cin, cout int) *FactorizedReduction {
	return &FactorizedReduction{
		Even: sc.Sub("even").Weight("weight", OIHW, Default, 1, 1, cin, cout/2),
		Odd:  sc.Sub("odd").Weight("weight", OIHW, Default, 1, 1, cin, cout-cout/2),
		Norm: NewBatchNorm2D(sc.Sub("norm"), cout),
	}
}

// Forward maps [N][H][W][Cin] to [N][OH][OW][Cout], half as high and wide.
func (f *FactorizedReduction) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return f.Norm.Forward(tp, f.Convolve(tp, x))
}

// Convolve is Forward without the batch norm, for an [autograd.BatchNormSum].
func (f *FactorizedReduction) Convolve(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.FactorizedReduction(tp, x, true, f.Even, f.Odd)
}

// MaxPool2D takes the maxima of windows; padding counts as −∞.
type MaxPool2D pool.Max

// Forward maps [N][H][W][C] to [N][OH][OW][C].
func (m MaxPool2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.MaxPool(tp, x, pool.Max(m))
}

// AvgPool2D averages windows.
type AvgPool2D pool.Avg

// Forward maps [N][H][W][C] to [N][OH][OW][C].
func (a AvgPool2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.AvgPool(tp, x, pool.Avg(a))
}

// UpsampleNearest makes every pixel a square of so many by so many equal ones.
type UpsampleNearest int

// Forward maps [N][H][W][C] to [N][u·H][u·W][C].
func (u UpsampleNearest) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.UpsampleNearest(tp, x, int(u))
}

// Linear is a fully connected layer.
type Linear struct {
	Weight *autograd.Param // [In][Out]
	Bias   *autograd.Param // [Out], or nil

	h, w int // of the images that it reads; 0: none
}

// NewLinear makes a linear layer, initialised as in PyTorch, with [NoBias] and [Flattened] as options.
func NewLinear(sc Scope, in, out int, options ...Option) *Linear {
	o := choose("nn.NewLinear", options, "NoBias", "Flattened")
	l := &Linear{Weight: sc.Weight("weight", OI, Default, in, out)}
	if o.bias {
		l.Bias = sc.Bias("bias", Uniform(1/math.Sqrt(float64(in))), out)
	}
	if o.height != 0 || o.wide != 0 {
		if o.height < 1 || o.wide < 1 || in%(o.height*o.wide) != 0 {
			panic(tensor.ShapeError{Op: "nn.NewLinear", Got: fmt.Sprintf("%d inputs", in), Want: fmt.Sprintf("the channels of %d×%d pixels", o.height, o.wide)})
		}
		l.h, l.w = o.height, o.wide
		a := sc.arrange(l.Weight)
		a.h, a.w = l.h, l.w
	}
	return l
}

// Forward maps […][In] to […][Out], or, if it reads flattened images, [N][H][W][C] to [N][Out].
func (l *Linear) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	if l.h > 0 && x.Value.Rank() == 4 {
		if in := l.Weight.Value.Dim(0); x.Value.Dim(1) != l.h || x.Value.Dim(2) != l.w || l.h*l.w*x.Value.Dim(3) != in {
			panic(tensor.ShapeError{Op: "nn.Linear", Got: fmt.Sprintf("images %v", x.Value.Shape()), Want: fmt.Sprintf("[N %d %d %d]", l.h, l.w, in/(l.h*l.w))})
		}
		x = autograd.Reshape(tp, x, x.Value.Dim(0), l.Weight.Value.Dim(0))
	}
	return autograd.Linear(tp, x, l.Weight, l.Bias)
}
