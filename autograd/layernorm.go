package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/tensor"
)

// LayerNorm normalises every row of x, […][C], by its own mean and variance: y = γ⊙(x − mean)/√(variance + eps) + β (Ba, Kiros and
// Hinton 2016, arXiv 1607.06450), with γ and β of [C], which may be nil.
func LayerNorm(tp *Tape, x *Var, gamma, beta *Param, eps float64) *Var {
	return layerNorm(tp, "autograd.LayerNorm", x, gamma, beta, eps, false)
}

// RMSNorm normalises every row of x, […][C], by its root mean square: y = γ⊙x/√(Σx²/C + eps) (Zhang and Sennrich 2019, arXiv
// 1910.07467), with γ of [C], which may be nil.
func RMSNorm(tp *Tape, x *Var, gamma *Param, eps float64) *Var {
	return layerNorm(tp, "autograd.RMSNorm", x, gamma, nil, eps, true)
}

func layerNorm(tp *Tape, name string, x *Var, gamma, beta *Param, eps float64, rms bool) *Var {
	tp.Check(name, x)
	v := x.Value
	if v.Rank() < 1 || v.Cols() < 1 {
		panic(tensor.ShapeError{Op: name, Got: shapeOf(x), Want: "[…][C]"})
	}
	checkAffine(name, x, gamma, beta)
	o := layerNorms.get(tp)
	o.layer = norm.LayerNorm{Rows: v.Rows(), Channels: v.Cols(), Gamma: valuesOf(gamma), Beta: valuesOf(beta), Eps: eps, RMS: rms}
	o.norm = &o.layer
	return o.forward(tp, x, gamma, beta, o)
}

// GroupNorm normalises x, [N][…][C], sample by sample: its channels are cut into groups of equal size, and each group is normalised by the
// mean and the variance over its channels and all pixels of the sample (Wu and He 2018, arXiv 1803.08494). γ and β are of [C] and may be
// nil. As many groups as channels make an instance norm (Ulyanov et al. 2016, arXiv 1607.08022).
func GroupNorm(tp *Tape, x *Var, groups int, gamma, beta *Param, eps float64) *Var {
	const name = "autograd.GroupNorm"
	tp.Check(name, x)
	v := x.Value
	if v.Rank() < 2 || groups < 1 || v.Cols()%groups != 0 || v.Len() == 0 {
		panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("x %s in %d groups", shapeOf(x), groups),
			Want: "[N][…][C], and C channels that fall into groups of equal size"})
	}
	checkAffine(name, x, gamma, beta)
	o := groupNorms.get(tp)
	o.group = norm.GroupNorm{Samples: v.Dim(0), Rows: v.Rows() / v.Dim(0), Channels: v.Cols(), Groups: groups,
		Gamma: valuesOf(gamma), Beta: valuesOf(beta), Eps: eps}
	o.norm = &o.group
	return o.forward(tp, x, gamma, beta, o)
}

// checkAffine panics unless the parameters of a norm that there are fit the channels of x.
func checkAffine(name string, x *Var, params ...*Param) {
	checkAnyParams(name, params...)
	for _, p := range params {
		if p != nil && !isDense(p.Value, x.Value.Cols()) {
			panic(tensor.ShapeError{Op: name, Got: fmt.Sprintf("x %s, γ or β %v", shapeOf(x), p.Value.Shape()),
				Want: fmt.Sprintf("[%d] for γ and β, if any", x.Value.Cols())})
		}
	}
}

// valuesOf is a dense parameter that may be nil.
func valuesOf(p *Param) []float32 {
	if p == nil {
		return nil
	}
	return p.Value.Data
}

// addToAny is addToParam for a parameter that may be nil.
func (tp *Tape) addToAny(p *Param) []float32 {
	if p == nil {
		return nil
	}
	return tp.addToParam(p)
}

// normOp is a norm that does not look across the batch.
type normOp struct {
	x           *Var
	y           [1]*Var
	gamma, beta *Param
	memory      norm.Memory
	norm        interface {
		Forward(y []float32, ldy int, x []float32, ldx int, m *norm.Memory)
		Backward(dx []float32, lddx int, add bool, g []float32, ldg int, x []float32, ldx int, m *norm.Memory, dgamma, dbeta []float32)
	}
}

type layerNormOp struct {
	normOp
	layer norm.LayerNorm
}

type groupNormOp struct {
	normOp
	group norm.GroupNorm
}

var (
	layerNorms = newSlab[layerNormOp]()
	groupNorms = newSlab[groupNormOp]()
)

// forward computes the norm of x and records it as whole, of which it is a part.
func (o *normOp) forward(tp *Tape, x *Var, gamma, beta *Param, whole op) *Var {
	needs := tp.trains(x, gamma, beta)
	y := tp.outputLike(needs, x.Value)
	o.x, o.y[0], o.gamma, o.beta = x, y, gamma, beta
	o.norm.Forward(y.Value.Data, y.Value.LD(), x.Value.Data, x.Value.LD(), &o.memory)
	if needs {
		tp.record(whole)
	}
	return y
}

func (o *normOp) outputs() []*Var { return o.y[:] }
func (o *normOp) release(*Tape)   { o.x = nil }

func (o *normOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	v := o.x.Value
	dgamma, dbeta := tp.addToAny(o.gamma), tp.addToAny(o.beta)
	if !o.x.needs {
		o.norm.Backward(nil, 0, false, g.data, g.ld, v.Data, v.LD(), &o.memory, dgamma, dbeta)
		return
	}
	dx, add := tp.contribute(o.x)
	o.norm.Backward(dx.data, dx.ld, add, g.data, g.ld, v.Data, v.LD(), &o.memory, dgamma, dbeta)
}
