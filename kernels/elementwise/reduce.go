package elementwise

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// Reduction makes one element of many.
type Reduction struct {
	// Name is what error messages call it.
	Name string

	zero float64 // of no elements
	// fold adds rows of len(acc) elements to the accumulators, element by element.
	fold func(acc []float64, g []float32, t *scratch)
	// foldRows adds the elements of a row to each accumulator, of which there are at most a piece.
	foldRows func(acc []float64, g []float32, t *scratch)
	// merge adds accumulators to others.
	merge func(acc, more []float64)
}

// Apply reduces x along the axes of which dst has one element and x more, multiplies with scale, and stores the results in dst or, to
// accumulate, adds them there.
func (r *Reduction) Apply(dst, x Array, scale float64, accumulate bool) {
	reduce(r, r.Name, dst, x.Shape, nil, [operands]Array{x.stretched(r.Name, "operand", x.Shape)}, accumulate, scale, Params{})
}

// reduce is Apply for what the rule makes of the operands, which have the given shape; without a rule, for the first of them.
func reduce(red *Reduction, op string, dst Array, shape [Axes]int, r rule, in [operands]Array, accumulate bool, scale float64, p Params) {
	dst.check(op, "result")
	for i, n := range shape {
		if dst.Shape[i] != n && dst.Shape[i] != 1 {
			fault.Shape("elementwise."+op, fmt.Sprintf("result of %v", dst.Shape), fmt.Sprintf("%v, or 1 where that is summed up", shape))
		}
	}
	t := reduceTasks.Get()
	defer reduceTasks.Put(t)
	// The elements are seen as [outer][reduced][inner]: the last axes that are reduced and adjoin, what is inside of them, and all others.
	axis := Axes - 1
	t.outer, t.reduced, t.inner = 1, 1, 1
	for ; axis >= 0 && dst.Shape[axis] == shape[axis]; axis-- {
		t.inner *= shape[axis]
	}
	between := shape
	for ; axis >= 0 && (dst.Shape[axis] != shape[axis] || shape[axis] == 1); axis-- {
		t.reduced *= shape[axis]
		between[axis] = 1
	}
	more := false
	for ; axis >= 0; axis-- {
		t.outer *= shape[axis]
		more = more || dst.Shape[axis] != shape[axis]
	}
	t.Reduction, t.rule, t.p = red, r, p
	t.set(shape, Array{}, &in)
	if !more {
		t.dst, t.scale, t.accumulate = dst, scale, accumulate
		t.run()
		return
	}
	t.dst, t.scale, t.accumulate = denseLike(t.room(t.outer*t.inner), between), 1, false
	t.run()
	reduce(red, op, dst, between, nil, [operands]Array{denseLike(t.between, between)}, accumulate, scale, Params{})
}

// total is the sum of what the rule makes of operands of the given shape.
func total(r rule, shape [Axes]int, in [operands]Array, p Params) float64 {
	t := reduceTasks.Get()
	defer reduceTasks.Put(t)
	t.set(shape, Array{}, &in)
	t.outer, t.reduced, t.inner = 1, t.n, 1
	t.Reduction, t.rule, t.p = &Sum, r, p
	t.dst, t.scale, t.accumulate = Array{}, 1, false
	t.run()
	return t.total
}

// reduceBlock is about how many elements are reduced in one go: the results of several such blocks are merged in their order.
const reduceBlock = 1 << 15

var reduceTasks parallel.FreeList[reduceTask]

type reduceTask struct {
	loops
	*Reduction
	rule                  rule
	p                     Params
	outer, reduced, inner int

	dst        Array // without data the result goes to total
	scale      float64
	accumulate bool
	total      float64

	group                 int // of the outer axes in a chunk, if the elements of several fit into a piece; else 0
	width, tiles          int // of the inner axes in a chunk
	rows, perBlock, count int // of the reduced axes in a piece and in a block; blocks
	partial               []float64
	between               []float32 // see reduce
}

// room returns n elements for what is reduced in two steps.
func (t *reduceTask) room(n int) []float32 {
	if cap(t.between) < n {
		t.between = make([]float32, n)
	}
	t.between = t.between[:n]
	return t.between
}

