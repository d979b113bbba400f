package rnn

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// GRU is the shape of a layer: gated recurrent units as in torch.nn.GRU (Cho et al. 2014, arXiv 1406.1078, with the reset gate behind the
// product), one layer and one direction,
//
//	[xr xz xn] = x_t·WIH + b
//	[hr hz hn] = h_{t-1}·WHH
//	r = σ(xr + hr),  z = σ(xz + hz)
//	n = tanh(xn + r⊙(hn + bhn))
//	h_t = (1 − z)⊙n + z⊙h_{t-1}
type GRU struct {
	Steps, Batch, Input, Hidden int            // T, B, I, H
	Precision                   gemm.Precision // of the products, forward and backward
}

// GRUWeights holds WIH [I][3H], WHH [H][3H] and Bias [3H], each the gates r, z, n side by side, and BiasHN [H]: the transposes of PyTorch's
// weights, the sums of its two biases of r and z beside the bias_ih of n, and the bias_hh of n.
type GRUWeights struct{ WIH, WHH, Bias, BiasHN []float32 }

// GRUMemory is what the backward pass needs of the forward pass. The zero value is ready; it grows to some 6·T·B·H floats and may be used
// again.
type GRUMemory struct {
	gates   []float32 // [T·B][3H]: r, z, n; after Backward, the gradients with respect to x_t·WIH
	product []float32 // [T·B][3H]: h·WHH, of which hn + bhn stays; after Backward, the gradients with respect to it
}

// Forward computes y [T][B][H], the outputs h_t, from x [T][B][I] and the initial state h0 [B][H]. The final state is the last step of y.
func (l GRU) Forward(w GRUWeights, x, h0, y []float32, m *GRUMemory) {
	const op = "rnn.GRU.Forward"
	l.check(op, w)
	t, b, i, h := l.Steps, l.Batch, l.Input, l.Hidden
	want(op, "x", x, t*b*i)
	want(op, "h0", h0, b*h)
	want(op, "y", y, t*b*h)
	m.gates, m.product = grow(m.gates, t*b*3*h), grow(m.product, t*b*3*h)
	// The inputs of all steps in one product; the recurrent weights are laid out once for all steps.
	l.Precision.MulBias(t*b, 3*h, i, dense(x, i), dense(w.WIH, 3*h), w.Bias, dense(m.gates, 3*h))
	pass := passes.Get()
	defer passes.Put(pass)
	pass.packed.Precision = l.Precision
	pass.packed.Set(3*h, h, 1, dense(w.WHH, 3*h))
	gru := gruTasks.Get()
	defer gruTasks.Put(gru)
	gru.layer, gru.bias, gru.memory, gru.y = l, w.BiasHN, m, y
	for s := range t {
		pass.packed.Mul(b, dense(h0, h), 0, dense(m.product[s*b*3*h:], 3*h))
		gru.step, gru.state = s, h0
		parallel.Run(b, 5*b*h, gru)
		h0 = y[s*b*h:]
	}
	*gru = gruTask{}
}

// GRUGradients receives gradients in the shapes of what they belong to; they are added to what is there. X and H0 may be nil.
type GRUGradients struct {
	GRUWeights
	X, H0 []float32
	Set   bool // those of the weights take the place of what is there: see DARTSCellGradients
}

// Backward computes gradients from dy [T][B][H], that of the outputs. x, h0 and y are those of the forward pass, and m what it remembered,
// which is used up.
func (l GRU) Backward(w GRUWeights, x, h0, y, dy []float32, m *GRUMemory, grad GRUGradients) {
	const op = "rnn.GRU.Backward"
	l.check(op, w)
	l.check(op, grad.GRUWeights)
	t, b, i, h := l.Steps, l.Batch, l.Input, l.Hidden
	want(op, "x", x, t*b*i)
	want(op, "h0", h0, b*h)
	want(op, "y", y, t*b*h)
	want(op, "dy", dy, t*b*h)
	want(op, "memory of a forward pass", m.product, t*b*3*h)
	wantIfAny(op, "gradient of x", grad.X, t*b*i)
	wantIfAny(op, "gradient of h0", grad.H0, b*h)
	pass := passes.Get()
	defer passes.Put(pass)
	pass.shift(h0, y, t, b, h)
	back := gruBackTasks.Get()
	defer gruBackTasks.Put(back)
	back.layer, back.memory, back.before, back.dy = l, m, pass.before, dy
	back.dh = grow(back.dh, b*h)
	clear(back.dh)
	pass.packed.Precision = l.Precision
	pass.packed.Set(h, 3*h, 1, transposed(w.WHH, 3*h))
	for s := t - 1; s >= 0; s-- {
		back.step = s
		parallel.Run(b, 6*b*h, back)
		if s > 0 || grad.H0 != nil {
			pass.packed.Mul(b, dense(m.product[s*b*3*h:], 3*h), 1, dense(back.dh, h))
		}
	}
	back.memory, back.before, back.dy = nil, nil, nil
	if grad.H0 != nil {
		vec.AddTo(grad.H0[:b*h], back.dh)
	}
	pass.packed.Set(3*h, t*b, 1, dense(m.product, 3*h))
	beta := keep(grad.Set)
	pass.packed.Mul(h, transposed(pass.before, h), beta, dense(grad.WHH, 3*h))
	back.bias.gradient(grad.BiasHN[:h], beta, m.product[2*h:], t*b, 3*h)
	back.bias.gradient(grad.Bias[:3*h], beta, m.gates, t*b, 3*h)
	dx := dense(m.gates, 3*h)
	l.Precision.Mul(i, 3*h, t*b, 1, transposed(x, i), dx, beta, dense(grad.WIH, 3*h))
	if grad.X != nil {
		l.Precision.Mul(t*b, i, 3*h, 1, dx, transposed(w.WIH, 3*h), 1, dense(grad.X, i))
	}
}

