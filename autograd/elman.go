package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/rnn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// RNNParams are the weights of a plain recurrent layer: WIH [I][H], WHH [H][H] and Bias [H], the transposes of PyTorch's weights, and the
// sum of its two biases.
type RNNParams struct{ WIH, WHH, Bias *Param }

// RNN runs a plain recurrent layer, h_t = f(x_t·WIH + h_{t-1}·WHH + b) with [ActTanh] or [ActReLU] as f, over x [T][B][I] from the state
// h0 [B][H]: see [rnn.Elman]. It returns the states [T][B][H].
func RNN(tp *Tape, x, h0 *Var, w RNNParams, f Activation) *Var {
	tp.Check("autograd.RNN", x, h0)
	checkParams("autograd.RNN", w.WIH, w.WHH, w.Bias)
	o := rnns.get(tp)
	o.x, o.h0, o.w = x, h0, w
	o.check(f)
	needs := tp.trains(x, w.WIH, w.WHH, w.Bias) || tp.recording(h0)
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

type rnnOp struct {
	x, h0  *Var
	y      [1]*Var
	w      RNNParams
	layer  rnn.Elman
	memory rnn.ElmanMemory
	slots  slots
}

var rnns = newSlab[rnnOp]()

func (o *rnnOp) weights() rnn.ElmanWeights {
	return rnn.ElmanWeights{WIH: o.w.WIH.Value.Data, WHH: o.w.WHH.Value.Data, Bias: o.w.Bias.Value.Data}
}

// check fills in the sizes of the layer, and panics if something does not have them.
func (o *rnnOp) check(f Activation) {
	x, h0, wih, whh, bias := o.x.Value, o.h0.Value, o.w.WIH.Value, o.w.WHH.Value, o.w.Bias.Value
	if x.Rank() == 3 && whh.Rank() == 2 {
		o.layer = rnn.Elman{Steps: x.Dim(0), Batch: x.Dim(1), Input: x.Dim(2), Hidden: whh.Dim(0), Act: f}
		b, i, h := o.layer.Batch, o.layer.Input, o.layer.Hidden
		if x.Dense() && isDense(h0, b, h) && isDense(wih, i, h) && isDense(whh, h, h) && isDense(bias, h) {
			return
		}
	}
	panic(tensor.ShapeError{Op: "autograd.RNN",
		Got:  fmt.Sprintf("x %s, h0 %s, WIH %v, WHH %v, bias %v", shapeOf(o.x), shapeOf(o.h0), wih.Shape(), whh.Shape(), bias.Shape()),
		Want: "dense [T][B][I], [B][H], [I][H], [H][H] and [H]"})
}

func (o *rnnOp) outputs() []*Var { return o.y[:] }
func (o *rnnOp) release(*Tape)   { o.x, o.h0 = nil, nil }

func (o *rnnOp) backward(tp *Tape) {
	g := tp.denseGradOf(o.y[0])
	if g == nil {
		return
	}
	o.slots.begin(tp)
	w := rnn.ElmanWeights{WIH: o.slots.of(o.w.WIH), WHH: o.slots.of(o.w.WHH), Bias: o.slots.of(o.w.Bias)}
	o.layer.Backward(o.weights(), o.x.Value.Data, o.h0.Value.Data, o.y[0].Value.Data, g, &o.memory, rnn.ElmanGradients{
		ElmanWeights: w, Set: o.slots.set(), X: tp.addToVar(o.x), H0: tp.addToVar(o.h0),
	})
}
