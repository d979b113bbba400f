package norm

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// GroupNorm is a group norm (Wu and He 2018, arXiv 1803.08494): the channels of each of N samples are cut into Groups of equal size, and
// each group is normalised by its mean and variance over the rows (pixels) and channels that it has in the sample,
//
//	y = γ⊙(x − mean)/√(variance + Eps) + β
//
// with γ and β per channel. As many groups as channels make an instance norm.
//
// For one sample it is what a batch norm is for a batch, scale⊙x + shift forward and a⊙g + b⊙x + c backward, so that it has the same passes
// over memory. A chunk of work is a sample, and its second pass finds it in cache.
type GroupNorm struct {
	Samples, Rows, Channels, Groups int
	Gamma, Beta                     []float32 // nil: ones and zeros
	Eps                             float64
}

// Memory is what the backward pass of a [GroupNorm] or a [LayerNorm] needs of the forward pass. The zero value is ready, and may be used
// again.
type Memory struct{ mean, inv []float64 } // of each group of each sample, or each row: the mean, or zero, and 1/√(variance + Eps)

// Forward normalises x, [N·rows][C], rows ldx floats apart, to y, rows ldy floats apart. y may be x if Backward will not be called.
func (n GroupNorm) Forward(y []float32, ldy int, x []float32, ldx int, m *Memory) {
	const op = "norm.GroupNorm.Forward"
	n.check(op)
	need(op, "input", x, n.Samples*n.Rows, n.Channels, ldx)
	need(op, "destination", y, n.Samples*n.Rows, n.Channels, ldy)
	m.mean, m.inv = grow(m.mean, n.Samples*n.Groups), grow(m.inv, n.Samples*n.Groups)
	n.run(groupNormTask{GroupNorm: n, memory: m, y: y, ldy: ldy, x: x, ldx: ldx})
}

// Backward computes the gradient of x, rows lddx floats apart, from g, that of y, with x as Forward read it and what it remembered. dx may
// be nil and is added to if add is set. The gradients of γ and β are added to dgamma and dbeta, which may be nil.
func (n GroupNorm) Backward(dx []float32, lddx int, add bool, g []float32, ldg int, x []float32, ldx int, m *Memory,
	dgamma, dbeta []float32) {
	const op = "norm.GroupNorm.Backward"
	n.check(op)
	need(op, "input", x, n.Samples*n.Rows, n.Channels, ldx)
	need(op, "gradient", g, n.Samples*n.Rows, n.Channels, ldg)
	if dx != nil {
		need(op, "destination", dx, n.Samples*n.Rows, n.Channels, lddx)
	}
	fault.CheckLen(op, "memory of a forward pass", len(m.inv), n.Samples*n.Groups)
	checkGradients(op, n.Channels, dgamma, dbeta)
	n.run(groupNormTask{GroupNorm: n, memory: m, y: dx, ldy: lddx, x: x, ldx: ldx, g: g, ldg: ldg, add: add, backward: true,
		dgamma: dgamma, dbeta: dbeta})
}

func (n GroupNorm) check(op string) {
	if n.Samples < 0 || n.Rows < 1 || n.Channels < 1 || n.Groups < 1 || n.Channels%n.Groups != 0 {
		fault.Shape(op, fmt.Sprintf("%d samples of %d × %d values in %d groups", n.Samples, n.Rows, n.Channels, n.Groups),
			"rows, and channels that fall into groups of equal size")
	}
	checkAffine(op, n.Channels, n.Gamma, n.Beta)
}

// checkAffine panics unless there are as many γ and β as channels, or none.
func checkAffine(op string, c int, gamma, beta []float32) {
	for _, v := range [][]float32{gamma, beta} {
		if v != nil && len(v) != c {
			fault.Shape(op, fmt.Sprintf("%d values of γ or β", len(v)), fmt.Sprintf("%d, or none", c))
		}
	}
}

