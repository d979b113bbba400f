package gather

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
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
	run("gather.Select", (*task).selectRows, y, x, index, s.N, s, false)
}

// AddSelect computes dx[o,index[i],r,c] += dy[o,i,r,c], in the order of i: the gradient of [Select].
func AddSelect(dx, dy Array, index []int32, s Shape) {
	run("gather.AddSelect", (*task).addRows, dy, dx, index, s.N, s, true)
}

// Pick computes y[o,i,r,c] = x[o,index[o,i,r,c],r,c]. The indices are dense, in the shape of y.
func Pick(y, x Array, index []int32, s Shape) {
	run("gather.Pick", (*task).pick, y, x, index, s.Outer*s.N*s.Rows*s.Cols, s, false)
}

// AddPick computes dx[o,index[o,i,r,c],r,c] += dy[o,i,r,c], in the order of i: the gradient of [Pick].
func AddPick(dx, dy Array, index []int32, s Shape) {
	run("gather.AddPick", (*task).addPicked, dy, dx, index, s.Outer*s.N*s.Rows*s.Cols, s, true)
}

// task is a call in progress.
type task struct {
	Shape
	many, few Array // of N and of Axis steps
	index     []int32
	move      func(t *task, i int)
	per       int // of what a chunk is a range of: outer indices times steps, or lines
	blocks    int // of columns, into which a line falls if chunks are lines
}

var tasks parallel.FreeList[task]

const (
	// block is about how many elements a chunk moves.
	block = 1 << 14
	// columns is how many columns of a line a chunk adds to at most.
	columns = 64
)

func run(op string, move func(t *task, i int), many, few Array, index []int32, want int, s Shape, lines bool) {
	for _, n := range [...]int{s.Outer, s.Axis, s.N, s.Rows, s.Cols} {
		if n < 0 {
			fault.Shape(op, fmt.Sprintf("shape %+v", s), "no negative length")
		}
	}
	fault.CheckLen(op, "indices", len(index), want)
	index = index[:want]
	for i, v := range index {
		if v < 0 || int(v) >= s.Axis {
			fault.Shape(op, fmt.Sprintf("index %d at position %d", v, i), fmt.Sprintf("0 to %d", s.Axis-1))
		}
	}
	size := s.Outer * s.N * s.Rows * s.Cols
	if size == 0 {
		return
	}
	many.check(op, "operand with a step for each index", s.N, &s)
	few.check(op, "operand that indices point into", s.Axis, &s)
	t := tasks.Get()
	defer tasks.Put(t)
	t.Shape, t.many, t.few, t.index, t.move = s, many, few, index, move
	var chunks int
	if lines {
		n := s.Outer * s.Rows
		t.blocks = (s.Cols + columns - 1) / columns
		t.per = max(1, block/(s.N*min(s.Cols, columns)))
		if t.blocks > 1 {
			t.per = 1
		}
		chunks = (n + t.per - 1) / t.per * t.blocks
	} else {
		t.per = max(1, block/(s.Rows*s.Cols))
		chunks = (s.Outer*s.N + t.per - 1) / t.per
	}
	parallel.Run(chunks, size/2, t)
	t.many.Data, t.few.Data, t.index, t.move = nil, nil, nil, nil
}

func (a *Array) check(op, operand string, axis int, s *Shape) {
	if a.Outer < 0 || a.Axis < 0 || a.LD < 0 {
		fault.Shape(op, fmt.Sprintf("%s with distances %d, %d and %d", operand, a.Outer, a.Axis, a.LD), "none negative")
	}
	fault.CheckLen(op, operand, len(a.Data), (s.Outer-1)*a.Outer+(axis-1)*a.Axis+(s.Rows-1)*a.LD+s.Cols)
}

// Chunk moves part of the elements.
func (t *task) Chunk(_ *parallel.Worker, i int) { t.move(t, i) }

func (t *task) selectRows(chunk int) {
	for i := chunk * t.per; i < min((chunk+1)*t.per, t.Outer*t.N); i++ {
		o, step := i/t.N, i%t.N
		to, from := o*t.many.Outer+step*t.many.Axis, o*t.few.Outer+int(t.index[step])*t.few.Axis
		for range t.Rows {
			copy(t.many.Data[to:to+t.Cols], t.few.Data[from:from+t.Cols])
			to, from = to+t.many.LD, from+t.few.LD
		}
	}
}

func (t *task) pick(chunk int) {
	for i := chunk * t.per; i < min((chunk+1)*t.per, t.Outer*t.N); i++ {
		o, step := i/t.N, i%t.N
		to, from := o*t.many.Outer+step*t.many.Axis, o*t.few.Outer
		index := t.index[i*t.Rows*t.Cols:]
		for range t.Rows {
			y := t.many.Data[to : to+t.Cols]
			for c := range y {
				y[c] = t.few.Data[from+int(index[c])*t.few.Axis+c]
			}
			to, from, index = to+t.many.LD, from+t.few.LD, index[t.Cols:]
		}
	}
}

// eachLine calls f for the lines of a chunk, which are columns lo to hi-1 of row r of outer index o at all steps.
func (t *task) eachLine(chunk int, f func(t *task, o, r, lo, hi int)) {
	lo := chunk % t.blocks * columns
	first := chunk / t.blocks * t.per
	for l := first; l < min(first+t.per, t.Outer*t.Rows); l++ {
		f(t, l/t.Rows, l%t.Rows, lo, min(lo+columns, t.Cols))
	}
}

func (t *task) addRows(chunk int)   { t.eachLine(chunk, (*task).addRowsOf) }
func (t *task) addPicked(chunk int) { t.eachLine(chunk, (*task).addPickedOf) }

func (t *task) addRowsOf(o, r, lo, hi int) {
	from, to := o*t.many.Outer+r*t.many.LD+lo, o*t.few.Outer+r*t.few.LD+lo
	n := hi - lo
	for _, v := range t.index {
		d := to + int(v)*t.few.Axis
		if n == 1 {
			t.few.Data[d] += t.many.Data[from]
		} else {
			vec.LocalAddTo(t.few.Data[d:d+n], t.many.Data[from:from+n])
		}
		from += t.many.Axis
	}
}

func (t *task) addPickedOf(o, r, lo, hi int) {
	from, to := o*t.many.Outer+r*t.many.LD, o*t.few.Outer+r*t.few.LD
	for i := range t.N {
		index := t.index[((o*t.N+i)*t.Rows+r)*t.Cols:]
		for c := lo; c < hi; c++ {
			t.few.Data[to+int(index[c])*t.few.Axis+c] += t.many.Data[from+c]
		}
		from += t.many.Axis
	}
}
