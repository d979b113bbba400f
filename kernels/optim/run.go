package optim

import (
	"sync"

	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// block is the number of elements in a chunk of work.
const block = 1 << 13

// run applies the kernel block by block.
func run(kernel sgdKernel, p, v, g []float32, s SGD) {
	if len(p) <= block {
		kernel(p, v, g, s)
		return
	}
	t := &job
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kernel, t.p, t.v, t.g, t.s = kernel, p, v, g, s
	parallel.Run((len(p)+block-1)/block, t)
	t.p, t.v, t.g = nil, nil, nil
}

// job is the only task, so that a call allocates nothing. The pool of workers serves one caller at a time anyway.
var job task

type task struct {
	mu      sync.Mutex
	kernel  sgdKernel
	p, v, g []float32
	s       SGD
}

func (t *task) Chunk(_ *parallel.Worker, i int) {
	from, to := i*block, min((i+1)*block, len(t.p))
	t.kernel(t.p[from:to], t.v[from:to], t.g[from:to], t.s)
}
