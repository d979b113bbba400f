package norm

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
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

// Forward normalises the rows of x, ldx floats apart, to y, rows ldy floats apart. y may be x if Backward will not be called.
func (n LayerNorm) Forward(y []float32, ldy int, x []float32, ldx int, m *Memory) {
	const op = "norm.LayerNorm.Forward"
	n.check(op)
	need(op, "input", x, n.Rows, n.Channels, ldx)
	need(op, "destination", y, n.Rows, n.Channels, ldy)
	m.mean, m.inv = grow(m.mean, n.Rows), grow(m.inv, n.Rows)
	n.run(layerNormTask{LayerNorm: n, memory: m, y: y, ldy: ldy, x: x, ldx: ldx})
}

// Backward computes the gradient of x, rows lddx floats apart, from g, that of y, with x as Forward read it and what it remembered. dx may
// be nil and is added to if add is set. The gradients of γ and β are added to dgamma and dbeta, which may be nil.
func (n LayerNorm) Backward(dx []float32, lddx int, add bool, g []float32, ldg int, x []float32, ldx int, m *Memory,
	dgamma, dbeta []float32) {
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

// rowsPerSum is how many rows are summed up before their sums are added to those of the chunk, so that errors stay small.
const rowsPerSum = 32

// layerNormTask is a pass of a layer norm; a chunk is some rows.
type layerNormTask struct {
	LayerNorm
	memory        *Memory
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
	scratch := w.Scratch(3 * c)
	sums, unwanted := scratch[:2*c], scratch[2*c:]
	for ; lo < hi; lo += rowsPerSum {
		clear(sums)
		for r := lo; r < min(lo+rowsPerSum, hi); r++ {
			t.gradient(r, sums[:c], sums[c:], unwanted)
		}
		vec.LocalAddTo(p, sums)
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
	t.memory.mean[r], t.memory.inv[r] = mean, inv
	active.rowScale(y, x, t.Gamma, t.Beta, float32(inv), float32(-mean*inv))
}

// gradient computes the gradient of row r of x, and adds g and g⊙x̂ to the sums: with the sums over the C values of the row,
//
//	dx = 1/σ · (γ⊙g − Σγ⊙g/C − x̂·Σ(γ⊙g⊙x̂)/C)
//
// The gradient goes to unwanted if nobody wants it.
func (t *layerNormTask) gradient(r int, sumG, sumGHat, unwanted []float32) {
	c := t.Channels
	x, g := t.x[r*t.ldx:][:c], t.g[r*t.ldg:][:c]
	inv := t.memory.inv[r]
	a, b := float32(inv), float32(-t.memory.mean[r]*inv) // x̂ = a·x + b
	sum, dot := active.rowDots(g, x, t.Gamma, a, b)
	if t.RMS {
		sum = 0
	}
	dx := unwanted
	if t.y != nil {
		dx = t.y[r*t.ldy:][:c]
	}
	m := float64(c)
	active.rowGrad(dx, g, x, t.Gamma, sumG, sumGHat, a, b, a, float32(-inv*dot/m), float32(-inv*sum/m), t.add)
}
