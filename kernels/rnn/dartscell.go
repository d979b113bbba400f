package rnn

import (
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// DARTSCell is the shape of the recurrent cell of DARTS (Liu, Simonyan and Yang 2019, section 3.2): a step in time is n+1 inner steps
// of the kind of [Highway] (Zilly et al. 2017), of which the first reads the input, and each of the others one state before it,
//
//	[c g] = [x_t⊙m_x  h_{t-1}⊙m_h]·W0,  s_0     = h_{t-1} + σ(c)⊙(tanh(g) − h_{t-1})
//	[c g] = (p⊙m_h)·W[i],               s_{i+1} = p + σ(c)⊙(f_i(g) − p),  p = s_{Switch[i]},  f_i = Act[i],  0 ≤ i < n
//	h_t = (s_1 + … + s_n) / n
//
// The masks are the same for the whole sequence: see [Mask]. They are upon what the matrices read, not upon what is carried on.
type DARTSCell struct {
	Steps, Batch, Input, Hidden int               // T, B, I, H
	Switch                      []int             // n of them, 0 ≤ Switch[i] ≤ i
	Act                         []activation.Func // as many
	Precision                   gemm.Precision    // of the products, forward and backward
}

// DARTSCellWeights holds W0 [I+H][2H], the rows of the input above those of the state, and n matrices W [H][2H], c to the left of g.
type DARTSCellWeights struct {
	W0 []float32
	W  [][]float32
}

// DARTSCellMemory is what the backward pass needs of the forward pass. The zero value is ready; it grows to some
// 3·(n+1)·T·B·H + 2·(n+1)·H² floats and may be used again.
type DARTSCellMemory struct {
	// Of each inner step, the first included, what the products gave and what became of it, and the state that it read:
	// h_{t-1}, s_0, …, s_{n-1}, where nothing is kept of a state that none reads.
	z      []float32 // [n+1][T·B][2H]: c and g, then σ(c) and f(g), then the gradients of c and g
	states []float32 // [n+1][T·B][H]; Backward multiplies them with the mask
	input  []float32 // [T·B][I]: x⊙m_x, if there is such a mask

	packed []gemm.Packed // [n+1]: the lower part of W0, W; on the way back their transposes

	// Of one step in time.
	masked  []float32 // [n+1][B][H]: the states times the mask, if there is one
	carried []float32 // [n+1][B][H]: gradients of the states but for what came through the products, of which the mask is a factor
	through []float32 // [n+1][B][H]: and what came through them
	mean    []float32 // [B][H]: the gradient of every state in the mean
}

// Forward computes y [T][B][H], the outputs h_t, from x [T][B][I] and the initial state h0 [B][H]. The masks, maskX [B][I] and
// maskH [B][H], may be nil.
func (c DARTSCell) Forward(w DARTSCellWeights, x, h0, maskX, maskH, y []float32, m *DARTSCellMemory) {
	const op = "rnn.DARTSCell.Forward"
	c.check(op, w)
	c.checkOperands(op, x, h0, maskX, maskH, y)
	t, b, i, h, n := c.Steps, c.Batch, c.Input, c.Hidden, len(c.Switch)
	m.z, m.states = growAligned(m.z, (n+1)*t*b*2*h), growAligned(m.states, (n+1)*t*b*h)
	if maskX != nil {
		m.input = growAligned(m.input, t*b*i)
		Dropout(m.input, x[:t*b*i], maskX[:b*i])
		x = m.input
	}
	if maskH != nil {
		m.masked = growAligned(m.masked, (n+1)*b*h)
	}
	// The inputs of all steps in one product; all other matrices are laid out once for all steps.
	c.Precision.Mul(t*b, 2*h, i, 1, dense(x, i), dense(w.W0, 2*h), 0, dense(m.z, 2*h))
	m.packed = grow(m.packed, n+1)
	c.setPrecision(m.packed)
	m.packed[0].Set(2*h, h, 1, dense(w.W0[i*2*h:], 2*h))
	for j, w := range w.W {
		m.packed[j+1].Set(2*h, h, 1, dense(w, 2*h))
	}
	darts := cellTasks.Get()
	defer cellTasks.Put(darts)
	*darts = cellTask{cell: c, memory: m, maskH: maskH, h0: h0, y: y, phase: cellStart}
	darts.run()
	darts.phase = cellForward
	for s := range t {
		darts.step = s
		for j := range n + 1 {
			darts.inner, darts.state = j, c.reads(j)
			p := m.states[(darts.state*t+s)*b*h:]
			if maskH != nil {
				p = m.masked[darts.state*b*h:]
			}
			beta := float32(0)
			if j == 0 {
				beta = 1 // to what the input gave
			}
			m.packed[j].Mul(b, dense(p, h), beta, dense(m.z[(j*t+s)*b*2*h:], 2*h))
			darts.read = c.lastReader(j+1) > 0
			darts.run()
		}
	}
	*darts = cellTask{}
}

// DARTSCellGradients receives gradients in the shapes of what they belong to; they are added to what is there. X and H0 may be nil.
type DARTSCellGradients struct {
	DARTSCellWeights
	X, H0 []float32
	// Set says that the gradients of the weights take the place of what is there. The weights of a large cell do not fit the caches,
	// so that it takes some time to clear their gradients and to read the zeros again.
	Set bool
}

// Backward computes gradients from dy [T][B][H], that of the outputs. x, h0, the masks and y are those of the forward pass, and m what
// it remembered, which is used up.
func (c DARTSCell) Backward(w DARTSCellWeights, x, h0, maskX, maskH, y, dy []float32, m *DARTSCellMemory, grad DARTSCellGradients) {
	const op = "rnn.DARTSCell.Backward"
	c.check(op, w)
	c.check(op, grad.DARTSCellWeights)
	c.checkOperands(op, x, h0, maskX, maskH, y)
	t, b, i, h, n := c.Steps, c.Batch, c.Input, c.Hidden, len(c.Switch)
	want(op, "dy", dy, t*b*h)
	want(op, "memory of a forward pass", m.z, (n+1)*t*b*2*h)
	wantIfAny(op, "gradient of x", grad.X, t*b*i)
	wantIfAny(op, "gradient of h0", grad.H0, b*h)
	m.carried, m.through, m.mean = growAligned(m.carried, (n+1)*b*h), growAligned(m.through, (n+1)*b*h), growAligned(m.mean, b*h)
	c.setPrecision(m.packed)
	m.packed[0].Set(h, 2*h, 1, transposed(w.W0[i*2*h:], 2*h))
	for j, w := range w.W {
		m.packed[j+1].Set(h, 2*h, 1, transposed(w, 2*h))
	}
	darts := cellTasks.Get()
	defer cellTasks.Put(darts)
	*darts = cellTask{cell: c, memory: m, maskH: maskH, y: dy, phase: cellBackward}
	for s := t - 1; s >= 0; s-- {
		darts.step = s
		for j := n; j >= 0; j-- {
			q := c.reads(j)
			darts.inner, darts.state = j, q
			darts.first, darts.last = c.lastReader(q) == j, c.firstReader(q) == j
			darts.run()
			if j > 0 || s > 0 || grad.H0 != nil {
				beta := float32(1)
				if darts.first {
					beta = 0
				}
				m.packed[j].Mul(b, dense(m.z[(j*t+s)*b*2*h:], 2*h), beta, dense(m.through[q*b*h:], h))
			}
		}
	}
	if grad.H0 != nil {
		darts.y, darts.phase = grad.H0, cellEnd
		darts.run()
	}
	*darts = cellTask{}
	if maskX != nil {
		x = m.input
	}
	beta := keep(grad.Set)
	dz := dense(m.z, 2*h)
	c.Precision.Mul(i, 2*h, t*b, 1, transposed(x, i), dz, beta, dense(grad.W0, 2*h))
	c.Precision.Mul(h, 2*h, t*b, 1, transposed(m.states, h), dz, beta, dense(grad.W0[i*2*h:], 2*h))
	for j := range grad.W {
		p, dz := m.states[c.reads(j+1)*t*b*h:], m.z[(j+1)*t*b*2*h:]
		c.Precision.Mul(h, 2*h, t*b, 1, transposed(p, h), dense(dz, 2*h), beta, dense(grad.W[j], 2*h))
	}
	switch {
	case grad.X == nil:
	case maskX == nil:
		c.Precision.Mul(t*b, i, 2*h, 1, dz, transposed(w.W0, 2*h), 1, dense(grad.X, i))
	default:
		c.Precision.Mul(t*b, i, 2*h, 1, dz, transposed(w.W0, 2*h), 0, dense(m.input, i))
		Dropout(m.input, m.input, maskX[:b*i])
		vec.AddTo(grad.X[:t*b*i], m.input)
	}
}

// setPrecision prepares matrices that are to be laid out.
func (c DARTSCell) setPrecision(packed []gemm.Packed) {
	for j := range packed {
		packed[j].Precision = c.Precision
	}
}

func (c DARTSCell) check(op string, w DARTSCellWeights) {
	n := len(c.Switch)
	if c.Steps < 1 || c.Batch < 1 || c.Input < 1 || c.Hidden < 1 || n < 1 || len(c.Act) != n || len(w.W) != n {
		fault.Shape(op, fmt.Sprintf("cell %+v with %d matrices beside W0", c, len(w.W)),
			"at least one of everything, and an activation and a matrix for each switch")
	}
	for j, q := range c.Switch {
		if q < 0 || q > j || !evaluates(c.Act[j]) {
			fault.Shape(op, fmt.Sprintf("inner step %d that reads state %d and has activation %d", j, q, c.Act[j]),
				fmt.Sprintf("a state from 0 to %d and Identity, ReLU, Tanh or Sigmoid", j))
		}
	}
	want(op, "W0", w.W0, (c.Input+c.Hidden)*2*c.Hidden)
	for _, w := range w.W {
		want(op, "W", w, c.Hidden*2*c.Hidden)
	}
}

// checkOperands checks what a cell reads and writes both ways.
func (c DARTSCell) checkOperands(op string, x, h0, maskX, maskH, y []float32) {
	want(op, "x", x, c.Steps*c.Batch*c.Input)
	want(op, "h0", h0, c.Batch*c.Hidden)
	wantIfAny(op, "mask of x", maskX, c.Batch*c.Input)
	wantIfAny(op, "mask of h", maskH, c.Batch*c.Hidden)
	want(op, "y", y, c.Steps*c.Batch*c.Hidden)
}

// The inner steps are counted from 0, which is that of the input, to n, and the states that they read from 0, which is h_{t-1}: inner
// step j makes state j+1.

// reads returns the state that inner step j reads.
func (c DARTSCell) reads(j int) int {
	if j == 0 {
		return 0
	}
	return c.Switch[j-1] + 1
}

// firstReader and lastReader return the inner steps that do so, or 0 for a state other than the first if none does.
func (c DARTSCell) firstReader(state int) int { return slices.Index(c.Switch, state-1) + 1 }

func (c DARTSCell) lastReader(state int) int {
	for j := len(c.Switch); j > 0; j-- {
		if c.reads(j) == state {
			return j
		}
	}
	return 0
}

// activation returns that of inner step j.
func (c DARTSCell) activation(j int) activation.Func {
	if j == 0 {
		return activation.Tanh
	}
	return c.Act[j-1]
}

// cellTask is what an inner step does to a row beside the products.
type cellTask struct {
	cell   DARTSCell
	memory *DARTSCellMemory
	maskH  []float32
	h0     []float32
	y      []float32 // the outputs or, on the way back, their gradient
	phase  cellPhase

	step, inner, state int  // time, inner step, and what that reads
	read               bool // by others: the state that it makes
	first, last        bool // on the way back: whether it is the first, the last one to come by the state
}

type cellPhase int

const (
	cellStart    cellPhase = iota // h0 becomes the state of the first step
	cellForward                   // an inner step, after its product
	cellBackward                  // the way back through it, before the product
	cellEnd                       // the gradient of the state of the first step is added to y
)

var cellTasks parallel.FreeList[cellTask]

// row returns a row of [..][B][H] at a state, a time or both in the batch.
func (t *cellTask) row(x []float32, at, row int) []float32 {
	h := t.cell.Hidden
	return x[(at*t.cell.Batch+row)*h:][:h]
}

// rowOfState returns the row of a state at a time, and rowOfZ those of c and g, as one.
func (t *cellTask) rowOfState(state, step, row int) []float32 {
	return t.row(t.memory.states, state*t.cell.Steps+step, row)
}

func (t *cellTask) rowOfZ(row int) (c, g []float32) {
	h := t.cell.Hidden
	z := t.memory.z[((t.inner*t.cell.Steps+t.step)*t.cell.Batch+row)*2*h:][:2*h]
	return z[:h], z[h:]
}

// cellFloats is how many numbers of a state a chunk takes at least: to wake a worker for less costs more than it saves.
const cellFloats = 1 << 11

// rows is how many rows a chunk has.
func (t *cellTask) rows() int { return max(1, cellFloats/t.cell.Hidden) }

func (t *cellTask) run() {
	parallel.Run((t.cell.Batch+t.rows()-1)/t.rows(), 3*t.cell.Batch*t.cell.Hidden, t)
}

func (t *cellTask) Chunk(w *parallel.Worker, i int) {
	for row := i * t.rows(); row < min((i+1)*t.rows(), t.cell.Batch); row++ {
		t.pass(w, row)
	}
}

// pass takes a row through the phase.
func (t *cellTask) pass(w *parallel.Worker, row int) {
	switch t.phase {
	case cellStart:
		s := t.rowOfState(0, 0, row)
		copy(s, t.row(t.h0, 0, row))
		t.mask(s, 0, row)
	case cellForward:
		t.forward(w, row)
	case cellBackward:
		t.backward(w, row)
	case cellEnd:
		vec.LocalAddTo(t.row(t.y, 0, row), t.gradient(w.Scratch(t.cell.Hidden), 0, row))
	}
}

// mask multiplies a row of a state that will be read.
func (t *cellTask) mask(s []float32, state, row int) {
	if t.maskH != nil {
		vec.LocalMul(t.row(t.memory.masked, state, row), s, t.row(t.maskH, 0, row))
	}
}

// forward computes a row of the state that inner step t.inner makes, and adds it to the mean.
func (t *cellTask) forward(w *parallel.Worker, row int) {
	h, n := t.cell.Hidden, len(t.cell.Switch)
	s := w.Scratch(h)
	if t.read {
		s = t.rowOfState(t.inner+1, t.step, row)
	}
	c, g := t.rowOfZ(row)
	t.cell.activation(t.inner).Local(g, g)
	vec.LocalGate(s, c, g, t.rowOfState(t.state, t.step, row))
	if t.read {
		t.mask(s, t.inner+1, row)
	}
	y := t.row(t.y, t.step, row)
	switch t.inner {
	case 0: // no part of the mean
	case 1:
		copy(y, s)
	default:
		vec.LocalAddTo(y, s)
	}
	if t.inner == n {
		vec.LocalScale(y, 1/float32(n), y)
		if t.step+1 < t.cell.Steps {
			next := t.rowOfState(0, t.step+1, row)
			copy(next, y)
			t.mask(next, 0, row)
		}
	}
}

// backward computes a row of the gradients of c and g from that of the state which inner step t.inner made, and passes on what goes by
// them to the state that it read.
func (t *cellTask) backward(w *parallel.Worker, row int) {
	h, n, m := t.cell.Hidden, len(t.cell.Switch), t.memory
	scratch := w.Scratch(2 * h)
	a, d := scratch[:h], scratch[h:]
	mean := t.row(m.mean, 0, row)
	switch {
	case t.inner == n:
		copy(mean, t.row(t.y, t.step, row))
		if t.step+1 < t.cell.Steps {
			vec.LocalAddTo(mean, t.gradient(d, 0, row))
		}
		vec.LocalScale(mean, 1/float32(n), mean)
		fallthrough
	case t.cell.lastReader(t.inner+1) == 0:
		d = mean
	default:
		d = t.gradient(d, t.inner+1, row)
	}
	dp := t.row(m.carried, t.state, row)
	before := dp
	switch {
	case !t.first:
	case t.state < 2: // h_{t-1} and s_0 are no part of the mean
		clear(dp)
	default:
		before = mean
	}
	c, g := t.rowOfZ(row)
	p := t.rowOfState(t.state, t.step, row)
	vec.LocalGateBackward(dp, before, a, c, g, p, d)
	t.cell.activation(t.inner).LocalBackward(g, g, a, false)
	if t.last && t.maskH != nil {
		vec.LocalMul(p, p, t.row(t.maskH, 0, row)) // as the matrices read it
	}
}

// gradient puts a row of the gradient of a state that was read into d, and returns it.
func (t *cellTask) gradient(d []float32, state, row int) []float32 {
	through := t.row(t.memory.through, state, row)
	if t.maskH != nil {
		vec.LocalMul(d, through, t.row(t.maskH, 0, row))
		through = d
	}
	vec.LocalAdd(d, through, t.row(t.memory.carried, state, row))
	return d
}

// growAligned is grow for what kernels work on: see [memory.Aligned].
func growAligned(s []float32, n int) []float32 {
	if cap(s) < n {
		return memory.Aligned(n)
	}
	return s[:n]
}
