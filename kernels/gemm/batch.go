package gemm

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// Batch is a matrix for each i and j of a batch of products, all of one shape: each begins i·Outer + j·Inner floats behind the first. Where
// a distance is zero, the same matrix serves for all.
type Batch struct {
	Matrix
	Outer, Inner int
}

// MulBatch computes C[i][j] = alpha·op(A[i][j])·op(B[i][j]) + beta·C[i][j] for outer × inner products, each with the bits of [Mul].
// Products with one and the same C are added there in the order of i and j: that is how the gradient of a matrix comes about which several
// products have read.
func MulBatch(outer, inner, m, n, k int, alpha float32, a, b Batch, beta float32, c Batch) {
	const op = "gemm.MulBatch"
	checkSizes(op, m, n, k)
	if outer < 0 || inner < 0 {
		fault.Shape(op, fmt.Sprintf("%d × %d products", outer, inner), "no negative number")
	}
	if outer == 0 || inner == 0 {
		return
	}
	a.check(op, "A", outer, inner, m, k)
	b.check(op, "B", outer, inner, k, n)
	checkResult(op, c.Matrix, m, n)
	c.check(op, "C", outer, inner, m, n)
	t := batchTasks.Get()
	defer batchTasks.Put(t)
	*t = batchTask{kernels: &active, outer: outer, inner: inner, m: m, n: n, k: k, alpha: alpha, beta: beta, a: a, b: b, c: c}
	// One C to a chunk, unless there are too few to keep the threads busy and each has work for them.
	if results := t.results(); parallel.Even(results, parallel.Threads()) || m*n*k < smallWork {
		parallel.Run(results, outer*inner*m*n*k/32, t)
	} else {
		for r := range results {
			t.result(nil, r)
		}
	}
	*t = batchTask{}
}

// check panics when one of the matrices cannot be op(X) of rows × cols.
func (x Batch) check(op, name string, outer, inner, rows, cols int) {
	if x.Outer < 0 || x.Inner < 0 {
		fault.Shape(op, fmt.Sprintf("%s with distances of %d and %d", name, x.Outer, x.Inner), "none negative")
	}
	if rows == 0 || cols == 0 {
		return
	}
	fault.CheckLen(op, name, len(x.Data), (outer-1)*x.Outer+(inner-1)*x.Inner)
	x.at(outer-1, inner-1).check(op, name, rows, cols)
}

// at is matrix [i][j]. One without elements need not have a place.
func (x Batch) at(i, j int) Matrix {
	x.Data = x.Data[min(i*x.Outer+j*x.Inner, len(x.Data)):]
	return x.Matrix
}

// batchTask is a batch of products, of which a chunk makes one C.
type batchTask struct {
	kernels               *kernels
	outer, inner, m, n, k int
	alpha, beta           float32
	a, b, c               Batch
}

var batchTasks parallel.FreeList[batchTask]

// axes returns how many matrices C there are along i and j.
func (t *batchTask) axes() (outer, inner int) {
	outer, inner = 1, 1
	if t.c.Outer != 0 {
		outer = t.outer
	}
	if t.c.Inner != 0 {
		inner = t.inner
	}
	return outer, inner
}

func (t *batchTask) results() int {
	outer, inner := t.axes()
	return outer * inner
}

func (t *batchTask) Chunk(w *parallel.Worker, r int) { t.result(w, r) }

// result adds up the products that one C receives: on worker w, or, if that is nil, each on all of them.
func (t *batchTask) result(w *parallel.Worker, r int) {
	product := tasks.Get()
	defer tasks.Put(product)
	product.precision, product.bias = Float32, nil
	outer, inner := t.axes()
	beta := t.beta
	for i := r / inner; i < t.outer; i += outer {
		for j := r % inner; j < t.inner; j += inner {
			a, b, c := t.a.at(i, j), t.b.at(i, j), t.c.at(i, j)
			if w == nil {
				product.run(t.kernels, t.m, t.n, t.k, t.alpha, a, b, nil, beta, c)
			} else {
				product.runOn(w, t.kernels, t.m, t.n, t.k, t.alpha, a, b, beta, c)
			}
			beta = 1
		}
	}
}
