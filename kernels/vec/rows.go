package vec

import (
	"fmt"
	"sync"

	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// CopyRows copies a matrix of rows × cols elements whose rows lie ldA apart in a to dst, where they lie ldDst apart.
// The elements between the rows of dst keep their values.
func CopyRows(dst []float32, ldDst int, a []float32, ldA, rows, cols int) {
	overRows("CopyRows", copyKernel, dst, ldDst, a, ldA, rows, cols)
}

// AddToRows adds a matrix of rows × cols elements whose rows lie ldA apart in a to dst, where they lie ldDst apart.
func AddToRows(dst []float32, ldDst int, a []float32, ldA, rows, cols int) {
	overRows("AddToRows", active.axpy, dst, ldDst, a, ldA, rows, cols)
}

func copyKernel(dst, a, _ []float32, _ float32) { copy(dst, a) }

// overRows runs kernel(dst, a, nil, 1) on every row.
func overRows(name string, kernel elementwiseKernel, dst []float32, ldDst int, a []float32, ldA, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	checkRows(name, "dst", len(dst), rows, cols, ldDst)
	checkRows(name, "a", len(a), rows, cols, ldA)
	if ldDst == cols && ldA == cols { // one long row
		elementwise(kernel, dst[:rows*cols], a[:rows*cols], nil, 1)
		return
	}
	t := &rowsJob
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kernel, t.dst, t.ldDst, t.a, t.ldA, t.rows, t.cols = kernel, dst, ldDst, a, ldA, rows, cols
	t.perChunk = max(block/cols, 1)
	parallel.Run((rows+t.perChunk-1)/t.perChunk, t)
	t.dst, t.a = nil, nil
}

func checkRows(name, operand string, have, rows, cols, ld int) {
	if ld < cols || (rows-1)*ld+cols > have {
		panic(fmt.Sprintf("vec.%s: %s has %d elements, too few or too narrow for %d rows of %d with leading dimension %d",
			name, operand, have, rows, cols, ld))
	}
}

var rowsJob rowsTask

type rowsTask struct {
	mu                   sync.Mutex
	kernel               elementwiseKernel
	dst, a               []float32
	ldDst, ldA           int
	rows, cols, perChunk int
}

func (t *rowsTask) Chunk(_ *parallel.Worker, i int) {
	for r := i * t.perChunk; r < min((i+1)*t.perChunk, t.rows); r++ {
		d, a := t.dst[r*t.ldDst:], t.a[r*t.ldA:]
		t.kernel(d[:t.cols], a[:t.cols], nil, 1)
	}
}
