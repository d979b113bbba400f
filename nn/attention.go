package nn

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// MultiheadAttention lets every step of a sequence look at the steps of a sequence, in several ways at once (Vaswani et al. 2017, arXiv
// 1706.03762).
type MultiheadAttention struct {
	Heads      int
	Causal     bool // a step does not see those behind it
	BatchFirst bool // sequences are [B][T][E]; else [T][B][E], like those of recurrent layers, which is PyTorch's default, too

	Weight *autograd.Param // [E][3E], of queries, keys and values, side by side
	Bias   *autograd.Param // [3E]
	Out    *Linear         // of what the heads have seen

	query, memory Linear // windows of Weight and Bias: of the queries, and of the keys and values
}

// NewMultiheadAttention makes a layer for sequences of e columns, which heads divides, initialised and called as in PyTorch.
func NewMultiheadAttention(sc Scope, e, heads int) *MultiheadAttention {
	if heads < 1 || e < 1 || e%heads != 0 {
		panic(tensor.ShapeError{Op: "nn.NewMultiheadAttention", Got: fmt.Sprintf("%d columns in %d heads", e, heads),
			Want: "heads of equal size"})
	}
	m := &MultiheadAttention{
		Heads:  heads,
		Weight: sc.Weight("in_proj_weight", OI, XavierUniform(1), e, 3*e),
		Bias:   sc.Bias("in_proj_bias", Constant(0), 3*e),
		Out:    NewLinear(sc.Sub("out_proj").Init(nil, Constant(0)), e, e),
	}
	m.query = Linear{Weight: m.Weight.Window(1, 0, e), Bias: m.Bias.Window(0, 0, e)}
	m.memory = Linear{Weight: m.Weight.Window(1, e, 3*e), Bias: m.Bias.Window(0, e, 3*e)}
	return m
}

// Forward lets every step of x look at all of x.
func (m *MultiheadAttention) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return m.ForwardMasked(tp, x, tensor.Tensor{})
}

// ForwardMasked is Forward with a mask: see [autograd.AttentionConfig]. The zero Tensor is none.
func (m *MultiheadAttention) ForwardMasked(tp *autograd.Tape, x *autograd.Var, mask tensor.Tensor) *autograd.Var {
	e := m.Weight.Value.Dim(0)
	all := autograd.Linear(tp, x, m.Weight, m.Bias)
	return m.attend(tp, autograd.Window(tp, all, 0, e), autograd.Window(tp, all, e, 2*e), autograd.Window(tp, all, 2*e, 3*e), mask)
}

// Cross lets every step of x look at all of memory, [T'][B][E] or [B][T'][E], such as what an encoder has made of another sequence.
func (m *MultiheadAttention) Cross(tp *autograd.Tape, x, memory *autograd.Var, mask tensor.Tensor) *autograd.Var {
	e := m.Weight.Value.Dim(0)
	seen := m.memory.Forward(tp, memory)
	return m.attend(tp, m.query.Forward(tp, x), autograd.Window(tp, seen, 0, e), autograd.Window(tp, seen, e, 2*e), mask)
}

func (m *MultiheadAttention) attend(tp *autograd.Tape, q, k, v *autograd.Var, mask tensor.Tensor) *autograd.Var {
	y := autograd.Attention(tp, q, k, v, autograd.AttentionConfig{Heads: m.Heads, Causal: m.Causal, TimeFirst: !m.BatchFirst, Mask: mask})
	return m.Out.Forward(tp, y)
}
