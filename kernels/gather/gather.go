package gather

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// Array is an operand: element (o, a, r, c) is Data[o·Outer + a·Axis + r·LD + c].
type Array struct {
	Data            []float32
	Outer, Axis, LD int
}

// Shape is that of the operands: [Outer][Axis][Rows][Cols] the one that indices point into, [Outer][N][Rows][Cols] the other.
type Shape struct{ Outer, Axis, N, Rows, Cols int }

// Select computes y[o,i,r,c] = x[o,index[i],r,c] for the N indices.
func Select(y, x Array, index []int32, s Shape) {
	run("gather.Select", (*task).selected, y, x, index, s.N, s)
}

// AddSelect computes dx[o,index[i],r,c] += dy[o,i,r,c], in the order of i: the gradient of [Select].
func AddSelect(dx, dy Array, index []int32, s Shape) {
	run("gather.AddSelect", (*task).addSelected, dy, dx, index, s.N, s)
}

// Pick computes y[o,i,r,c] = x[o,index[o,i,r,c],r,c]. The indices are dense, in the shape of y.
func Pick(y, x Array, index []int32, s Shape) {
	run("gather.Pick", (*task).picked, y, x, index, s.Outer*s.N*s.Rows*s.Cols, s)
}

// AddPick computes dx[o,index[o,i,r,c],r,c] += dy[o,i,r,c], in the order of i: the gradient of [Pick].
func AddPick(dx, dy Array, index []int32, s Shape) {
	run("gather.AddPick", (*task).addPicked, dy, dx, index, s.Outer*s.N*s.Rows*s.Cols, s)
}

// A mover moves columns lo to hi-1 of row r of outer index o, for all N steps.
type mover func(t *task, o, r, lo, hi int)

// task is a call in progress. Its chunks are some rows of some outer indices, or a block of columns of one row: no two meet in one element.
type task struct {
	Shape
	many, few Array // of N and of Axis steps
	index     []int32
	move      mover
	per       int // rows of outer indices in a chunk
	block     int // columns in a chunk
	blocks    int
}

var tasks parallel.FreeList[task]

// chunk is about how many elements a chunk moves. Where rows are few they are cut into parts, of narrow columns at least.
const chunk, parts, narrow = 1 << 14, 16, 64

func run(op string, move mover, many, few Array, index []int32, want int, s Shape) {
	if min(s.Outer, s.Axis, s.N, s.Rows, s.Cols) < 0 {
		fault.Shape(op, fmt.Sprintf("shape %+v", s), "no negative length")
	}
	fault.CheckLen(op, "indices", len(index), want)
	index = index[:want]
	checkIndex(op, index, s.Axis)
	size := s.Outer * s.N * s.Rows * s.Cols
	if size == 0 {
		return
	}
	many.check(op, "operand with a step for each index", s.N, &s)
	few.check(op, "operand that indices point into", s.Axis, &s)
	if many.LD == s.Cols && few.LD == s.Cols {
		s.Rows, s.Cols = 1, s.Rows*s.Cols
	}
	t := tasks.Get()
	defer tasks.Put(t)
	t.Shape, t.many, t.few, t.index, t.move = s, many, few, index, move
	t.block = max(narrow, min(chunk, s.Cols, (s.Outer*s.Rows*s.Cols+parts-1)/parts))
	t.blocks = (s.Cols + t.block - 1) / t.block
	t.per = 1
	if t.blocks == 1 {
		t.per = max(1, chunk/(s.N*s.Cols))
	}
	parallel.Run((s.Outer*s.Rows+t.per-1)/t.per*t.blocks, size, t)
	t.many.Data, t.few.Data, t.index, t.move = nil, nil, nil, nil
}

// checkIndex panics unless all indices are those of an axis of n elements.
func checkIndex(op string, index []int32, n int) {
	largest := uint32(0) // a negative index is larger than all others
	for _, v := range index {
		largest = max(largest, uint32(v))
	}
	if len(index) == 0 || int64(largest) < int64(n) {
		return
	}
	for i, v := range index {
		if v < 0 || int(v) >= n {
			fault.Shape(op, fmt.Sprintf("index %d at position %d", v, i), fmt.Sprintf("0 to %d", n-1))
		}
	}
}

func (a *Array) check(op, operand string, axis int, s *Shape) {
	if min(a.Outer, a.Axis, a.LD) < 0 {
		fault.Shape(op, fmt.Sprintf("%s with distances %d, %d and %d", operand, a.Outer, a.Axis, a.LD), "none negative")
	}
	fault.CheckLen(op, operand, len(a.Data), (s.Outer-1)*a.Outer+(axis-1)*a.Axis+(s.Rows-1)*a.LD+s.Cols)
}

func (t *task) Chunk(_ *parallel.Worker, i int) {
	lo := i % t.blocks * t.block
	hi := min(lo+t.block, t.Cols)
	from := i / t.blocks * t.per
	for l := from; l < min(from+t.per, t.Outer*t.Rows); l++ {
		t.move(t, l/t.Rows, l%t.Rows, lo, hi)
	}
}

// starts returns both operands and where row r of outer index o begins in them.
func (t *task) starts(o, r int) (many, few []float32) {
	return t.many.Data[o*t.many.Outer+r*t.many.LD:], t.few.Data[o*t.few.Outer+r*t.few.LD:]
}
