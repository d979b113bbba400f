package nn

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// BatchNorm2D normalises the channels of an image batch, or the columns of [N][C], as PyTorch's BatchNorm1d does.
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
// for it in the mode CollectStatistics is its own. The same slice is the same BatchNorm2D each time.
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
	return autograd.BatchNormSumAct(tp, autograd.ActReLU, autograd.Term{X: x, BN: &b.State})
}

// ReLU6 normalises x and takes min(max(0, ·), 6) of it, in one pass.
func (b *BatchNorm2D) ReLU6(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.BatchNormSumAct(tp, autograd.ActReLU6, autograd.Term{X: x, BN: &b.State})
}

// LayerNorm normalises every row by its own mean and variance (Ba, Kiros and Hinton 2016).
type LayerNorm struct {
	Gamma, Beta *autograd.Param // [C]
	Eps         float64
}

// NewLayerNorm makes a layer norm of c channels with PyTorch's eps, 1e-5.
func NewLayerNorm(sc Scope, c int) *LayerNorm {
	return &LayerNorm{Gamma: sc.Param("weight", Constant(1), c), Beta: sc.Param("bias", Constant(0), c), Eps: 1e-5}
}

// Forward normalises x, […][C].
func (l *LayerNorm) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.LayerNorm(tp, x, l.Gamma, l.Beta, l.Eps)
}

// RMSNorm divides every row by its root mean square (Zhang and Sennrich 2019).
type RMSNorm struct {
	Gamma *autograd.Param // [C]
	Eps   float64
}

// NewRMSNorm makes an RMS norm of c channels with PyTorch's eps, 2⁻²³.
func NewRMSNorm(sc Scope, c int) *RMSNorm {
	return &RMSNorm{Gamma: sc.Param("weight", Constant(1), c), Eps: 0x1p-23}
}

// Forward normalises x, […][C].
func (l *RMSNorm) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.RMSNorm(tp, x, l.Gamma, l.Eps)
}

// GroupNorm normalises groups of channels sample by sample (Wu and He 2018). As many groups as channels make an instance norm.
type GroupNorm struct {
	Groups      int
	Gamma, Beta *autograd.Param // [C]
	Eps         float64
}

// NewGroupNorm makes a group norm of c channels, which groups divides, with PyTorch's eps, 1e-5.
func NewGroupNorm(sc Scope, groups, c int) *GroupNorm {
	if groups < 1 || c%groups != 0 {
		panic(tensor.ShapeError{Op: "nn.NewGroupNorm", Got: fmt.Sprintf("%d groups of %d channels", groups, c), Want: "groups of equal size"})
	}
	return &GroupNorm{Groups: groups, Gamma: sc.Param("weight", Constant(1), c), Beta: sc.Param("bias", Constant(0), c), Eps: 1e-5}
}

// Forward normalises x, [N][…][C].
func (g *GroupNorm) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.GroupNorm(tp, x, g.Groups, g.Gamma, g.Beta, g.Eps)
}
