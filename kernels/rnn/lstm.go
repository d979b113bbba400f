package rnn

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// LSTM is the shape of a layer: long short-term memory as in torch.nn.LSTM (Hochreiter and Schmidhuber 1997, with the forget gate
// of Gers et al. 2000), one layer and one direction,
//
//	[zi zf zg zo] = x_t·WIH + h_{t-1}·WHH + b
//	c_t = σ(zf)⊙c_{t-1} + σ(zi)⊙tanh(zg)
//	h_t = σ(zo)⊙tanh(c_t)
type LSTM struct {
	Steps, Batch, Input, Hidden int            // T, B, I, H
	Precision                   gemm.Precision // of the products, forward and backward
}

// LSTMWeights holds WIH [I][4H], WHH [H][4H] and Bias [4H], each the gates i, f, g, o side by side: the transposes of PyTorch's
// weights, and the sum of its two biases.
type LSTMWeights struct{ WIH, WHH, Bias []float32 }

// LSTMMemory is what the backward pass needs of the forward pass. The zero value is ready; it grows to some 6·T·B·H floats and may be used
// again.
type LSTMMemory struct {
	gates []float32 // [T·B][4H]: σ(zi), σ(zf), tanh(zg), σ(zo); after Backward, their gradients with respect to z
	cells []float32 // [T+1][B][H]: the state before each step, and the last one
	tanh  []float32 // [T·B][H]: tanh of the cells
}

// Forward computes y [T][B][H], the outputs h_t, from x [T][B][I] and the initial state h0, c0 [B][H]. The final state is the last
// step of y and [LSTMMemory.Cell].
func (l LSTM) Forward(w LSTMWeights, x, h0, c0, y []float32, m *LSTMMemory) {
	const op = "rnn.LSTM.Forward"
	l.check(op, w)
	t, b, i, h := l.Steps, l.Batch, l.Input, l.Hidden
	want(op, "x", x, t*b*i)
	want(op, "h0", h0, b*h)
	want(op, "c0", c0, b*h)
	want(op, "y", y, t*b*h)
	m.gates, m.cells, m.tanh = grow(m.gates, t*b*4*h), grow(m.cells, (t+1)*b*h), grow(m.tanh, t*b*h)
	copy(m.cells, c0)
	// The inputs of all steps in one product; the recurrent weights are laid out once for all steps.
	l.Precision.Mul(t*b, 4*h, i, 1, dense(x, i), dense(w.WIH, 4*h), 0, dense(m.gates, 4*h))
	pass := passes.Get()
	defer passes.Put(pass)
	pass.packed.Precision = l.Precision
	pass.packed.Set(4*h, h, 1, dense(w.WHH, 4*h))
	lstm := lstmTasks.Get()
	defer lstmTasks.Put(lstm)
	lstm.layer, lstm.bias, lstm.memory, lstm.y = l, w.Bias, m, y
	for s := range t {
		pass.packed.Mul(b, dense(h0, h), 1, dense(m.gates[s*b*4*h:], 4*h))
		lstm.step = s
		parallel.Run(b, 6*b*h, lstm)
		h0 = y[s*b*h:]
	}
	*lstm = lstmTask{}
}

// Cell returns the state after the last step, [B][H].
func (m *LSTMMemory) Cell(l LSTM) []float32 { return m.cells[l.Steps*l.Batch*l.Hidden:] }

// LSTMGradients receives gradients in the shapes of what they belong to; they are added to what is there. X, H0 and C0 may be nil.
type LSTMGradients struct {
	LSTMWeights
	X, H0, C0 []float32
	Set       bool // those of the weights take the place of what is there: see DARTSCellGradients
}

// Backward computes gradients from dy [T][B][H], that of the outputs, and dc [B][H], that of the final cell state, which may be
// nil. x, h0 and y are those of the forward pass, and m what it remembered, which is used up.
func (l LSTM) Backward(w LSTMWeights, x, h0, y, dy, dc []float32, m *LSTMMemory, grad LSTMGradients) {
	const op = "rnn.LSTM.Backward"
	l.check(op, w)
	l.check(op, grad.LSTMWeights)
	t, b, i, h := l.Steps, l.Batch, l.Input, l.Hidden
	want(op, "x", x, t*b*i)
	want(op, "h0", h0, b*h)
	want(op, "y", y, t*b*h)
	want(op, "dy", dy, t*b*h)
	wantIfAny(op, "dc", dc, b*h)
	want(op, "memory of a forward pass", m.tanh, t*b*h)
	wantIfAny(op, "gradient of x", grad.X, t*b*i)
	wantIfAny(op, "gradient of h0", grad.H0, b*h)
	wantIfAny(op, "gradient of c0", grad.C0, b*h)
	back := backTasks.Get()
	defer backTasks.Put(back)
	back.layer, back.memory, back.dy = l, m, dy
	back.dh, back.dc = grow(back.dh, b*h), grow(back.dc, b*h)
	clear(back.dh)
	clear(back.dc)
	copy(back.dc, dc)
	pass := passes.Get()
	defer passes.Put(pass)
	pass.packed.Precision = l.Precision
	pass.packed.Set(h, 4*h, 1, transposed(w.WHH, 4*h))
	for s := t - 1; s >= 0; s-- {
		back.step = s
		parallel.Run(b, 4*b*h, back)
		if s > 0 || grad.H0 != nil {
			pass.packed.Mul(b, dense(m.gates[s*b*4*h:], 4*h), 0, dense(back.dh, h))
		}
	}
	back.memory, back.dy = nil, nil
	if grad.H0 != nil {
		vec.AddTo(grad.H0[:b*h], back.dh)
	}
	if grad.C0 != nil {
		vec.AddTo(grad.C0[:b*h], back.dc)
	}
	dz := dense(m.gates, 4*h)
	pass.packed.Set(4*h, t*b, 1, dz)
	beta := keep(grad.Set)
	pass.packed.Mul(i, transposed(x, i), beta, dense(grad.WIH, 4*h))
	pass.shift(h0, y, t, b, h)
	pass.packed.Mul(h, transposed(pass.before, h), beta, dense(grad.WHH, 4*h))
	back.bias.gradient(grad.Bias[:4*h], beta, m.gates, t*b, 4*h)
	if grad.X != nil {
		l.Precision.Mul(t*b, i, 4*h, 1, dz, transposed(w.WIH, 4*h), 1, dense(grad.X, i))
	}
}