// run reduces with what has been set.
func (t *reduceTask) run() {
	defer func() { t.loops, t.dst = loops{}, Array{} }()
	if t.outer*t.inner == 0 {
		return
	}
	work := t.n / perNanosecond
	if one := t.reduced * t.inner; one <= piece {
		t.group = max(block/max(one, 1), 1)
		parallel.Run((t.outer+t.group-1)/t.group, work, t)
		return
	}
	t.group = 0
	t.width = min(t.inner, piece)
	t.tiles = (t.inner + t.width - 1) / t.width
	t.rows = piece / t.width
	t.perBlock = (reduceBlock/t.width + t.rows - 1) / t.rows * t.rows
	t.count = (t.reduced + t.perBlock - 1) / t.perBlock
	if t.count > 1 {
		if n := t.outer * t.count * t.inner; cap(t.partial) < n {
			t.partial = make([]float64, n)
		} else {
			t.partial = t.partial[:n]
		}
	}
	parallel.Run(t.outer*t.count*t.tiles, work, t)
	if t.count > 1 {
		t.mergeAll()
	}
}

func (t *reduceTask) Chunk(_ *parallel.Worker, i int) {
	s := newScratch()
	defer scratches.Put(s)
	if t.group > 0 {
		t.several(i*t.group, min((i+1)*t.group, t.outer), s)
		return
	}
	tile, i := i%t.tiles, i/t.tiles
	blockOf, outer := i%t.count, i/t.count
	lo := tile * t.width
	width := min(t.width, t.inner-lo)
	fold := t.fold
	if t.inner == 1 {
		fold = t.foldRows
	}
	acc := t.clear(s.sums[:width])
	end := min((blockOf+1)*t.perBlock, t.reduced)
	for r := blockOf * t.perBlock; r < end; r += t.rows {
		n := min(t.rows, end-r) * width
		fold(acc, t.terms((outer*t.reduced+r)*t.inner+lo, n, s), s)
	}
	if t.count == 1 {
		t.emit(outer*t.inner+lo, acc)
		return
	}
	copy(t.partial[(outer*t.count+blockOf)*t.inner+lo:], acc)
}

// several reduces for outer indices lo to hi-1, as many at a time as fit into a piece, or have results that do where the elements need not
// be collected.
func (t *reduceTask) several(lo, hi int, s *scratch) {
	one := t.reduced * t.inner
	per := piece / max(one, t.inner, 1)
	if t.rule == nil && t.in[0].flat {
		per = piece / t.inner
	}
	for o := lo; o < hi; o += per {
		n := min(per, hi-o)
		g := t.terms(o*one, n*one, s)
		acc := t.clear(s.sums[:n*t.inner])
		if t.inner == 1 {
			t.foldRows(acc, g, s)
			t.emit(o, acc)
			continue
		}
		for k := range n {
			t.fold(acc[k*t.inner:][:t.inner], g[k*one:][:one], s)
		}
		t.emit(o*t.inner, acc)
	}
}

// clear makes accumulators those of no elements.
func (t *reduceTask) clear(acc []float64) []float64 {
	for j := range acc {
		acc[j] = t.zero
	}
	return acc
}

// terms returns the n elements from the lo-th on that are reduced.
func (t *reduceTask) terms(lo, n int, s *scratch) []float32 {
	if t.rule == nil {
		return t.piece(&t.in[0], lo, n, &s.tiles[0])
	}
	t.apply(t.rule, s.dst[:n], lo, t.p, s)
	return s.dst[:n]
}

// mergeAll adds up what the blocks have come to.
func (t *reduceTask) mergeAll() {
	for outer := range t.outer {
		all := t.partial[outer*t.count*t.inner:][:t.count*t.inner]
		acc := all[:t.inner]
		for b := 1; b < t.count; b++ {
			t.merge(acc, all[b*t.inner:][:t.inner])
		}
		t.emit(outer*t.inner, acc)
	}
}

// emit stores results, from the i-th element on.
func (t *reduceTask) emit(i int, acc []float64) {
	if t.dst.Data == nil {
		t.total = acc[0]
		return
	}
	if !t.accumulate && t.dst.dense() {
		for j, v := range acc {
			t.dst.Data[i+j] = float32(t.scale * v)
		}
		return
	}
	for j, v := range acc {
		at := t.dst.offset(i + j)
		if v := float32(t.scale * v); t.accumulate {
			t.dst.Data[at] += v
		} else {
			t.dst.Data[at] = v
		}
	}
}

// offset is where the i-th element lies.
func (a *Array) offset(i int) (at int) {
	for axis := Axes - 1; axis >= 0; axis-- {
		at += i % a.Shape[axis] * a.Stride[axis]
		i /= a.Shape[axis]
	}
	return at
}
