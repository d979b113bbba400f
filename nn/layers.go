package nn

import (
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
)

// Conv2D is a convolution without bias.
type Conv2D struct {
	Kernel conv.Kernel
	Weight *autograd.Param // [KH][KW][Cin][Cout]
}

// NewConv2D makes a convolution whose weight is initialised as in PyTorch.
func NewConv2D(sc Scope, k conv.Kernel) *Conv2D {
	c := &Conv2D{k, sc.Param("weight", KaimingUniform, k.KH, k.KW, k.Cin, k.Cout)}
	sc.SetLayout(c.Weight, OIHW)
	return c
}

// Forward maps [N][H][W][Cin] to [N][OH][OW][Cout].
func (c *Conv2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.Conv2D(tp, x, c.Weight, nil, c.Kernel)
}

// Branch describes the convolution to [autograd.Convs], with the sums that a batch norm behind it needs.
func (c *Conv2D) Branch() autograd.ConvBranch {
	return autograd.ConvBranch{Kernel: c.Kernel, Weight: c.Weight, Sums: true}
}

// DepthwiseConv2D convolves every channel with a kernel of its own, without bias.
type DepthwiseConv2D struct {
	Kernel depthwise.Kernel
	Act    depthwise.Activation // of the input, before it is convolved
	Weight *autograd.Param      // [K][K][1][C]
}

// NewDepthwiseConv2D makes a depthwise convolution whose weight is initialised as in PyTorch.
func NewDepthwiseConv2D(sc Scope, k depthwise.Kernel, act depthwise.Activation) *DepthwiseConv2D {
	d := &DepthwiseConv2D{k, act, sc.Param("weight", KaimingUniform, k.K, k.K, 1, k.C)}
	sc.SetLayout(d.Weight, OIHW)
	return d
}

// Forward maps [N][H][W][C] to [N][OH][OW][C].
func (d *DepthwiseConv2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.DepthwiseConv2D(tp, x, d.Act, d.Weight, d.Kernel)
}

// BatchNorm2D normalises the channels of an image batch.
type BatchNorm2D struct{ State autograd.BatchNorm }

// NewBatchNorm2D makes a batch norm of c channels with PyTorch's defaults: eps 1e-5, momentum 0.1.
func NewBatchNorm2D(sc Scope, c int) *BatchNorm2D {
	b := &BatchNorm2D{autograd.BatchNorm{
		Gamma: sc.Param("weight", Constant(1), c), Beta: sc.Param("bias", Constant(0), c),
		RunningMean: sc.Buffer("running_mean", 0, c), RunningVar: sc.Buffer("running_var", 1, c),
		Eps: 1e-5, Momentum: 0.1,
	}}
	sc.store.Norms = append(sc.store.Norms, &b.State)
	return b
}

// Forward normalises x.
func (b *BatchNorm2D) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.BatchNorm2D(tp, x, &b.State)
}

// Linear is a fully connected layer with bias.
type Linear struct {
	Weight *autograd.Param // [In][Out]
	Bias   *autograd.Param // [Out]
}

// NewLinear makes a linear layer, initialised as in PyTorch.
func NewLinear(sc Scope, in, out int) *Linear {
	l := &Linear{sc.Param("weight", KaimingUniform, in, out), sc.Param("bias", Uniform(1/math.Sqrt(float64(in))), out)}
	sc.SetLayout(l.Weight, OI)
	return l
}

// Forward maps [N][In] to [N][Out].
func (l *Linear) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.Linear(tp, x, l.Weight, l.Bias)
}
