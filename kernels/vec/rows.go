package vec

import (
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// CopyRows copies a matrix of rows × cols elements whose rows lie ldA apart in a to dst, where they lie ldDst apart.
// The elements between the rows of dst keep their values.
func CopyRows(dst []float32, ldDst int, a []float32, ldA, rows, cols int) {
	overRows("vec.CopyRows", copyKernel, nil, matrix{dst, ldDst}, matrix{a, ldA}, matrix{}, 1, rows, cols)
}

// AddToRows adds a matrix of rows × cols elements whose rows lie ldA apart in a to dst, where they lie ldDst apart.
func AddToRows(dst []float32, ldDst int, a []float32, ldA, rows, cols int) {
	overRows("vec.AddToRows", active.axpy, nil, matrix{dst, ldDst}, matrix{a, ldA}, matrix{}, 1, rows, cols)
}

// ReLURows is [ReLU] of a matrix of rows × cols elements whose rows lie ldA apart in a, to dst, where they lie ldDst apart.
func ReLURows(dst []float32, ldDst int, a []float32, ldA, rows, cols int) {
	overRows("vec.ReLURows", active.relu, active.reluNonTemporal, matrix{dst, ldDst}, matrix{a, ldA}, matrix{}, 1, rows, cols)
}

// ReLU6Rows is [ReLU6] of a matrix, as ReLURows is [ReLU].
func ReLU6Rows(dst []float32, ldDst int, a []float32, ldA, rows, cols int) {
	overRows("vec.ReLU6Rows", active.relu6, nil, matrix{dst, ldDst}, matrix{a, ldA}, matrix{}, 1, rows, cols)
}

// ReLUBackwardRows is [ReLUBackward] of matrices of rows × cols elements: the rows of dx lie lddx apart, those of x ldx and those of
// dy lddy.
func ReLUBackwardRows(dx []float32, lddx int, x []float32, ldx int, dy []float32, lddy, rows, cols int, accumulate bool) {
	backwardRows("vec.ReLUBackwardRows", active.reluBackward, active.reluBackwardAdd, active.reluBackwardNonTemporal,
		matrix{dx, lddx}, matrix{x, ldx}, matrix{dy, lddy}, rows, cols, accumulate)
}

// ReLU6BackwardRows is [ReLU6Backward] of matrices, as ReLUBackwardRows is [ReLUBackward].
func ReLU6BackwardRows(dx []float32, lddx int, x []float32, ldx int, dy []float32, lddy, rows, cols int, accumulate bool) {
	backwardRows("vec.ReLU6BackwardRows", active.relu6Backward, active.relu6BackwardAdd, nil,
		matrix{dx, lddx}, matrix{x, ldx}, matrix{dy, lddy}, rows, cols, accumulate)
}

func backwardRows(op string, store, add, nonTemporal elementwiseKernel, dx, x, dy matrix, rows, cols int, accumulate bool) {
	if rows > 0 && cols > 0 {
		dy.check(op, "gradient", rows, cols)
	}
	if accumulate {
		nonTemporal = nil
	}
	overRows(op, storeOrAdd(store, add, accumulate), nonTemporal, dx, x, dy, 1, rows, cols)
}

func copyKernel(dst, a, _ []float32, _ float32) { copy(dst, a) }

// matrix is an operand whose rows begin ld elements apart; without data it does not take part.
type matrix struct {
	data []float32
	ld   int
}

// row returns row r of cols elements.
func (m matrix) row(r, cols int) []float32 {
	if m.data == nil {
		return nil
	}
	return m.data[r*m.ld:][:cols]
}

// flat reports whether the rows follow each other without gaps.
func (m matrix) flat(cols int) bool { return m.data == nil || m.ld == cols }

// overRows runs kernel(dst, a, b, s) on every row, or on all of them as one. nonTemporal, which may be nil, is the kernel for results that
// had better not go through the caches. b either takes part and has been checked, or has no data.
func overRows(op string, kernel, nonTemporal elementwiseKernel, dst, a, b matrix, s float32, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	dst.check(op, "destination", rows, cols)
	a.check(op, "operand", rows, cols)
	if dst.flat(cols) && a.flat(cols) && b.flat(cols) {
		one := rows * cols
		source := a
		if b.data != nil {
			source = b
		}
		kernel = large(dst.row(0, one), source.data, kernel, nonTemporal)
		elementwise(kernel, dst.row(0, one), a.row(0, one), b.row(0, one), s)
		return
	}
	t := rowsTasks.Get()
	defer rowsTasks.Put(t)
	t.kernel, t.dst, t.a, t.b, t.s, t.rows, t.cols = kernel, dst, a, b, s, rows, cols
	t.perChunk = max(block/cols, 1)
	parallel.Run((rows+t.perChunk-1)/t.perChunk, rows*cols/perNanosecond, t)
	t.dst, t.a, t.b = matrix{}, matrix{}, matrix{}
}

func (m matrix) check(op, operand string, rows, cols int) {
	fault.CheckRows(op, operand, len(m.data), rows, cols, m.ld)
}

var rowsTasks parallel.FreeList[rowsTask]

type rowsTask struct {
	kernel               elementwiseKernel
	dst, a, b            matrix
	s                    float32
	rows, cols, perChunk int
}

func (t *rowsTask) Chunk(_ *parallel.Worker, i int) {
	for r := i * t.perChunk; r < min((i+1)*t.perChunk, t.rows); r++ {
		t.kernel(t.dst.row(r, t.cols), t.a.row(r, t.cols), t.b.row(r, t.cols), t.s)
	}
}
