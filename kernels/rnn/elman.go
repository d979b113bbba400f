package rnn

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Elman is the shape of a plain recurrent layer as in torch.nn.RNN (Elman 1990), one layer and one direction,
//
//	h_t = f(x_t·WIH + h_{t-1}·WHH + b)
type Elman struct {
	Steps, Batch, Input, Hidden int             // T, B, I, H
	Act                         activation.Func // f: Tanh or ReLU
	Precision                   gemm.Precision  // of the products, forward and backward
}

// ElmanWeights holds WIH [I][H], WHH [H][H] and Bias [H]: the transposes of PyTorch's weights, and the sum of its two biases.
type ElmanWeights struct{ WIH, WHH, Bias []float32 }

// ElmanMemory is what a pass of an [Elman] layer works with. The zero value is ready, and may be used again.
type ElmanMemory struct {
	gradients []float32 // [T·B][H]: of what f is applied to
	bias      columnSums
}

// Forward computes y [T][B][H], the states h_t, from x [T][B][I] and the initial state h0 [B][H].
func (l Elman) Forward(w ElmanWeights, x, h0, y []float32, m *ElmanMemory) {
	const op = "rnn.Elman.Forward"
	l.check(op, w)
	t, b, i, h := l.Steps, l.Batch, l.Input, l.Hidden
	want(op, "x", x, t*b*i)
	want(op, "h0", h0, b*h)
	want(op, "y", y, t*b*h)
	l.Precision.MulBias(t*b, h, i, dense(x, i), dense(w.WIH, h), w.Bias, dense(y, h))
	pass := passes.Get()
	defer passes.Put(pass)
	pass.packed.Precision = l.Precision
	pass.packed.Set(h, h, 1, dense(w.WHH, h))
	step := elmanTasks.Get()
	defer elmanTasks.Put(step)
	for s := range t {
		now := y[s*b*h:][:b*h]
		pass.packed.Mul(b, dense(h0, h), 1, dense(now, h))
		*step = elmanTask{layer: l, y: now}
		parallel.Run(b, b*h, step)
		h0 = now
	}
	*step = elmanTask{}
}

// ElmanGradients receives gradients in the shapes of what they belong to; they are added to what is there. X and H0 may be nil.
type ElmanGradients struct {
	ElmanWeights
	X, H0 []float32
	Set   bool // those of the weights take the place of what is there: see DARTSCellGradients
}

// Backward computes gradients from dy [T][B][H], that of the states. x, h0 and y are those of the forward pass.
func (l Elman) Backward(w ElmanWeights, x, h0, y, dy []float32, m *ElmanMemory, grad ElmanGradients) {
	const op = "rnn.Elman.Backward"
	l.check(op, w)
	l.check(op, grad.ElmanWeights)
	t, b, i, h := l.Steps, l.Batch, l.Input, l.Hidden
	want(op, "x", x, t*b*i)
	want(op, "h0", h0, b*h)
	want(op, "y", y, t*b*h)
	want(op, "dy", dy, t*b*h)
	wantIfAny(op, "gradient of x", grad.X, t*b*i)
	wantIfAny(op, "gradient of h0", grad.H0, b*h)
	pass := passes.Get()
	defer passes.Put(pass)
	pass.shift(h0, y, t, b, h)
	m.gradients = grow(m.gradients, t*b*h)
	copy(m.gradients, dy)
	pass.packed.Precision = l.Precision
	pass.packed.Set(h, h, 1, transposed(w.WHH, h))
	step := elmanTasks.Get()
	defer elmanTasks.Put(step)
	for s := t - 1; s >= 0; s-- {
		dz := m.gradients[s*b*h:][:b*h]
		*step = elmanTask{layer: l, y: y[s*b*h:][:b*h], dz: dz}
		parallel.Run(b, b*h, step)
		if s > 0 {
			pass.packed.Mul(b, dense(dz, h), 1, dense(m.gradients[(s-1)*b*h:], h))
		} else if grad.H0 != nil {
			pass.packed.Mul(b, dense(dz, h), 1, dense(grad.H0, h))
		}
	}
	*step = elmanTask{}
	dz := dense(m.gradients, h)
	beta := keep(grad.Set)
	l.Precision.Mul(i, h, t*b, 1, transposed(x, i), dz, beta, dense(grad.WIH, h))
	l.Precision.Mul(h, h, t*b, 1, transposed(pass.before, h), dz, beta, dense(grad.WHH, h))
	m.bias.gradient(grad.Bias[:h], beta, m.gradients, t*b, h)
	if grad.X != nil {
		l.Precision.Mul(t*b, i, h, 1, dz, transposed(w.WIH, h), 1, dense(grad.X, i))
	}
}

func (l Elman) check(op string, w ElmanWeights) {
	if l.Steps < 1 || l.Batch < 1 || l.Input < 1 || l.Hidden < 1 || l.Act != activation.Tanh && l.Act != activation.ReLU {
		fault.Shape(op, fmt.Sprintf("layer %+v", l), "at least one of everything, and Tanh or ReLU")
	}
	want(op, "WIH", w.WIH, l.Input*l.Hidden)
	want(op, "WHH", w.WHH, l.Hidden*l.Hidden)
	want(op, "bias", w.Bias, l.Hidden)
}

// elmanTask is what a step does to a row once the products are there: it applies f to y or, if there is a gradient, takes that back
// through f.
type elmanTask struct {
	layer Elman
	y, dz []float32 // [B][H]
}

var elmanTasks parallel.FreeList[elmanTask]

func (t *elmanTask) Chunk(_ *parallel.Worker, row int) {
	h := t.layer.Hidden
	y := t.y[row*h:][:h]
	if t.dz == nil {
		if t.layer.Act == activation.Tanh {
			vec.LocalTanh(y, y)
		} else {
			vec.LocalReLU(y, y)
		}
		return
	}
	dz := t.dz[row*h:][:h]
	if t.layer.Act == activation.Tanh {
		vec.LocalTanhBackward(dz, y, dz, false)
	} else {
		vec.LocalReLUBackward(dz, y, dz, false)
	}
}
