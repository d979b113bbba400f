package supernet

import (
	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/nn"
)

// normedConv is a convolution without bias and the batch norm behind it, called conv and norm. Both are nil where a model has
// no such layer.
type normedConv struct {
	conv *nn.Conv2D
	norm *nn.BatchNorm2D
}

// newConv makes a convolution without bias.
func newConv(sc nn.Scope, k conv.Kernel) *nn.Conv2D {
	return nn.NewConv2D(sc, k.Cin, k.Cout, k.KH, nn.Stride(k.Stride), nn.Padding(k.PadH), nn.NoBias)
}

func newNormedConv(sc nn.Scope, k conv.Kernel) normedConv {
	return normedConv{newConv(sc.Sub("conv"), k), nn.NewBatchNorm2D(sc.Sub("norm"), k.Cout)}
}

// forward computes act(norm(conv(x))).
func (c normedConv) forward(tp *autograd.Tape, x *autograd.Var, act autograd.Activation) *autograd.Var {
	return autograd.BatchNormSumAct(tp, act, c.term(tp, x))
}

// term computes conv(x), to be normalised when it is summed. The convolution collects the sums that this takes.
func (c normedConv) term(tp *autograd.Tape, x *autograd.Var) autograd.Term {
	return autograd.Term{X: autograd.Convs(tp, x, autograd.ActIdentity, []autograd.ConvBranch{c.conv.Branch()})[0], BN: &c.norm.State}
}

// folded computes act(norm(conv(x))) for one convolution that evaluates act and norm.
func (c normedConv) folded(tp *autograd.Tape, x *autograd.Var, act autograd.Activation) autograd.Folded {
	t := c.term(tp, x)
	return autograd.Folded{X: t.X, BN: t.BN, Act: act}
}

// slice is c from its first cin to its first cout channels, with weights and statistics that are part of c's.
func (c normedConv) slice(cin, cout int) normedConv {
	return normedConv{c.conv.Slice(cin, cout), c.norm.Slice(cout)}
}

// mbConvConfig is what an inverted residual block is made to.
type mbConvConfig struct {
	cin, cout int
	kernel    int // of the depthwise convolution
	expansion int // by which the first convolution widens; with 1 there is none
	stride    int
	act       autograd.Activation // behind the first two batch norms
	shortcut  bool                // adds the input to the output, of the same shape
}

// mbConv is an inverted residual block (MBConv, Sandler et al. 2018, arXiv 1801.04381): a convolution 1×1 that widens, a depthwise
// one, a convolution 1×1 that narrows, with a batch norm behind each and an activation behind all but the last. Layers are
// called as those of the chains of package spaces.
type mbConv struct {
	mbConvConfig
	expand, project normedConv
	depthwise       *nn.DepthwiseConv2D
	depthwiseNorm   *nn.BatchNorm2D
}

func newMBConv(sc nn.Scope, c mbConvConfig) mbConv {
	b := mbConv{mbConvConfig: c}
	wide := c.cin * c.expansion
	if c.expansion > 1 {
		b.expand = newNormedConv(sc.Sub("expand"), conv.Square(c.cin, wide, 1, 1))
	}
	sub := sc.Sub("depthwise")
	b.depthwise = nn.NewDepthwiseConv2D(sub.Sub("conv"), depthwise.Square(wide, c.kernel, c.stride, 1), autograd.ActIdentity)
	b.depthwiseNorm = nn.NewBatchNorm2D(sub.Sub("norm"), wide)
	b.project = newNormedConv(sc.Sub("project"), conv.Square(wide, c.cout, 1, 1))
	return b
}

// slice is the block of a smaller kernel and expansion whose weights are part of b's: the taps in the middle of the depthwise
// kernel, and of the wide layers the first channels (Cai et al. 2020, arXiv 1908.09791, without the learned transforms and the
// sorted channels). The first and the last number of channels stay. b must have a convolution that widens.
func (b mbConv) slice(kernel, expansion int) mbConv {
	wide := b.cin * expansion
	b.expand, b.project = b.expand.slice(b.cin, wide), b.project.slice(wide, b.cout)
	b.depthwise, b.depthwiseNorm = b.depthwise.Slice(kernel, wide), b.depthwiseNorm.Slice(wide)
	b.kernel, b.expansion = kernel, expansion
	return b
}

// forward maps [N][H][W][cin] to [N][H/stride][W/stride][cout], for a block that widens.
func (b mbConv) forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	y := b.narrow(tp, b.expand.folded(tp, x, b.act))
	if b.shortcut {
		return autograd.BatchNormSum(tp, y, autograd.Term{X: x})
	}
	return autograd.BatchNormSum(tp, y)
}

// narrow is what follows the wide input of the depthwise convolution. The batch norms and activations between the convolutions are theirs to
// evaluate: the widest tensors are written once each.
func (b mbConv) narrow(tp *autograd.Tape, x autograd.Folded) autograd.Term {
	y := autograd.FoldedDepthwiseConv2D(tp, x, b.depthwise.Weight, b.depthwise.Kernel, true)
	y = autograd.FoldedConv2D(tp, autograd.Folded{X: y, BN: &b.depthwiseNorm.State, Act: b.act}, b.project.conv.Branch())
	return autograd.Term{X: y, BN: &b.project.norm.State}
}
