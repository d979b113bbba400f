package autograd

import (
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/rnn"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// LSTMParams are the weights of a layer: WIH [I][4H], WHH [H][4H] and Bias [4H], the gates i, f, g, o side by side. They are the
// transposes of PyTorch's weights, and the sum of its two biases.
type LSTMParams struct{ WIH, WHH, Bias *Param }

// LSTM runs a layer over x [T][B][I] from the state h0, c0 [B][H]: see [rnn.LSTM]. It returns the outputs y [T][B][H], of which the
// last step is the final h, and the final c, which is valid until the tape is reset and carries no gradient.
func LSTM(tp *Tape, x, h0, c0 *Var, w LSTMParams) (y *Var, c tensor.Tensor) {
	tp.Check("autograd.LSTM", x, h0, c0)
	checkParams("autograd.LSTM", w.WIH, w.WHH, w.Bias)
	o := lstms.get(tp)
	o.x, o.h0, o.c0, o.w = x, h0, c0, w
	o.check()
	needs := tp.trains(x, w.WIH, w.WHH, w.Bias) || tp.recording(h0) || tp.recording(c0)
	o.layer.Precision = tp.Precision
	l := o.layer
	y = tp.denseOutput(needs, l.Steps, l.Batch, l.Hidden)
	o.y[0] = y
	l.Forward(o.weights(), x.Value.Data, h0.Value.Data, c0.Value.Data, y.Value.Data, &o.memory)
	if needs {
		tp.record(o)
	}
	return y, tensor.Wrap(o.memory.Cell(l), l.Batch, l.Hidden)
}

type lstmOp struct {
	x, h0, c0 *Var
	y         [1]*Var
	w         LSTMParams
	layer     rnn.LSTM
	memory    rnn.LSTMMemory
	slots     slots
}

func (o *lstmOp) weights() rnn.LSTMWeights {
	return rnn.LSTMWeights{WIH: o.w.WIH.Value.Data, WHH: o.w.WHH.Value.Data, Bias: o.w.Bias.Value.Data}
}

var lstms = newSlab[lstmOp]()

// check fills in the sizes of the layer, and panics if something does not have them.
func (o *lstmOp) check() {
	x, h0, c0, wih, whh, bias := o.x.Value, o.h0.Value, o.c0.Value, o.w.WIH.Value, o.w.WHH.Value, o.w.Bias.Value
	if x.Rank() == 3 && whh.Rank() == 2 {
		o.layer = rnn.LSTM{Steps: x.Dim(0), Batch: x.Dim(1), Input: x.Dim(2), Hidden: whh.Dim(0)}
		b, i, h := o.layer.Batch, o.layer.Input, o.layer.Hidden
		if x.Dense() && isDense(h0, b, h) && isDense(c0, b, h) && isDense(wih, i, 4*h) && isDense(whh, h, 4*h) && isDense(bias, 4*h) {
			return
		}
	}
	panic(tensor.ShapeError{Op: "autograd.LSTM",
		Got:  fmt.Sprintf("x %s, h0 %s, c0 %s, WIH %v, WHH %v, bias %v", shapeOf(o.x), shapeOf(o.h0), shapeOf(o.c0), wih.Shape(), whh.Shape(), bias.Shape()),
		Want: "dense [T][B][I], [B][H], [B][H], [I][4H], [H][4H], [4H]"})
}

// isDense reports whether t has the given shape and no gaps.
func isDense(t tensor.Tensor, shape ...int) bool {
	if t.Rank() != len(shape) || !t.Dense() {
		return false
	}
	for i, d := range shape {
		if t.Dim(i) != d {
			return false
		}
	}
	return true
}

func (o *lstmOp) outputs() []*Var { return o.y[:] }
func (o *lstmOp) release(*Tape)   { o.x, o.h0, o.c0 = nil, nil, nil }

func (o *lstmOp) backward(tp *Tape) {
	g := tp.denseGradOf(o.y[0])
	if g == nil {
		return
	}
	o.slots.begin(tp)
	w := rnn.LSTMWeights{WIH: o.slots.of(o.w.WIH), WHH: o.slots.of(o.w.WHH), Bias: o.slots.of(o.w.Bias)}
	o.layer.Backward(o.weights(), o.x.Value.Data, o.h0.Value.Data, o.y[0].Value.Data, g, nil, &o.memory, rnn.LSTMGradients{
		LSTMWeights: w, Set: o.slots.set(), X: tp.addToVar(o.x), H0: tp.addToVar(o.h0), C0: tp.addToVar(o.c0),
	})
}

// slots is where the gradients of the weights of an operation go: all are set or, if one of them holds something, all are added to.
type slots struct {
	tp    *Tape
	add   bool
	fresh [][]float32 // those that hold nothing yet
}

func (s *slots) begin(tp *Tape) { s.tp, s.add, s.fresh = tp, false, s.fresh[:0] }

// of is the gradient of a dense parameter.
func (s *slots) of(p *Param) []float32 {
	grad, add := s.tp.gradSlot(p)
	if add {
		s.add = true
	} else {
		s.fresh = append(s.fresh, grad.Data)
	}
	return grad.Data
}

// set says whether the gradients are to be set. If not, all of them can be added to.
func (s *slots) set() bool {
	if s.add {
		for _, grad := range s.fresh {
			clear(grad)
		}
	}
	clear(s.fresh)
	return !s.add
}

// addToParam returns where to add a gradient of a dense parameter.
func (tp *Tape) addToParam(p *Param) []float32 {
	grad, add := tp.gradSlot(p)
	return cleared(grad.Data, add)
}

// addToVar returns where to add a gradient of a value, dense; nil if none is wanted.
func (tp *Tape) addToVar(v *Var) []float32 {
	if !v.needs {
		return nil
	}
	return cleared(tp.contributeDense(v))
}

// cleared is a gradient that can be added to. That of an embedding is so large that all threads clear it.
func cleared(grad []float32, add bool) []float32 {
	if !add {
		vec.FillRows(grad, len(grad), 0, 1, len(grad), false)
	}
	return grad
}

// DARTSCellParams are the weights of a [DARTSCell]: W0 [I+H][2H], the rows of the input above those of the state, and a matrix
// [H][2H] for each inner step, c to the left of the candidate. They are the transposes of PyTorch's.
type DARTSCellParams struct {
	W0 *Param
	W  []*Param
}

// DARTSCell runs a recurrent cell of DARTS over x, [T][B][I], from the state h0, [B][H]: see [rnn.DARTSCell], of which Switch and Act
// say what the cell is; the sizes are those of x and h0, the precision is the tape's. The masks, maskX [B][I] upon the input and maskH
// [B][H] upon the states that the matrices read, are the same for all steps and may be nil ([Mask]); they must stay as they are until
// Backward has run. It returns the outputs, [T][B][H], of which the last step is the final state.
func DARTSCell(tp *Tape, x, h0 *Var, w DARTSCellParams, cell rnn.DARTSCell, maskX, maskH []float32) *Var {
	tp.Check("autograd.DARTSCell", x, h0)
	checkParams("autograd.DARTSCell", w.W0)
	checkParams("autograd.DARTSCell", w.W...)
	o := dartsCells.get(tp)
	o.x, o.h0, o.w, o.cell, o.maskX, o.maskH = x, h0, w, cell, maskX, maskH
	o.check()
	o.cell.Precision = tp.Precision
	needs := tp.trains(x, w.W0) || tp.trains(h0, w.W...)
	y := tp.denseOutput(needs, o.cell.Steps, o.cell.Batch, o.cell.Hidden)
	o.y[0] = y
	o.weights.W0, o.weights.W = w.W0.Value.Data, o.weights.W[:0]
	for _, p := range w.W {
		o.weights.W = append(o.weights.W, p.Value.Data)
	}
	o.cell.Forward(o.weights, x.Value.Data, h0.Value.Data, maskX, maskH, y.Value.Data, &o.memory)
	if needs {
		tp.record(o)
	}
	return y
}

type dartsCellOp struct {
	x, h0        *Var
	y            [1]*Var
	w            DARTSCellParams
	cell         rnn.DARTSCell
	maskX, maskH []float32
	weights      rnn.DARTSCellWeights
	gradients    rnn.DARTSCellGradients
	slots        slots
	memory       rnn.DARTSCellMemory
}

var dartsCells = newSlab[dartsCellOp]()

// check fills in the sizes of the cell, and panics if something does not have them.
func (o *dartsCellOp) check() {
	x, h0, w0 := o.x.Value, o.h0.Value, o.w.W0.Value
	fail := func(got, want string) { panic(tensor.ShapeError{Op: "autograd.DARTSCell", Got: got, Want: want}) }
	if x.Rank() != 3 || h0.Rank() != 2 || x.Dim(0) < 1 || x.Dim(1) != h0.Dim(0) || !x.Dense() || !h0.Dense() {
		fail(fmt.Sprintf("x %s and h0 %s", shapeOf(o.x), shapeOf(o.h0)), "dense [T][B][I] and [B][H]")
	}
	c := &o.cell
	c.Steps, c.Batch, c.Input, c.Hidden = x.Dim(0), x.Dim(1), x.Dim(2), h0.Dim(1)
	if !isDense(w0, c.Input+c.Hidden, 2*c.Hidden) {
		fail(fmt.Sprintf("W0 %v", w0.Shape()), fmt.Sprintf("dense [%d %d]", c.Input+c.Hidden, 2*c.Hidden))
	}
	if n := len(c.Switch); n < 1 || len(c.Act) != n || len(o.w.W) != n {
		fail(fmt.Sprintf("%d switches, %d activations and %d matrices", n, len(c.Act), len(o.w.W)), "as many of each, at least one")
	}
	for i, p := range o.w.W {
		if !isDense(p.Value, c.Hidden, 2*c.Hidden) {
			fail(fmt.Sprintf("W[%d] %v", i, p.Value.Shape()), fmt.Sprintf("dense [%d %d]", c.Hidden, 2*c.Hidden))
		}
		if s := c.Switch[i]; s < 0 || s > i {
			fail(fmt.Sprintf("Switch[%d] = %d", i, s), fmt.Sprintf("one of the states 0 to %d", i))
		}
	}
	if m := o.maskX; m != nil && len(m) != c.Batch*c.Input {
		fail(fmt.Sprintf("a mask of %d for the input", len(m)), fmt.Sprint(c.Batch*c.Input))
	}
	if m := o.maskH; m != nil && len(m) != c.Batch*c.Hidden {
		fail(fmt.Sprintf("a mask of %d for the states", len(m)), fmt.Sprint(c.Batch*c.Hidden))
	}
}

func (o *dartsCellOp) outputs() []*Var { return o.y[:] }

func (o *dartsCellOp) release(*Tape) {
	o.x, o.h0, o.w, o.maskX, o.maskH = nil, nil, DARTSCellParams{}, nil, nil
	o.gradients.X, o.gradients.H0 = nil, nil
}

func (o *dartsCellOp) backward(tp *Tape) {
	dy := tp.denseGradOf(o.y[0])
	if dy == nil {
		return
	}
	g := &o.gradients
	o.slots.begin(tp)
	g.W0, g.W = o.slots.of(o.w.W0), g.W[:0]
	for _, p := range o.w.W {
		g.W = append(g.W, o.slots.of(p))
	}
	g.Set = o.slots.set()
	g.X, g.H0 = tp.addToVar(o.x), tp.addToVar(o.h0)
	o.cell.Backward(o.weights, o.x.Value.Data, o.h0.Value.Data, o.maskX, o.maskH, o.y[0].Value.Data, dy, &o.memory, *g)
}

// Highway computes a step of a recurrent cell of DARTS, y = s + σ(c)⊙(f(h) − s), for the state s [B][H] and ch [B][2H], in whose rows
// c and h lie side by side: see [rnn.Highway].
func Highway(tp *Tape, ch, s *Var, f Activation) *Var {
	tp.Check("autograd.Highway", ch, s)
	if ch.Value.Rank() != 2 || s.Value.Rank() != 2 || ch.Value.Dim(0) != s.Value.Dim(0) || ch.Value.Dim(1) != 2*s.Value.Dim(1) ||
		!ch.Value.Dense() || !s.Value.Dense() {
		panic(tensor.ShapeError{Op: "autograd.Highway", Got: fmt.Sprintf("%s and %s", shapeOf(ch), shapeOf(s)), Want: "dense [B][2H] and [B][H]"})
	}
	needs := tp.records && (ch.needs || s.needs)
	y := tp.denseOutputLike(needs, s.Value)
	kept := tp.gradient(ch)
	copy(kept.data, ch.Value.Data)
	rnn.Highway(y.Value.Data, kept.data, s.Value.Data, s.Value.Dim(0), s.Value.Dim(1), f)
	if !needs {
		tp.unref(kept)
		return y
	}
	o := highways.get(tp)
	o.ch, o.s, o.y[0], o.kept, o.f = ch, s, y, kept, f
	tp.record(o)
	return y
}

type highwayOp struct {
	ch, s *Var
	y     [1]*Var
	kept  *buffer // σ(c) and f(h)
	f     Activation
}

var highways = newSlab[highwayOp]()

func (o *highwayOp) outputs() []*Var { return o.y[:] }

func (o *highwayOp) release(tp *Tape) {
	tp.unref(o.kept)
	o.ch, o.s, o.kept = nil, nil, nil
}

func (o *highwayOp) backward(tp *Tape) {
	g := tp.denseGradOf(o.y[0])
	if g == nil {
		return
	}
	var ds []float32
	var add bool
	if o.s.needs {
		ds, add = tp.contributeDense(o.s)
	} else {
		unwanted := tp.gradient(o.s)
		defer tp.unref(unwanted)
		ds = unwanted.data
	}
	rnn.HighwayBackward(ds, o.kept.data, o.s.Value.Data, g, o.s.Value.Dim(0), o.s.Value.Dim(1), o.f, add)
	if o.ch.needs {
		tp.contributeShared(o.ch, o.kept)
	}
}

// Embedding looks up the rows of table [rows][C] that index names, times scale[row] unless scale is nil (see [Mask]), and
// returns them in the given shape, whose last axis is C: [T][B][C] for a sequence of T·B words.
func Embedding(tp *Tape, table *Param, index []int32, scale []float32, shape ...int) *Var {
	checkParams("autograd.Embedding", table)
	if table.Value.Rank() != 2 || !table.Value.Dense() || len(shape) < 1 || shape[len(shape)-1] != table.Value.Dim(1) || tensor.Size(shape...) != len(index)*table.Value.Dim(1) {
		panic(tensor.ShapeError{Op: "autograd.Embedding", Got: fmt.Sprintf("table %v, %d indices, shape %v", table.Value.Shape(), len(index), slices.Clone(shape)),
			Want: "dense table [rows][C], shape […][C] with a row for each index"})
	}
	for i, v := range index {
		if v < 0 || int(v) >= table.Value.Dim(0) {
			panic(tensor.ShapeError{Op: "autograd.Embedding", Got: fmt.Sprintf("index %d at position %d", v, i), Want: fmt.Sprintf("0 to %d", table.Value.Dim(0)-1)})
		}
	}
	if scale != nil && len(scale) != table.Value.Dim(0) {
		panic(tensor.ShapeError{Op: "autograd.Embedding", Got: fmt.Sprintf("%d scales", len(scale)), Want: fmt.Sprintf("one for each of %d rows", table.Value.Dim(0))})
	}
	needs := tp.trains(nil, table)
	y := tp.denseOutput(needs, shape...)
	rnn.Embedding(y.Value.Data, table.Value.Data, index, table.Value.Dim(1), scale)
	if needs {
		o := embeddings.get(tp)
		o.table, o.index, o.scale, o.y[0] = table, index, scale, y
		tp.record(o)
	}
	return y
}

type embeddingOp struct {
	table *Param
	index []int32
	scale []float32
	y     [1]*Var
}

var embeddings = newSlab[embeddingOp]()

func (o *embeddingOp) outputs() []*Var { return o.y[:] }
func (o *embeddingOp) release(*Tape)   { o.index, o.scale = nil, nil }

func (o *embeddingOp) backward(tp *Tape) {
	g := tp.denseGradOf(o.y[0])
	if g == nil {
		return
	}
	rnn.EmbeddingBackward(tp.addToParam(o.table), g, o.index, o.table.Value.Dim(1), o.scale)
}
