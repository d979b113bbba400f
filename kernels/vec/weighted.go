package vec

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// Weighted is a term of [WeightedSum]: a matrix whose rows lie LD elements apart, with a factor for every group of rows.
type Weighted struct {
	X      []float32
	LD     int
	Factor []float32 // nil: ones
}

// WeightedSum computes dst = Σ_k factor_k·x_k over groups × rows × cols elements: the rows of group i, rows i·rows to (i+1)·rows−1, are
// multiplied with Factor[i] of each term. It stores the sum in dst, whose rows lie ldDst apart, or, to accumulate, adds it there. A term
// is not looked at where its factor is zero. With a group for each image of a batch it is what drop path (Larsson, Maire and
// Shakhnarovich 2017, arXiv 1605.07648) leaves of a node's terms. dst may be none of the terms.
func WeightedSum(dst []float32, ldDst, groups, rows, cols int, terms []Weighted, accumulate bool) {
	if groups <= 0 || rows <= 0 || cols <= 0 {
		return
	}
	matrix{dst, ldDst}.check("vec.WeightedSum", "destination", groups*rows, cols)
	for i, t := range terms {
		matrix{t.X, t.LD}.check("vec.WeightedSum", "term", groups*rows, cols)
		if t.Factor != nil && len(t.Factor) != groups {
			fault.Shape("vec.WeightedSum", fmt.Sprintf("%d factors for term %d", len(t.Factor), i),
				fmt.Sprintf("one for each of %d groups of rows", groups))
		}
	}
	t := weightedTasks.Get()
	defer weightedTasks.Put(t)
	t.dst, t.terms, t.rows, t.cols, t.accumulate = matrix{dst, ldDst}, append(t.terms[:0], terms...), rows, cols, accumulate
	// A chunk is some rows of one group: the factors are the same for all of it.
	t.perChunk = min(rows, max(weightedPiece/cols, 1))
	t.chunks = (rows + t.perChunk - 1) / t.perChunk
	parallel.Run(groups*t.chunks, groups*rows*cols*len(terms)/perNanosecond, t)
	clear(t.terms)
	t.dst = matrix{}
}

// weightedPiece is how many elements of each operand a chunk holds: the sum stays in the level-1 cache while terms are added to it.
const weightedPiece = 1 << 12

var weightedTasks parallel.FreeList[weightedTask]

type weightedTask struct {
	dst                          matrix
	terms                        []Weighted
	rows, cols, perChunk, chunks int // rows and chunks of a group
	accumulate                   bool
}

func (t *weightedTask) Chunk(_ *parallel.Worker, i int) {
	group, lo := i/t.chunks, i%t.chunks*t.perChunk
	hi := min(lo+t.perChunk, t.rows)
	lo, hi = group*t.rows+lo, group*t.rows+hi
	written := t.accumulate
	for j := range t.terms {
		x := &t.terms[j]
		s := float32(1)
		if x.Factor != nil {
			s = x.Factor[group]
		}
		if s == 0 {
			continue
		}
		kernel := active.axpy
		if !written {
			kernel = active.scale
		}
		t.over(kernel, matrix{x.X, x.LD}, s, lo, hi)
		written = true
	}
	if !written {
		t.over(clearKernel, t.dst, 0, lo, hi)
	}
}

// over runs the kernel over rows lo to hi-1 of the destination and of a, as one if there are no gaps.
func (t *weightedTask) over(kernel elementwiseKernel, a matrix, s float32, lo, hi int) {
	if t.dst.flat(t.cols) && a.flat(t.cols) {
		n := (hi - lo) * t.cols
		kernel(t.dst.data[lo*t.cols:][:n], a.data[lo*t.cols:][:n], nil, s)
		return
	}
	for r := lo; r < hi; r++ {
		kernel(t.dst.row(r, t.cols), a.row(r, t.cols), nil, s)
	}
}

func clearKernel(dst, _, _ []float32, _ float32) { clear(dst) }
