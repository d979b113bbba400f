package vec

import (
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// block is the number of elements in a chunk of work: 64 KiB a vector, some microseconds. It is part of the definition
// of the reductions.
const block = 1 << 14

// perNanosecond is about how many elements a thread gets through in a nanosecond.
const perNanosecond = 4

// elementwise runs the kernel over blocks of the vectors, any of which but dst may be nil.
func elementwise(kernel elementwiseKernel, dst, a, b []float32, s float32) {
	n := len(dst)
	if n <= block {
		kernel(dst, a, b, s)
		return
	}
	t := elementwiseTasks.Get()
	defer elementwiseTasks.Put(t)
	t.kernel, t.dst, t.a, t.b, t.s = kernel, dst, a, b, s
	parallel.Run((n+block-1)/block, n/perNanosecond, t)
	t.dst, t.a, t.b = nil, nil, nil
}

var elementwiseTasks parallel.FreeList[elementwiseTask]

type elementwiseTask struct {
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
