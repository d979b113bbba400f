package strided

import (
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// MaxAxes is the largest number of axes: two for each of a tensor's, since to repeat an axis is to put another one before it.
const MaxAxes = 8

// Strides are the distances in floats between elements that are neighbours along each axis: positive, negative, or zero.
type Strides [MaxAxes]int

// Array is an operand: element (i0, i1, …) is Data[At + i0·Stride[0] + i1·Stride[1] + …].
type Array struct {
	Data   []float32
	At     int
	Stride Strides
}

// Copy stores the elements of src, an array of the given shape, in dst, where no two of them may have the same place.
func Copy(dst, src Array, shape ...int) { run("strided.Copy", dst, src, shape, false) }

// Add adds the elements of src, an array of the given shape, to those of dst. Along an axis whose stride is zero in dst they are summed.
func Add(dst, src Array, shape ...int) { run("strided.Add", dst, src, shape, true) }

// Fill stores v in all elements of dst, an array of the given shape.
func Fill(dst Array, v float32, shape ...int) {
	one := filled.Get()
	defer filled.Put(one)
	one[0] = v
	run("strided.Fill", dst, Array{Data: one[:]}, shape, false)
}

var filled parallel.FreeList[[1]float32]

// block is about how many elements a chunk moves: some microseconds of work.
const block = 1 << 14

func run(op string, dst, src Array, shape []int, add bool) {
	if len(shape) > MaxAxes {
		fault.Shape(op, fmt.Sprintf("%d axes", len(shape)), fmt.Sprintf("at most %d", MaxAxes))
	}
	size := 1
	for _, n := range shape {
		if n < 0 {
			fault.Shape(op, fmt.Sprintf("shape %v", slices.Clone(shape)), "no negative length")
		}
		size *= n
	}
	if size == 0 {
		return
	}
	for i, n := range shape {
		if n > 1 && dst.Stride[i] == 0 && !add {
			fault.Shape(op, fmt.Sprintf("a stride of 0 along axis %d of the destination", i),
				"another one: only what is added may meet in one place")
		}
	}
	dst.check(op, "destination", shape)
	src.check(op, "source", shape)
	t := tasks.Get()
	defer tasks.Put(t)
	t.dst, t.src, t.add = dst, src, add
	t.plan(shape)
	parallel.Run((t.lines+t.per-1)/t.per*t.pieces, size/2, t)
	t.dst.Data, t.src.Data = nil, nil
}

// check panics unless all elements lie within the data.
func (a *Array) check(op, operand string, shape []int) {
	lo, hi := a.At, a.At
	for i, n := range shape {
		if d := (n - 1) * a.Stride[i]; d < 0 {
			lo += d
		} else {
			hi += d
		}
	}
	if lo < 0 || hi >= len(a.Data) {
		fault.Shape(op, fmt.Sprintf("a %s of %d elements", operand, len(a.Data)),
			fmt.Sprintf("elements %d to %d: shape %v, strides %v", lo, hi, slices.Clone(shape), slices.Clone(a.Stride[:len(shape)])))
	}
}

// axis is one loop over both operands.
type axis struct{ n, dst, src int }

// task is a move in progress: loops around lines of one axis, or around planes of two that are transposed.
type task struct {
	dst, src Array
	add      bool

	inner  axis          // of lines
	across axis          // of planes: contiguous in the source, as inner is in the destination; its n is 0 if there are only lines
	loops  [MaxAxes]axis // around them, from the outermost to the innermost; the first free ones are not summed over
	free   int
	count  int
	lines  int // indices of the free loops
	per    int // of these in a chunk
	pieces int // into which each is cut, if it is long
	piece  int // elements of a piece, along inner, or along across
}

var tasks parallel.FreeList[task]

// plan finds the loops and cuts them into chunks.
func (t *task) plan(shape []int) {
	t.join(shape)
	t.across = axis{}
	t.inner = t.take(func(a axis) bool { return a.dst == 1 && a.src == 1 })
	if t.inner.n == 0 {
		t.inner = t.take(func(a axis) bool { return a.dst == 1 })
		if t.inner.n > 0 && t.inner.src != 0 {
			t.across = t.take(func(a axis) bool { return a.src == 1 && a.dst != 0 })
		}
	}
	if t.inner.n == 0 {
		t.inner = t.take(func(a axis) bool { return a.src == 1 })
	}
	if t.inner.n == 0 {
		t.inner = t.take(func(axis) bool { return true })
	}
	if t.inner.n == 0 {
		t.inner = axis{1, 1, 1}
	}
	// What is summed over goes behind what is not; the order is else that of the caller.
	t.free, t.lines = 0, 1
	plane := max(t.inner.n*t.across.n, t.inner.n)
	for i, a := range t.loops[:t.count] {
		if a.dst == 0 {
			plane *= a.n
			continue
		}
		copy(t.loops[t.free+1:i+1], t.loops[t.free:i])
		t.loops[t.free] = a
		t.free++
		t.lines *= a.n
	}
	long := t.inner.n
	t.pieces, t.piece = 1, t.inner.n
	if t.across.n > 0 {
		long, t.piece = t.across.n, t.across.n
	}
	if plane > 2*block && t.inner.dst != 0 {
		t.piece = max(min(long, block/(plane/long))/square*square, square)
		t.pieces = (long + t.piece - 1) / t.piece
	}
	t.per = max(1, block/plane)
}

// join lists the axes that are longer than 1 as loops; those that follow each other in both operands make one.
func (t *task) join(shape []int) {
	t.count = 0
	for i, n := range shape {
		if n == 1 {
			continue
		}
		a := axis{n, t.dst.Stride[i], t.src.Stride[i]}
		if t.count > 0 {
			if last := &t.loops[t.count-1]; last.dst == a.dst*n && last.src == a.src*n {
				*last = axis{last.n * n, a.dst, a.src}
				continue
			}
		}
		t.loops[t.count] = a
		t.count++
	}
}

// take removes the last loop that is wanted from the list.
func (t *task) take(wanted func(a axis) bool) axis {
	for i := t.count - 1; i >= 0; i-- {
		if a := t.loops[i]; wanted(a) {
			copy(t.loops[i:t.count-1], t.loops[i+1:t.count])
			t.count--
			return a
		}
	}
	return axis{}
}

// Chunk moves a range of the free loops' indices, or a piece of each.
func (t *task) Chunk(_ *parallel.Worker, i int) {
	lo := i % t.pieces * t.piece
	from := i / t.pieces * t.per
	to := min(from+t.per, t.lines)
	if t.free == 0 {
		t.summed(0, axis{1, 0, 0}, t.dst.At, t.src.At, lo)
		return
	}
	// Where the range begins. The innermost of the free loops is left to those who move what it goes around.
	var index [MaxAxes]int
	dst, src, rest := t.dst.At, t.src.At, from
	for k := t.free - 1; k >= 0; k-- {
		a := &t.loops[k]
		index[k], rest = rest%a.n, rest/a.n
		dst, src = dst+index[k]*a.dst, src+index[k]*a.src
	}
	last := t.loops[t.free-1]
	for at := from; at < to; {
		n := min(last.n-index[t.free-1], to-at)
		t.summed(t.free, axis{n, last.dst, last.src}, dst, src, lo)
		at += n
		dst, src = dst-index[t.free-1]*last.dst, src-index[t.free-1]*last.src
		index[t.free-1] = 0
		for k := t.free - 2; k >= 0; k-- {
			a := &t.loops[k]
			dst, src = dst+a.dst, src+a.src
			if index[k]++; index[k] < a.n {
				break
			}
			index[k] = 0
			dst, src = dst-a.n*a.dst, src-a.n*a.src
		}
	}
}

// summed moves pieces, as many as the axis around says, for every index of the loops from k on, which are summed over.
func (t *task) summed(k int, around axis, dst, src, lo int) {
	if k < t.count {
		a := t.loops[k]
		if k == t.count-1 && around.n == 1 {
			t.move(a, dst, src, lo)
			return
		}
		for range a.n {
			t.summed(k+1, around, dst, src, lo)
			src += a.src
		}
		return
	}
	t.move(around, dst, src, lo)
}

func (t *task) move(around axis, dst, src, lo int) {
	if t.across.n > 0 {
		for range around.n {
			t.transpose(dst, src, lo, min(lo+t.piece, t.across.n))
			dst, src = dst+around.dst, src+around.src
		}
		return
	}
	row := t.inner
	row.n = min(t.piece, row.n-lo)
	t.rows(around, row, dst+lo*row.dst, src+lo*row.src)
}
