package autograd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/tensor"
)

// Operation describes an operation of a forward pass to an [Observer].
type Operation struct {
	Name    string   // mostly of the function that made it, such as "Conv2D" or "ReLU"
	Params  []*Param // that it reads
	MACs    int      // multiplications with an addition in matrix products and convolutions; 0 for all else
	Outputs []tensor.Tensor
}

// operationNames are those of the operations whose types are called otherwise.
var operationNames = map[string]string{
	"sum": "BatchNorm", "conv": "Conv2D", "depthwise": "DepthwiseConv2D", "grouped": "GroupedConv2D", "convTranspose": "ConvTranspose2D",
	"factorized": "FactorizedReduction", "lstm": "LSTM", "gru": "GRU", "rnn": "RNN", "dartsCell": "DARTSCell", "pool": "AvgPool",
	"global": "GlobalAvgPool", "upsample": "UpsampleNearest", "resize": "Upsample", "reduce": "Sum", "slicing": "Slice",
	"loss": "CrossEntropy",
}

// nameOf is what an operation is called.
func nameOf(o op) string {
	name := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", o), "*autograd."), "Op")
	switch o := o.(type) {
	case *sumOp:
		if !slices.ContainsFunc(o.terms, func(t sumTerm) bool { return t.bn != nil }) {
			return "Add"
		}
	case *unaryOp:
		name = strings.TrimPrefix(o.f.Name, "elementwise.")
	case *binaryOp:
		name = strings.TrimPrefix(o.f.Name, "elementwise.")
	case *pairLossOp:
		name = strings.TrimPrefix(o.f.Name, "elementwise.")
	}
	return cmp.Or(operationNames[name], strings.ToUpper(name[:1])+name[1:])
}

// recorded tells of an operation.
func (tp *Tape) recorded(o op) {
	if tp.observer == nil || tp.observer.Operation == nil {
		return
	}
	params, macs := workOf(o)
	d := Operation{Name: nameOf(o), MACs: macs}
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
	case *attentionOp:
		macs = o.attention.MACs()
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
