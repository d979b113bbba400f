package nn

import (
	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/rnn"
)

// FactorizedReduction halves height and width: ReLU, two 1×1 convolutions at stride 2, of which the second reads the pixels that
// the first leaves out on the diagonal, into the two halves of the channels, and a batch norm (Liu, Simonyan and Yang 2019).
type FactorizedReduction struct {
	Even, Odd *autograd.Param // [1][1][Cin][Cout/2]
	Norm      *BatchNorm2D
}

// NewFactorizedReduction makes the layer, with its parameters in "even", "odd" and "norm". If cout is odd the second half is
// the larger one.
func NewFactorizedReduction(sc Scope, cin, cout int) *FactorizedReduction {
	return &FactorizedReduction{
		Even: sc.Sub("even").Weight("weight", OIHW, Default, 1, 1, cin, cout/2),
		Odd:  sc.Sub("odd").Weight("weight", OIHW, Default, 1, 1, cin, cout-cout/2),
		Norm: NewBatchNorm2D(sc.Sub("norm"), cout),
	}
}

// Forward maps [N][H][W][Cin] to [N][OH][OW][Cout], half as high and wide.
func (f *FactorizedReduction) Forward(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return f.Norm.Forward(tp, f.Convolve(tp, x))
}

// Convolve is Forward without the batch norm, for an [autograd.BatchNormSum].
func (f *FactorizedReduction) Convolve(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
	return autograd.FactorizedReduction(tp, x, autograd.ActReLU, f.Even, f.Odd)
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
