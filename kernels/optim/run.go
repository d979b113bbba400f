package optim

import (
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
	t := tasks.Get()
	defer tasks.Put(t)
	t.kernel, t.p, t.v, t.g, t.s = kernel, p, v, g, s
	parallel.Run((len(p)+block-1)/block, len(p)/2, t)
	t.p, t.v, t.g = nil, nil, nil
}

var tasks parallel.FreeList[task]

type task struct {
	kernel  sgdKernel
	p, v, g []float32
	s       SGD
}

func (t *task) Chunk(_ *parallel.Worker, i int) {
	from, to := i*block, min((i+1)*block, len(t.p))
	t.kernel(t.p[from:to], t.v[from:to], t.g[from:to], t.s)
}

// adapt is run for steps with other states.
func adapt(kernel adaptiveKernel, p, a, b, g []float32, c coefficients) {
	t := adaptiveTasks.Get()
	defer adaptiveTasks.Put(t)
	t.kernel, t.p, t.a, t.b, t.g, t.c = kernel, p, a, b, g, c
	parallel.Run((len(p)+block-1)/block, len(p), t)
	t.p, t.a, t.b, t.g = nil, nil, nil, nil
}

var adaptiveTasks parallel.FreeList[adaptiveTask]

type adaptiveTask struct {
	kernel     adaptiveKernel
	p, a, b, g []float32
	c          coefficients
}

func (t *adaptiveTask) Chunk(_ *parallel.Worker, i int) {
	from, to := i*block, min((i+1)*block, len(t.p))
	var b []float32
	if t.b != nil {
		b = t.b[from:to]
	}
	t.kernel(t.p[from:to], t.a[from:to], b, t.g[from:to], &t.c)
}