func (l LSTM) check(op string, w LSTMWeights) {
	if l.Steps < 1 || l.Batch < 1 || l.Input < 1 || l.Hidden < 1 {
		fault.Shape(op, fmt.Sprintf("layer %+v", l), "at least one of everything")
	}
	want(op, "WIH", w.WIH, l.Input*4*l.Hidden)
	want(op, "WHH", w.WHH, l.Hidden*4*l.Hidden)
	want(op, "bias", w.Bias, 4*l.Hidden)
}

func want(op, operand string, x []float32, n int) { fault.CheckLen(op, operand, len(x), n) }

// wantIfAny is want for an operand that may be nil.
func wantIfAny(op, operand string, x []float32, n int) {
	if x != nil {
		want(op, operand, x, n)
	}
}

// keep is the factor of what a gradient holds already.
func keep(set bool) float32 {
	if set {
		return 0
	}
	return 1
}

// columnSums are the sums of the columns of a matrix, and their squares, which nobody wants.
type columnSums struct{ sum, unused []float64 }

// gradient adds the sums of the columns of g, whose rows lie ld apart, to beta times the gradient of a bias.
func (c *columnSums) gradient(grad []float32, beta float32, g []float32, rows, ld int) {
	c.sum, c.unused = grow(c.sum, len(grad)), grow(c.unused, len(grad))
	norm.Stats(g, rows, len(grad), ld, c.sum, c.unused)
	if beta == 0 {
		clear(grad)
	}
	for j, v := range c.sum {
		grad[j] += float32(v)
	}
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func dense(x []float32, ld int) gemm.Matrix      { return gemm.Matrix{Data: x, LD: ld} }
func transposed(x []float32, ld int) gemm.Matrix { return gemm.Matrix{Data: x, LD: ld, Trans: true} }

// lstmTask is what a step does to a row of its gates, z without the bias, once the products are there.
type lstmTask struct {
	layer  LSTM
	step   int
	bias   []float32
	memory *LSTMMemory
	y      []float32
}

var lstmTasks parallel.FreeList[lstmTask]

func (t *lstmTask) Chunk(_ *parallel.Worker, row int) {
	h := t.layer.Hidden
	n := t.step*t.layer.Batch + row
	z := t.memory.gates[n*4*h:][:4*h]
	vec.LocalAddTo(z, t.bias[:4*h])
	i, f, g, o := z[:h], z[h:2*h], z[2*h:3*h], z[3*h:]
	vec.LocalSigmoid(z[:2*h], z[:2*h])
	vec.LocalTanh(g, g)
	vec.LocalSigmoid(o, o)
	before, after := t.memory.cells[n*h:][:h], t.memory.cells[(n+t.layer.Batch)*h:][:h]
	tanh, y := t.memory.tanh[n*h:][:h], t.y[n*h:][:h]
	vec.LocalMul(after, f, before)
	vec.LocalMul(tanh, i, g)
	vec.LocalAddTo(after, tanh)
	vec.LocalTanh(tanh, after)
	vec.LocalMul(y, o, tanh)
}

// backTask is what a step of the backward pass does to a row: from dh, which the step behind it left, and dc it finds the gradients
// of z, which replace the gates, and what dc is before the step.
type backTask struct {
	layer  LSTM
	step   int
	memory *LSTMMemory
	dy     []float32
	dh, dc []float32 // [B][H]
	bias   columnSums
}

var backTasks parallel.FreeList[backTask]

func (t *backTask) Chunk(w *parallel.Worker, row int) {
	h := t.layer.Hidden
	n := t.step*t.layer.Batch + row
	z := t.memory.gates[n*4*h:][:4*h]
	i, f, g, o := z[:h], z[h:2*h], z[2*h:3*h], z[3*h:]
	before, tanh := t.memory.cells[n*h:][:h], t.memory.tanh[n*h:][:h]
	dh, dc := t.dh[row*h:][:h], t.dc[row*h:][:h]
	scratch := w.Scratch(2 * h)
	a, b := scratch[:h], scratch[h:]

	vec.LocalAddTo(dh, t.dy[n*h:][:h])
	vec.LocalMul(a, dh, o)
	vec.LocalTanhBackward(dc, tanh, a, true) // dc += dh⊙o⊙(1 - tanh²)
	vec.LocalMul(a, dh, tanh)
	vec.LocalSigmoidBackward(o, o, a, false)
	vec.LocalMul(a, dc, g)
	vec.LocalMul(b, dc, i)
	vec.LocalSigmoidBackward(i, i, a, false)
	vec.LocalTanhBackward(g, g, b, false)
	vec.LocalMul(a, dc, before)
	vec.LocalMul(dc, dc, f)
	vec.LocalSigmoidBackward(f, f, a, false)
}
