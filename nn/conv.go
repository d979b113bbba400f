package nn

import (
	"cmp"
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Conv2D is a convolution.
type Conv2D struct {
	Kernel autograd.ConvKernel // Cin and Cout are those of all groups
	Groups int                 // into which the channels are cut; 0 stands for 1
	Weight *autograd.Param     // [KH][KW][Cin/Groups][Cout]
	Bias   *autograd.Param     // [Cout], or nil

	slices []*Conv2D
}

// NewConv2D makes a convolution with k×k taps from cin to cout channels, initialised as in PyTorch, with [Stride], [Padding], [Dilation],
// [Groups], [Width] and [NoBias] as options. The defaults are PyTorch's too: without padding, and with a bias.
func NewConv2D(sc Scope, cin, cout, k int, options ...Option) *Conv2D {
	const op = "nn.NewConv2D"
	o := choose(op, options, "Stride", "Padding", "Dilation", "Groups", "Width", "NoBias")
	return newConv(sc, op, OIHW, autograd.ConvKernel{
		Cin: cin, Cout: cout, KH: k, KW: cmp.Or(o.width, k), Stride: o.stride, PadH: o.padH, PadW: o.padW, Dilation: o.dilation,
	}, o)
}

func newConv(sc Scope, op string, l Layout, k autograd.ConvKernel, o choices) *Conv2D {
	if k.Cin < 1 || k.Cout < 1 || o.groups < 1 || k.Cin%o.groups != 0 || k.Cout%o.groups != 0 {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("%d to %d channels in %d groups", k.Cin, k.Cout, o.groups),
			Want: "groups of equal size"})
	}
	shape := []int{k.KH, k.KW, k.Cin / o.groups, k.Cout}
	if l == OIW {
		shape = shape[1:]
	}
	c := &Conv2D{Kernel: k, Groups: o.groups, Weight: sc.Weight("weight", l, Default, shape...)}
	if o.bias {
		c.Bias = sc.Bias("bias", Uniform(1/math.Sqrt(float64(k.KH*k.KW*k.Cin/o.groups))), k.Cout)
	}
	return c
}

// Slice is the convolution from the first cin to the first cout channels, which shares its weights with c: what a slimmable
// network makes of it (Yu et al. 2019, arXiv 1812.08928). A step with it moves these weights alone. The same slice is the
// same Conv2D each time.
func (c *Conv2D) Slice(cin, cout int) *Conv2D {
	c.dense("nn.Conv2D.Slice")
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
	return autograd.GroupedConv2D(tp, x, c.Weight, c.Bias, c.Kernel, max(c.Groups, 1))
}

// dense panics if the convolution has groups.
func (c *Conv2D) dense(op string) {
	if c.Groups > 1 {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("a convolution in %d groups", c.Groups), Want: "one without groups"})
	}
}

// Branch describes the convolution to [autograd.Convs], with the sums that a batch norm behind it needs.
func (c *Conv2D) Branch() autograd.ConvBranch {
	c.dense("nn.Conv2D.Branch")
	return autograd.ConvBranch{Kernel: c.Kernel, Weight: c.Weight, Bias: c.Bias, Sums: true}
}

// Conv1D is a convolution along the steps of sequences, [N][L][C].
type Conv1D struct{ Conv2D }

// NewConv1D makes a convolution with k taps from cin to cout channels, with the options of [NewConv2D] but Width. Its weight is
// [K][Cin/Groups][Cout].
func NewConv1D(sc Scope, cin, cout, k int, options ...Option) *Conv1D {
	const op = "nn.NewConv1D"
	o := choose(op, options, "Stride", "Padding", "Dilation", "Groups", "NoBias")
	return &Conv1D{*newConv(sc, op, OIW, autograd.ConvKernel{
		Cin: cin, Cout: cout, KH: 1, KW: k, Stride: o.stride, PadW: o.padW, Dilation: o.dilation,
	}, o)}
}

// ConvTranspose2D is a transposed convolution, which enlarges images.
type ConvTranspose2D struct {
	Kernel autograd.TransposedKernel
	Weight *autograd.Param // [KH][KW][Cout][Cin]
	Bias   *autograd.Param // [Cout], or nil
}

// NewConvTranspose2D makes a transposed convolution with k×k taps from cin to cout channels, initialised as in PyTorch, with [Stride],
// [Padding], [OutputPadding], [Dilation], [Width] and [NoBias] as options, and PyTorch's defaults.
func NewConvTranspose2D(sc Scope, cin, cout, k int, options ...Option) *ConvTranspose2D {
	o := choose("nn.NewConvTranspose2D", options, "Stride", "Padding", "OutputPadding", "Dilation", "Width", "NoBias")
	kernel := autograd.TransposedKernel{
		Cin: cin, Cout: cout, KH: k, KW: cmp.Or(o.width, k), Stride: o.stride, PadH: o.padH, PadW: o.padW, OutputPad: o.outputPad,
		Dilation: o.dilation,
	}
	c := &ConvTranspose2D{Kernel: kernel, Weight: sc.Weight("weight", OIHW, Default, kernel.KH, kernel.KW, cout, cin)}
	if o.bias {
		c.Bias = sc.Bias("bias", Uniform(1/math.Sqrt(float64(kernel.KH*kernel.KW*cout))), cout)
	}
	return c
}

// Forward maps [N][H][W][Cin] to [N][OH][OW][Cout].
func (c *ConvTranspose2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.ConvTranspose2D(tp, x, c.Weight, c.Bias, c.Kernel)
}

// DepthwiseConv2D convolves every channel with a kernel of its own, without bias: a [Conv2D] with as many [Groups] as channels, which can
// take in the activation before it, and be sliced.
type DepthwiseConv2D struct {
	Kernel autograd.DepthwiseKernel
	Act    autograd.Activation // of the input, before it is convolved
	Weight *autograd.Param     // [K][K][1][C]

	slices []*DepthwiseConv2D
}

// NewDepthwiseConv2D makes a depthwise convolution whose weight is initialised as in PyTorch.
func NewDepthwiseConv2D(sc Scope, k autograd.DepthwiseKernel, act autograd.Activation) *DepthwiseConv2D {
	k = k.WithDefaults()
	return &DepthwiseConv2D{Kernel: k, Act: act, Weight: sc.Weight("weight", OIHW, Default, k.K, k.K, 1, k.C)}
}

// Slice is the convolution of the first c channels with the k×k taps in the middle, which shares its weights with d: how
// once-for-all networks make small kernels of large ones (Cai et al. 2020, arXiv 1908.09791, without the learned transform).
// k has the parity of d's kernel. A step with it moves these weights alone. The same slice is the same DepthwiseConv2D each
// time.
func (d *DepthwiseConv2D) Slice(k, c int) *DepthwiseConv2D {
	margin := (d.Kernel.K - k) / 2
	if k < 1 || k > d.Kernel.K || d.Kernel.K-k != 2*margin || d.Kernel.Pad < margin*d.Kernel.Dilation {
		panic(tensor.ShapeError{Op: "nn.DepthwiseConv2D.Slice", Got: fmt.Sprintf("%d×%d taps", k, k),
			Want: fmt.Sprintf("the middle of %+v", d.Kernel)})
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
