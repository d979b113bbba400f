package softmax

import (
	"fmt"
	"math"
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// Ignore is the label of a row that does not count: PyTorch's ignore_index.
const Ignore = -100

// CrossEntropy returns the sum of the losses over the rows of logits, [len(labels)][k], with label smoothing in [0, 1), and how
// many rows are predicted correctly: their largest logit, the first of several, is the label's and the loss is not NaN.
//
// If dLogits is not nil it receives the gradient of the sum times gradScale, in the shape of the logits; for the mean
// over a batch gradScale is 1/len(labels). It may be the slice of the logits itself. Labels are in [0, k), or
// [Ignore]: then neither loss nor gradient come of the row.
func CrossEntropy(dLogits, logits []float32, labels []int32, k int, smoothing float64, gradScale float32) (loss float64, correct int) {
	if len(logits) != len(labels)*k || dLogits != nil && len(dLogits) != len(logits) {
		fault.Shape("softmax.CrossEntropy", fmt.Sprintf("%d logits and %d gradients", len(logits), len(dLogits)),
			fmt.Sprintf("%d rows of %d classes", len(labels), k))
	}
	for i, y := range labels {
		if (y < 0 || int(y) >= k) && y != Ignore {
			fault.Shape("softmax.CrossEntropy", fmt.Sprintf("label %d in row %d", y, i), fmt.Sprintf("one of %d classes", k))
		}
	}
	if len(logits) == 0 {
		return 0, 0
	}
	t := tasks.Get()
	defer tasks.Put(t)
	t.dLogits, t.logits, t.labels, t.k, t.smoothing, t.gradScale = dLogits, logits, labels, k, smoothing, gradScale
	t.rows = max(1, chunkFloats/k)
	chunks := (len(labels) + t.rows - 1) / t.rows
	if cap(t.sums) < chunks {
		t.sums = make([]chunkSum, chunks)
	}
	t.sums = t.sums[:chunks]
	parallel.Run(chunks, len(logits), t)
	for _, s := range t.sums {
		loss += s.loss
		correct += s.correct
	}
	t.dLogits, t.logits, t.labels = nil, nil, nil
	return loss, correct
}

var tasks parallel.FreeList[task]

// chunkFloats is about how many logits a chunk handles.
const chunkFloats = 1 << 12

type task struct {
	dLogits, logits []float32
	labels          []int32
	k               int
	smoothing       float64
	gradScale       float32
	rows            int        // in a chunk
	sums            []chunkSum // of each chunk
}

type chunkSum struct {
	loss    float64
	correct int
}

func (t *task) Chunk(w *parallel.Worker, i int) {
	var s chunkSum
	for r := i * t.rows; r < min((i+1)*t.rows, len(t.labels)); r++ {
		x, y := t.logits[r*t.k:(r+1)*t.k], int(t.labels[r])
		var dx []float32
		if t.dLogits != nil {
			dx = t.dLogits[r*t.k : (r+1)*t.k]
		}
		if y == Ignore {
			clear(dx)
			continue
		}
		if dx == nil {
			dx = w.Scratch(t.k)
		}
		loss, correct := t.row(dx, x, y)
		s.loss += loss
		if correct {
			s.correct++
		}
	}
	t.sums[i] = s
}

// row computes the loss of one row and leaves its gradient in dx, which may be x.
func (t *task) row(dx, x []float32, y int) (loss float64, correct bool) {
	m, sum := active.maxSum(x)
	xy := x[y]
	largest := xy == m && !slices.Contains(x[:y], m)
	total := active.exp(dx, x, m) // may overwrite x
	uniform := t.smoothing / float64(t.k)
	loss = math.Log(total) + float64(m) - (1-t.smoothing)*float64(xy)
	if t.smoothing > 0 { // 0·Inf is NaN
		loss -= uniform * sum
	}
	if t.dLogits != nil {
		scale := float64(t.gradScale)
		active.affine(dx, float32(scale/total), float32(-scale*uniform))
		dx[y] -= float32(scale * (1 - t.smoothing))
	}
	return loss, largest && !math.IsNaN(loss)
}
