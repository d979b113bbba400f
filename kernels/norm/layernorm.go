package norm

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// LayerNorm is a layer norm (Ba, Kiros and Hinton 2016, arXiv 1607.06450): each row is normalised by its own mean and variance,
//
//	y = γ⊙(x − mean)/√(variance + Eps) + β
//
// or, if RMS is set, by its root mean square alone (Zhang and Sennrich 2019, arXiv 1910.07467), y = γ⊙x/√(Σx²/C + Eps) + β.
type LayerNorm struct {
	Rows, Channels int
	Gamma, Beta    []float32 // nil: ones and zeros
	Eps            float64
	RMS            bool
}

// LayerNormMemory is what the backward pass needs of the forward pass. The zero value is ready, and may be used again.
type LayerNormMemory struct{ mean, inv []float32 } // of each row: the mean (zero for RMS), and 1/√(variance + Eps)

// Forward normalises the rows of x, ldx floats apart, to y, rows ldy floats apart. y may be x if Backward will not be called.
func (n LayerNorm) Forward(y []float32, ldy int, x []float32, ldx int, m *LayerNormMemory) {
	const op = "norm.LayerNorm.Forward"
	n.check(op)
	need(op, "input", x, n.Rows, n.Channels, ldx)
	need(op, "destination", y, n.Rows, n.Channels, ldy)
	m.mean, m.inv = grow(m.mean, n.Rows), grow(m.inv, n.Rows)
	n.run(layerNormTask{LayerNorm: n, memory: m, y: y, ldy: ldy, x: x, ldx: ldx})
}

// Backward computes the gradient of x, rows lddx floats apart, from g, that of y, with x as Forward read it and what it remembered. dx may
// be nil and is added to if add is set. The gradients of γ and β are added to dgamma and dbeta, which may be nil.
func (n LayerNorm) Backward(dx []float32, lddx int, add bool, g []float32, ldg int, x []float32, ldx int, m *LayerNormMemory, dgamma,
	dbeta []float32) {
	const op = "norm.LayerNorm.Backward"
	n.check(op)
	need(op, "input", x, n.Rows, n.Channels, ldx)
	need(op, "gradient", g, n.Rows, n.Channels, ldg)
	if dx != nil {
		need(op, "destination", dx, n.Rows, n.Channels, lddx)
	}
	fault.CheckLen(op, "memory of a forward pass", len(m.inv), n.Rows)
	checkGradients(op, n.Channels, dgamma, dbeta)
	n.run(layerNormTask{LayerNorm: n, memory: m, y: dx, ldy: lddx, x: x, ldx: ldx, g: g, ldg: ldg, add: add, backward: true,
		dgamma: dgamma, dbeta: dbeta})
}

func (n LayerNorm) check(op string) {
	if n.Rows < 0 || n.Channels < 1 {
		fault.Shape(op, fmt.Sprintf("%d rows of %d", n.Rows, n.Channels), "at least one channel")
	}
	checkAffine(op, n.Channels, n.Gamma, n.Beta)
}

// layerNormTask is a pass of a layer norm; a chunk is some rows.
type layerNormTask struct {
	LayerNorm
	memory        *LayerNormMemory
	y, x, g       []float32 // y: the destination
	ldy, ldx, ldg int
	add, backward bool
	dgamma, dbeta []float32
	cut           cut
	part          partial   // Σg and Σg⊙x̂ of each chunk
	sums          []float64 // of both
	ones, zeros   []float32
}

var layerNormTasks parallel.FreeList[layerNormTask]

func (n LayerNorm) run(call layerNormTask) {
	t := layerNormTasks.Get()
	defer layerNormTasks.Put(t)
	call.part, call.sums, call.ones, call.zeros = t.part, t.sums, t.ones, t.zeros
	*t = call
	c := n.Channels
	for len(t.ones) < c {
		t.ones, t.zeros = append(t.ones, 1), append(t.zeros, 0)
	}
	if t.Gamma == nil {
		t.Gamma = t.ones[:c]
	}
	if t.Beta == nil {
		t.Beta = t.zeros[:c]
	}
	t.cut = cutRows(n.Rows, c)
	if t.backward {
		t.part.reset(t.cut.chunks, 2*c)
	}
	parallel.Run(t.cut.chunks, n.Rows*c, t)
	if t.backward {
		t.sums = grow(t.sums, c)
		for i, gradient := range [][]float32{t.dbeta, t.dgamma} {
			if gradient != nil {
				t.part.total(t.sums, i*c)
				addOver(gradient, t.sums, c)
			}
		}
	}
	*t = layerNormTask{part: t.part, sums: t.sums, ones: t.ones, zeros: t.zeros}
}

func (t *layerNormTask) Chunk(w *parallel.Worker, i int) {
	lo, hi := t.cut.at(i)
	if !t.backward {
		for r := lo; r < hi; r++ {
			t.forward(r)
		}
		return
	}
	c := t.Channels
	p := t.part.of(i)
	step := max(4, blockFloats/c)
	for ; lo < hi; lo += step {
		n := min(step, hi-lo)
		hat := w.Scratch(n * c)
		for r := range n {
			t.gradient(lo+r, hat[r*c:][:c])
		}
		active.gradSums(t.g[lo*t.ldg:], t.ldg, hat, c, n, p[:c], p[c:])
	}
}

// forward normalises row r.
func (t *layerNormTask) forward(r int) {
	x, y := t.x[r*t.ldx:][:t.Channels], t.y[r*t.ldy:][:t.Channels]
	sum, sumsq := active.rowSums(x)
	var mean float64
	m := float64(t.Channels)
	if !t.RMS {
		mean = sum / m
	}
	inv := 1 / math.Sqrt(max(sumsq/m-mean*mean, 0)+t.Eps)
	t.memory.mean[r], t.memory.inv[r] = float32(mean), float32(inv)
	active.rowScale(y, x, t.Gamma, t.Beta, float32(inv), float32(-mean*inv))
}

// gradient computes x̂ of row r and its part of the gradient of x: with the sums over the C values of the row,
//
//	dx = 1/σ · (γ⊙g − Σγ⊙g/C − x̂·Σ(γ⊙g⊙x̂)/C)
func (t *layerNormTask) gradient(r int, hat []float32) {
	x, g := t.x[r*t.ldx:][:t.Channels], t.g[r*t.ldg:][:t.Channels]
	inv := t.memory.inv[r]
	active.rowScale(hat, x, t.ones[:t.Channels], t.zeros[:t.Channels], inv, -t.memory.mean[r]*inv)
	if t.y == nil {
		return
	}
	sum, dot := active.rowDots(g, hat, t.Gamma)
	if t.RMS {
		sum = 0
	}
	m := float64(t.Channels)
	active.rowAffine(t.y[r*t.ldy:][:t.Channels], g, hat, t.Gamma, inv, float32(-float64(inv)*dot/m), float32(-float64(inv)*sum/m), t.add)
}
