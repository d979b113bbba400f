package autograd

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Operation describes an operation of a forward pass to an [Observer].
type Operation struct {
	Name    string   // such as "conv" or "maxPool"
	Params  []*Param // that it reads
	MACs    int      // multiplications with an addition in matrix products and convolutions; 0 for all else
	Outputs []tensor.Tensor
}

// known are the operations that people call by another name than we do inside.
var known = map[string]string{
	"sum": "batchNorm", "depthwise": "depthwiseConv", "grouped": "groupedConv", "pool": "avgPool", "global": "globalAvgPool", "reduce": "sum",
}

// recorded tells of an operation.
func (tp *Tape) recorded(o op) {
	if tp.observer == nil || tp.observer.Operation == nil {
		return
	}
	params, macs := workOf(o)
	name := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", o), "*autograd."), "Op")
	switch o := o.(type) {
	case *unaryOp:
		name = o.f.Name
	case *binaryOp:
		name = o.f.Name
	case *pairLossOp:
		name = o.f.Name
	}
	d := Operation{Name: cmp.Or(known[name], name), MACs: macs}
	for _, p := range params {
		if p != nil {
			d.Params = append(d.Params, p)
		}
	}
	for _, y := range o.outputs() {
		d.Outputs = append(d.Outputs, y.Value)
	}
	tp.observer.Operation(d)
}

// workOf returns the parameters that an operation reads, some of them nil where it has none, and its multiply-adds.
func workOf(o op) (params []*Param, macs int) {
	// times counts the elements of weights once for each row of a value.
	times := func(y *Var, weights ...*Param) {
		for _, w := range weights {
			macs += y.Value.Rows() * w.Value.Len()
		}
	}
	switch o := o.(type) {
	case *applyOp:
		for _, in := range o.inputs {
			if p, ok := in.(*Param); ok {
				params = append(params, p)
			}
		}
	case *convOp:
		for i, y := range o.ys {
			params = append(params, o.params[i].weight, o.params[i].bias)
			times(y, o.params[i].weight)
		}
		params = append(params, o.norm.params()...)
	case *factorizedOp:
		params = o.weights[:]
		times(o.y[0], o.weights[:]...)
	case *depthwiseOp:
		params = append([]*Param{o.w, o.bias}, o.norm.params()...)
		times(o.y[0], o.w)
	case *groupedOp:
		params = []*Param{o.w, o.bias}
		times(o.y[0], o.w)
	case *convTransposeOp:
		params = []*Param{o.w, o.bias}
		times(o.x, o.w)
	case *linearOp:
		params = []*Param{o.w, o.b}
		times(o.y[0], o.w)
	case *matMulOp:
		macs = o.y[0].Value.Len() * o.k
	case *lstmOp:
		params = []*Param{o.w.WIH, o.w.WHH, o.w.Bias}
		times(o.y[0], o.w.WIH, o.w.WHH)
	case *gruOp:
		params = []*Param{o.w.WIH, o.w.WHH, o.w.Bias, o.w.BiasHN}
		times(o.y[0], o.w.WIH, o.w.WHH)
	case *rnnOp:
		params = []*Param{o.w.WIH, o.w.WHH, o.w.Bias}
		times(o.y[0], o.w.WIH, o.w.WHH)
	case *dartsCellOp:
		params = append([]*Param{o.w.W0}, o.w.W...)
		times(o.y[0], params...)
	case *attentionOp:
		a := &o.attention
		macs = a.Batch * a.Heads * a.Queries * a.Keys * (a.Dim + a.ValueDim)
		if a.Causal {
			macs /= 2
		}
	case *embeddingOp:
		params = []*Param{o.table}
	case *layerNormOp:
		params = []*Param{o.gamma, o.beta}
	case *groupNormOp:
		params = []*Param{o.gamma, o.beta}
	case *sumOp:
		for i := range o.terms {
			params = append(params, o.terms[i].params()...)
		}
	}
	return params, macs
}

// params are those of the batch norm, if there is one.
func (s *sumTerm) params() []*Param {
	if s.bn == nil {
		return nil
	}
	return []*Param{s.bn.Gamma, s.bn.Beta}
}
