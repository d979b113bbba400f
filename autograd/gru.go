package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/rnn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// GRUParams are the weights of a layer: WIH [I][3H], WHH [H][3H] and Bias [3H], the gates r, z, n side by side, and BiasHN [H], which the
// reset gate multiplies. They are the transposes of PyTorch's weights; Bias is the sum of its two biases but for n, where it is bias_ih,
// and BiasHN is the bias_hh of n.
type GRUParams struct{ WIH, WHH, Bias, BiasHN *Param }

// GRU runs a layer over x [T][B][I] from the state h0 [B][H]: see [rnn.GRU]. It returns the outputs [T][B][H], of which the last step is
// the final state.
func GRU(tp *Tape, x, h0 *Var, w GRUParams) *Var {
	tp.Check("autograd.GRU", x, h0)
	checkParams("autograd.GRU", w.WIH, w.WHH, w.Bias, w.BiasHN)
	o := grus.get(tp)
	o.x, o.h0, o.w = x, h0, w
	o.check()
	needs := tp.trains(x, w.WIH, w.WHH, w.Bias, w.BiasHN) || tp.recording(h0)
	o.layer.Precision = tp.Precision
	l := o.layer
	y := tp.denseOutput(needs, l.Steps, l.Batch, l.Hidden)
	o.y[0] = y
	l.Forward(o.weights(), x.Value.Data, h0.Value.Data, y.Value.Data, &o.memory)
	if needs {
		tp.record(o)
	}
	return y
}

type gruOp struct {
	x, h0  *Var
	y      [1]*Var
	w      GRUParams
	layer  rnn.GRU
	memory rnn.GRUMemory
	slots  slots
}

var grus = newSlab[gruOp]()

func (o *gruOp) weights() rnn.GRUWeights {
	return rnn.GRUWeights{WIH: o.w.WIH.Value.Data, WHH: o.w.WHH.Value.Data, Bias: o.w.Bias.Value.Data, BiasHN: o.w.BiasHN.Value.Data}
}

// check fills in the sizes of the layer, and panics if something does not have them.
func (o *gruOp) check() {
	x, h0, wih, whh, bias, hn := o.x.Value, o.h0.Value, o.w.WIH.Value, o.w.WHH.Value, o.w.Bias.Value, o.w.BiasHN.Value
	if x.Rank() == 3 && whh.Rank() == 2 {
		o.layer = rnn.GRU{Steps: x.Dim(0), Batch: x.Dim(1), Input: x.Dim(2), Hidden: whh.Dim(0)}
		b, i, h := o.layer.Batch, o.layer.Input, o.layer.Hidden
		if x.Dense() && isDense(h0, b, h) && isDense(wih, i, 3*h) && isDense(whh, h, 3*h) && isDense(bias, 3*h) && isDense(hn, h) {
			return
		}
	}
	panic(tensor.ShapeError{Op: "autograd.GRU",
		Got: fmt.Sprintf("x %s, h0 %s, WIH %v, WHH %v, biases %v and %v",
			shapeOf(o.x), shapeOf(o.h0), wih.Shape(), whh.Shape(), bias.Shape(), hn.Shape()),
		Want: "dense [T][B][I], [B][H], [I][3H], [H][3H], [3H] and [H]"})
}

func (o *gruOp) outputs() []*Var { return o.y[:] }
func (o *gruOp) release(*Tape)   { o.x, o.h0 = nil, nil }

func (o *gruOp) backward(tp *Tape) {
	g := tp.denseGradOf(o.y[0])
	if g == nil {
		return
	}
	o.slots.begin(tp)
	w := rnn.GRUWeights{WIH: o.slots.of(o.w.WIH), WHH: o.slots.of(o.w.WHH), Bias: o.slots.of(o.w.Bias), BiasHN: o.slots.of(o.w.BiasHN)}
	o.layer.Backward(o.weights(), o.x.Value.Data, o.h0.Value.Data, o.y[0].Value.Data, g, &o.memory, rnn.GRUGradients{
		GRUWeights: w, Set: o.slots.set(), X: tp.addToVar(o.x), H0: tp.addToVar(o.h0),
	})
}