func (l GRU) check(op string, w GRUWeights) {
	if l.Steps < 1 || l.Batch < 1 || l.Input < 1 || l.Hidden < 1 {
		fault.Shape(op, fmt.Sprintf("layer %+v", l), "at least one of everything")
	}
	want(op, "WIH", w.WIH, l.Input*3*l.Hidden)
	want(op, "WHH", w.WHH, l.Hidden*3*l.Hidden)
	want(op, "bias", w.Bias, 3*l.Hidden)
	want(op, "bias of hn", w.BiasHN, l.Hidden)
}

// gruTask is what a step does to a row of its gates, once the products are there.
type gruTask struct {
	layer    GRU
	step     int
	bias     []float32 // bhn
	memory   *GRUMemory
	state, y []float32 // state: before the step, [B][H]
}

var gruTasks parallel.FreeList[gruTask]

func (t *gruTask) Chunk(w *parallel.Worker, row int) {
	h := t.layer.Hidden
	i := t.step*t.layer.Batch + row
	gates, product := t.memory.gates[i*3*h:][:3*h], t.memory.product[i*3*h:][:3*h]
	r, z, n, hn := gates[:h], gates[h:2*h], gates[2*h:], product[2*h:]
	vec.LocalAddTo(gates[:2*h], product[:2*h])
	vec.LocalSigmoid(gates[:2*h], gates[:2*h])
	vec.LocalAddTo(hn, t.bias[:h])
	state, y := t.state[row*h:][:h], t.y[i*h:][:h]
	vec.LocalMul(y, r, hn)
	vec.LocalAddTo(n, y)
	vec.LocalTanh(n, n)
	// h_t = n + z⊙(h_{t-1} − n)
	d := w.Scratch(h)
	copy(d, state)
	vec.LocalAxpy(d, -1, n)
	vec.LocalMul(d, d, z)
	vec.LocalAdd(y, n, d)
}

// gruBackTask is what a step of the backward pass does to a row: from dh, what the step behind it left of its gradient, it finds the
// gradients of both products, which replace them, and what of dh does not go through h·WHH.
type gruBackTask struct {
	layer  GRU
	step   int
	memory *GRUMemory
	before []float32 // the states that the steps began with
	dy     []float32
	dh     []float32 // [B][H]
	bias   columnSums
}

var gruBackTasks parallel.FreeList[gruBackTask]

func (t *gruBackTask) Chunk(w *parallel.Worker, row int) {
	h := t.layer.Hidden
	i := t.step*t.layer.Batch + row
	gates, product := t.memory.gates[i*3*h:][:3*h], t.memory.product[i*3*h:][:3*h]
	r, z, n, hn := gates[:h], gates[h:2*h], gates[2*h:], product[2*h:]
	state, dh := t.before[i*h:][:h], t.dh[row*h:][:h]
	scratch := w.Scratch(2 * h)
	a, b := scratch[:h], scratch[h:]

	vec.LocalAddTo(dh, t.dy[i*h:][:h])
	vec.LocalMul(b, dh, z) // what the state passes on by itself
	copy(a, state)
	vec.LocalAxpy(a, -1, n)
	vec.LocalMul(a, a, dh) // dh⊙(h_{t-1} − n)
	vec.LocalSigmoidBackward(z, z, a, false)
	vec.LocalAxpy(dh, -1, b) // dh⊙(1 − z)
	vec.LocalTanhBackward(n, n, dh, false)
	copy(dh, b)
	vec.LocalMul(a, n, hn)
	vec.LocalMul(hn, n, r)
	vec.LocalSigmoidBackward(r, r, a, false)
	copy(product[:2*h], gates[:2*h])
}