// checkGradients panics unless the gradients of γ and β that are wanted have room for all channels.
func checkGradients(op string, c int, gradients ...[]float32) {
	for _, v := range gradients {
		if v != nil {
			fault.CheckLen(op, "gradient of γ or β", len(v), c)
		}
	}
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// groupNormTask is a pass of a group norm; a chunk is a sample. What it calls may share its work in turn: of few samples with many pixels.
type groupNormTask struct {
	GroupNorm
	memory         *Memory
	y, x, g        []float32 // y: the destination
	ldy, ldx, ldg  int
	add, backward  bool
	dgamma, dbeta  []float32
	sumG, sumGHat  []float64 // [N][C]: Σg and Σg⊙x̂
	keptG, keptHat []float64 // the memory of those
}

var groupNormTasks parallel.FreeList[groupNormTask]

func (n GroupNorm) run(call groupNormTask) {
	t := groupNormTasks.Get()
	defer groupNormTasks.Put(t)
	call.keptG, call.keptHat = t.keptG, t.keptHat
	if call.backward {
		call.keptG, call.keptHat = grow(call.keptG, n.Samples*n.Channels), grow(call.keptHat, n.Samples*n.Channels)
		call.sumG, call.sumGHat = call.keptG, call.keptHat
	}
	*t = call
	parallel.Run(n.Samples, n.Samples*n.Rows*n.Channels/2, t)
	addOver(t.dbeta, t.sumG, n.Channels)
	addOver(t.dgamma, t.sumGHat, n.Channels)
	*t = groupNormTask{keptG: call.keptG, keptHat: call.keptHat}
}

// addOver adds the rows of sums, one for each sample, in their order to a gradient, which may be nil.
func addOver(gradient []float32, sums []float64, c int) {
	if gradient == nil {
		return
	}
	for j := range c {
		var s float64
		for i := j; i < len(sums); i += c {
			s += sums[i]
		}
		gradient[j] += float32(s)
	}
}

// groupNormSample is what a chunk works with: per channel.
type groupNormSample struct {
	sum, sumsq []float64
	a, b, c    []float32
	terms      [1]Term
	sums       [1][]float64
}

var groupNormSamples parallel.FreeList[groupNormSample]

func (t *groupNormTask) Chunk(_ *parallel.Worker, i int) {
	s := groupNormSamples.Get()
	defer groupNormSamples.Put(s)
	c := t.Channels
	s.sum, s.sumsq = grow(s.sum, c), grow(s.sumsq, c)
	s.a, s.b, s.c = grow(s.a, c), grow(s.b, c), grow(s.c, c)
	x, row := t.x[i*t.Rows*t.ldx:], i*t.Rows
	mean, inv := t.memory.mean[i*t.Groups:][:t.Groups], t.memory.inv[i*t.Groups:][:t.Groups]
	if t.backward {
		t.gradients(s, i, x, t.g[row*t.ldg:], mean, inv)
	} else {
		runStats(&active, x, t.Rows, c, t.ldx, s.sum, s.sumsq)
		t.moments(s, mean, inv)
		s.terms[0] = Term{X: x, LD: t.ldx, Scale: s.a, Shift: s.b}
		runApply(&active, t.y[row*t.ldy:], t.Rows, c, t.ldy, s.terms[:], activation.Identity)
	}
	s.terms[0] = Term{}
}

// moments turns the sums of the channels into mean and 1/σ of the groups, and into what that makes of a channel.
func (t *groupNormTask) moments(s *groupNormSample, mean, inv []float64) {
	size := t.Channels / t.Groups
	m := float64(t.Rows * size)
	for k := range mean {
		var sum, sumsq float64
		for j := k * size; j < (k+1)*size; j++ {
			sum, sumsq = sum+s.sum[j], sumsq+s.sumsq[j]
		}
		mean[k] = sum / m
		inv[k] = 1 / math.Sqrt(max(sumsq/m-mean[k]*mean[k], 0)+t.Eps)
		for j := k * size; j < (k+1)*size; j++ {
			scale := at(t.Gamma, j, 1) * inv[k]
			s.a[j], s.b[j] = float32(scale), float32(at(t.Beta, j, 0)-scale*mean[k])
		}
	}
}

// at is v[j], or what stands for it if v is nil.
func at(v []float32, j int, otherwise float64) float64 {
	if v == nil {
		return otherwise
	}
	return float64(v[j])
}

// gradients is the backward pass of a sample: with the sums over the m values of a group,
//
//	dx = 1/σ · (γ⊙g − Σγ⊙g/m − x̂·Σ(γ⊙g⊙x̂)/m) = a⊙g + b⊙x + c
func (t *groupNormTask) gradients(s *groupNormSample, i int, x, g []float32, mean, inv []float64) {
	c, size := t.Channels, t.Channels/t.Groups
	s.terms[0] = Term{X: x, LD: t.ldx}
	s.sums[0] = s.sumsq
	runGradSums(&active, g, t.Rows, c, t.ldg, s.terms[:], gate{}, nil, 0, s.sum, s.sums[:])
	m := float64(t.Rows * size)
	sumG, sumGHat := t.sumG[i*c:][:c], t.sumGHat[i*c:][:c]
	for k := range mean {
		var sum, dot float64
		for j := k * size; j < (k+1)*size; j++ {
			sumG[j], sumGHat[j] = s.sum[j], inv[k]*(s.sumsq[j]-mean[k]*s.sum[j])
			sum += at(t.Gamma, j, 1) * sumG[j]
			dot += at(t.Gamma, j, 1) * sumGHat[j]
		}
		b := -inv[k] * inv[k] * dot / m
		for j := k * size; j < (k+1)*size; j++ {
			s.a[j], s.b[j], s.c[j] = float32(at(t.Gamma, j, 1)*inv[k]), float32(b), float32(-inv[k]*sum/m-b*mean[k])
		}
	}
	if t.y != nil {
		row := i * t.Rows
		runAffine(&active, t.y[row*t.ldy:], t.ldy, t.add, g, t.ldg, x, t.ldx, t.Rows, c, gate{}, s.a, s.b, s.c)
	}
}
