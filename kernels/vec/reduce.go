package vec

import "github.com/oneshot-nas/oneshot/kernels/parallel"

// lanes is the number of partial sums of a block: enough independent additions to hide their latency.
const lanes = 32

// reduce returns the sum over all blocks, added from first to last.
func reduce(kernel reductionKernel, a, b []float32) float64 {
	n := len(a)
	if n <= block {
		return reduceBlock(kernel, a, b)
	}
	t := reduceTasks.Get()
	defer reduceTasks.Put(t)
	t.kernel, t.a, t.b = kernel, a, b
	blocks := (n + block - 1) / block
	if cap(t.sums) < blocks {
		t.sums = make([]float64, blocks)
	}
	t.sums = t.sums[:blocks]
	parallel.Run(blocks, n/perNanosecond, t)
	t.a, t.b = nil, nil
	var sum float64
	for _, s := range t.sums {
		sum += s
	}
	return sum
}

var reduceTasks parallel.FreeList[reduceTask]

type reduceTask struct {
	kernel reductionKernel
	a, b   []float32
	sums   []float64 // of each block
}

func (t *reduceTask) Chunk(_ *parallel.Worker, i int) {
	t.sums[i] = reduceBlock(t.kernel, blockOf(t.a, i), blockOf(t.b, i))
}

// An accumulator is the state of a block's reduction. It waits in a list because arguments of a function value escape.
type accumulator struct {
	lanes        [lanes]float64
	restA, restB [lanes]float32
}

var accumulators parallel.FreeList[accumulator]

// reduceBlock pads what the kernel leaves over with zeros to one more group of lanes, and adds the lanes as a tree.
func reduceBlock(kernel reductionKernel, a, b []float32) float64 {
	acc := accumulators.Get()
	defer accumulators.Put(acc)
	*acc = accumulator{}
	kernel(&acc.lanes, a, b)
	if whole := len(a) / lanes * lanes; whole < len(a) {
		copy(acc.restA[:], a[whole:])
		if b != nil {
			copy(acc.restB[:], b[whole:])
		}
		kernel(&acc.lanes, acc.restA[:], acc.restB[:])
	}
	for w := lanes / 2; w > 0; w /= 2 {
		for i := range w {
			acc.lanes[i] += acc.lanes[i+w]
		}
	}
	return acc.lanes[0]
}
