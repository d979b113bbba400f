package softmax

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Softmax computes y_j = exp(x_j) / Σ_i exp(x_i) for every row of k elements. dst may be x. The relative error is below
// 2⁻²⁴·(7 + max_i x_i − x_j), for the difference is rounded, while the result is not subnormal.
func Softmax(dst, x []float32, k int) { runRows("Softmax", softmaxRow, dst, x, nil, k, false) }

// LogSoftmax computes y_j = x_j − log Σ_i exp(x_i) for every row of k elements. dst may be x. Errors are below 2⁻²²·max(|y_j|, 1).
func LogSoftmax(dst, x []float32, k int) {
	runRows("LogSoftmax", logSoftmaxRow, dst, x, nil, k, false)
}

// SoftmaxBackward computes the gradient of x from y, what [Softmax] left, and dy, its gradient: dx_j = y_j·(dy_j − Σ_i y_i·dy_i) for
// every row of k elements, added to dx if accumulate is set. dx may be dy if it is not.
func SoftmaxBackward(dx, y, dy []float32, k int, accumulate bool) {
	fault.CheckLen("softmax.SoftmaxBackward", "dy", len(dy), len(y))
	runRows("SoftmaxBackward", softmaxBackwardRow, dx, y, dy, k, accumulate)
}

// LogSoftmaxBackward computes the gradient of x from y, what [LogSoftmax] left, and dy, its gradient: dx_j = dy_j − exp(y_j)·Σ_i dy_i
// for every row of k elements, added to dx if accumulate is set. dx may be dy if it is not.
func LogSoftmaxBackward(dx, y, dy []float32, k int, accumulate bool) {
	fault.CheckLen("softmax.LogSoftmaxBackward", "dy", len(dy), len(y))
	runRows("LogSoftmaxBackward", logSoftmaxBackwardRow, dx, y, dy, k, accumulate)
}

// rowFunc is what a task does to a row; tmp is as long.
type rowFunc func(dst, x, dy, tmp []float32, accumulate bool)

func softmaxRow(dst, x, _, _ []float32, _ bool) {
	m, _ := active.maxSum(x)
	total := active.exp(dst, x, m)
	active.affine(dst, float32(1/total), 0)
}

// logSoftmaxRow subtracts the maximum and the logarithm one after the other: the first difference is nearly exact, and both have the
// same sign.
func logSoftmaxRow(dst, x, _, tmp []float32, _ bool) {
	m, _ := active.maxSum(x)
	total := active.exp(tmp, x, m)
	copy(dst, x)
	active.affine(dst, 1, -m)
	active.affine(dst, 1, float32(-math.Log(total)))
}

// piece is how many elements of a row the gradients take at a time: what several passes touch stays in the level-1 cache.
const piece = 1 << 11

func softmaxBackwardRow(dx, y, dy, tmp []float32, accumulate bool) {
	var sum float64
	for lo := 0; lo < len(y); lo += piece {
		hi := min(lo+piece, len(y))
		sum += vec.LocalDot(y[lo:hi], dy[lo:hi])
	}
	for lo := 0; lo < len(y); lo += piece {
		hi := min(lo+piece, len(y))
		t := tmp[:hi-lo]
		copy(t, dy[lo:hi])
		active.affine(t, 1, float32(-sum))
		vec.LocalMul(t, t, y[lo:hi])
		store(dx[lo:hi], t, accumulate)
	}
}

func logSoftmaxBackwardRow(dx, y, dy, tmp []float32, accumulate bool) {
	var sum float64
	for lo := 0; lo < len(y); lo += piece {
		sum += vec.LocalSum(dy[lo:min(lo+piece, len(y))])
	}
	for lo := 0; lo < len(y); lo += piece {
		hi := min(lo+piece, len(y))
		t := tmp[:hi-lo]
		vec.LocalExp(t, y[lo:hi])
		vec.LocalScale(t, float32(-sum), t)
		vec.LocalAddTo(t, dy[lo:hi])
		store(dx[lo:hi], t, accumulate)
	}
}

func store(dx, t []float32, accumulate bool) {
	if accumulate {
		vec.LocalAddTo(dx, t)
	} else {
		copy(dx, t)
	}
}

var rowsTasks parallel.FreeList[rowsTask]

type rowsTask struct {
	row        rowFunc
	dst, x, dy []float32
	k, perTask int
	accumulate bool
}

func runRows(name string, row rowFunc, dst, x, dy []float32, k int, accumulate bool) {
	if k < 1 || len(x)%k != 0 || len(dst) != len(x) || dy != nil && len(dy) != len(x) {
		fault.Shape("softmax."+name, fmt.Sprintf("slices of %d, %d and %d elements", len(dst), len(x), len(dy)),
			fmt.Sprintf("rows of %d and as many in each", k))
	}
	t := rowsTasks.Get()
	defer rowsTasks.Put(t)
	t.row, t.dst, t.x, t.dy, t.k, t.accumulate = row, dst, x, dy, k, accumulate
	t.perTask = max(1, chunkFloats/k)
	parallel.Run((len(x)/k+t.perTask-1)/t.perTask, len(x), t)
	t.dst, t.x, t.dy = nil, nil, nil
}

func (t *rowsTask) Chunk(w *parallel.Worker, i int) {
	tmp := w.Scratch(t.k)
	for lo := i * t.perTask * t.k; lo < min((i+1)*t.perTask*t.k, len(t.x)); lo += t.k {
		var dy []float32
		if t.dy != nil {
			dy = t.dy[lo:][:t.k]
		}
		t.row(t.dst[lo:][:t.k], t.x[lo:][:t.k], dy, tmp, t.accumulate)
	}
}
