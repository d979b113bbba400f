package nn

import (
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/rnn"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Embedding is a table of vectors, one for each word.
type Embedding struct {
	Weight *autograd.Param // [Words][C]
}

// NewEmbedding makes a table, initialised as in PyTorch: standard normal.
func NewEmbedding(sc Scope, words, c int) *Embedding {
	return &Embedding{sc.Weight("weight", SameLayout, Normal(1), words, c)}
}

// Forward looks up words [T·B], time first, as [T][B][C]. A mask, unless it is nil, has a factor for each row of the table: to
// drop whole words wherever they occur (Gal and Ghahramani 2016, arXiv 1512.05287). It must stay as it is until Backward has
// run.
func (e *Embedding) Forward(tp *autograd.Tape, words []int32, steps, batch int, mask []float32) *autograd.Var {
	return autograd.Embedding(tp, e.Weight, words, mask, steps, batch, e.Weight.Value.Dim(1))
}

// TiedLinear is the decoder of a language model that shares its weight with the embedding (Press and Wolf 2017, arXiv
// 1608.05859).
type TiedLinear struct {
	Table *autograd.Param // [Words][C], which belongs to the embedding
	Bias  *autograd.Param // [Words]
}

// NewTiedLinear makes a decoder for an embedding. Its bias starts at zero. In a state dict of PyTorch the shared weight is also found
// under the decoder's name.
func NewTiedLinear(sc Scope, e *Embedding) *TiedLinear {
	a := sc.arrange(e.Weight)
	a.tied = append(a.tied, sc.claim("weight"))
	return &TiedLinear{e.Weight, sc.Bias("bias", Constant(0), e.Weight.Value.Dim(0))}
}

// Forward maps […][C] to logits […][Words].
func (l *TiedLinear) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.TiedLinear(tp, x, l.Table, l.Bias)
}

// LSTM is a layer of long short-term memory (Hochreiter and Schmidhuber 1997) with one bias, the sum of PyTorch's two.
type LSTM struct{ Weights autograd.LSTMParams }

// NewLSTM makes a layer of the given number of units, initialised as in PyTorch: uniform within ±1/√hidden. Its parameters are
// called as those of the first layer of torch.nn.LSTM are.
func NewLSTM(sc Scope, in, hidden int) *LSTM {
	init := Uniform(1 / math.Sqrt(float64(hidden)))
	l := &LSTM{autograd.LSTMParams{
		WIH:  sc.Weight("weight_ih_l0", OI, init, in, 4*hidden),
		WHH:  sc.Weight("weight_hh_l0", OI, init, hidden, 4*hidden),
		Bias: sc.Bias("bias_l0", sumOfTwo(init), 4*hidden),
	}}
	sc.arrange(l.Weights.Bias).twoBiases = true
	return l
}

// Forward runs the layer over x, [T][B][In], from the state h0, c0 [B][Hidden], and returns the outputs y, [T][B][Hidden], of
// which the last step is the final h, and the final c, which is valid until the tape is reset and carries no gradient.
func (l *LSTM) Forward(tp *autograd.Tape, x, h0, c0 *autograd.Var) (y *autograd.Var, c tensor.Tensor) {
	return autograd.LSTM(tp, x, h0, c0, l.Weights)
}

// DARTSCell holds the weights of recurrent cells of DARTS (Liu, Simonyan and Yang 2019): one matrix for the input and the state,
// one for each inner step. Which states and activations the steps use is said anew in each Forward, so that all cells of the
// search space can share them.
type DARTSCell struct{ Weights autograd.DARTSCellParams }

// NewDARTSCell makes a cell whose matrices are called "input" and as the inner steps are, initialised as in DARTS: uniform
// within ±0.04.
func NewDARTSCell(sc Scope, in, hidden int, steps ...string) *DARTSCell {
	init := Uniform(0.04)
	d := &DARTSCell{autograd.DARTSCellParams{W0: sc.Sub("input").Weight("weight", SameLayout, init, in+hidden, 2*hidden)}}
	for _, name := range steps {
		d.Weights.W = append(d.Weights.W, sc.Sub(name).Weight("weight", SameLayout, init, hidden, 2*hidden))
	}
	return d
}

// Forward runs a cell, of which Switch and Act matter, over x, [T][B][In], from the state h0, [B][Hidden], and returns the
// outputs, [T][B][Hidden], of which the last step is the final state. The masks, maskX [B][In] and maskH [B][Hidden], are those
// of variational dropout, the same for all steps, or nil: see [autograd.DARTSCell].
func (d *DARTSCell) Forward(tp *autograd.Tape, x, h0 *autograd.Var, cell rnn.DARTSCell, maskX, maskH []float32) *autograd.Var {
	return autograd.DARTSCell(tp, x, h0, d.Weights, cell, maskX, maskH)
}
