package vec

import (
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// block is the number of elements in a chunk of work: 64 KiB a vector, some microseconds. It is part of the definition
// of the reductions.
const block = 1 << 14

// elementwise runs the kernel over blocks of the vectors, any of which but dst may be nil.
func elementwise(kernel elementwiseKernel, dst, a, b []float32, s float32) {
	n := len(dst)
	if n <= block {
		kernel(dst, a, b, s)
		return
	}
	t := &elementwiseJob
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kernel, t.dst, t.a, t.b, t.s = kernel, dst, a, b, s
	parallel.Run((n+block-1)/block, t)
	t.dst, t.a, t.b = nil, nil, nil
}

// elementwiseJob is the only instance of its type, so that a call allocates nothing. The pool serves one caller at a
// time anyway.
var elementwiseJob elementwiseTask

type elementwiseTask struct {
	mu        parallel.Mutex
	kernel    elementwiseKernel
	dst, a, b []float32
	s         float32
}

func (t *elementwiseTask) Chunk(_ *parallel.Worker, i int) {
	t.kernel(blockOf(t.dst, i), blockOf(t.a, i), blockOf(t.b, i), t.s)
}

// blockOf returns the i-th block of x, nil if x is nil.
func blockOf(x []float32, i int) []float32 {
	if x == nil {
		return nil
	}
	return x[i*block : min((i+1)*block, len(x))]
}
