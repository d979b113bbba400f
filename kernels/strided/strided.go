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

// Add adds the elements of src, an array of the given shape, to dst. Along an axis whose stride is zero in dst they are summed.
func Add(dst, src Array, shape ...int) { run("strided.Add", dst, src, shape, true) }

// axis is one loop over both operands.
type axis struct{ n, dst, src int }

// task is a move in progress.
type task struct {
	dst, src Array
	add      bool

	axes   [MaxAxes]axis // from the outermost to the innermost, those that are summed over behind those that are not
	count  int
	free   int  // of the outer axes, how many are not summed over: what chunks may be cut from
	inner  axis // of rows
	across axis // of tiles: contiguous in src, as inner is in dst; n is 0 if values are moved by rows
	pieces int  // of the inner axis, or of the one across it, into which each outer index falls
	piece  int  // elements of a piece
	outer  int  // indices of the free axes
	per    int  // outer indices in a chunk, if there is one piece
}

var tasks parallel.FreeList[task]

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
	dst.check(op, "destination", shape)
	src.check(op, "source", shape)
	t := tasks.Get()
	defer tasks.Put(t)
	t.dst, t.src, t.add = dst, src, add
	t.plan(shape)
	if !add && t.free < t.count || !add && t.inner.dst == 0 && t.inner.n > 1 {
		fault.Shape(op, fmt.Sprintf("strides %v of the destination", append([]int(nil), dst.Stride[:len(shape)]...)), "none of zero, unless it is added to")
	}
	chunks := t.outer * t.pieces
	if t.pieces == 1 {
		chunks = (t.outer + t.per - 1) / t.per
	}
	parallel.Run(chunks, size/2, t)
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
			fmt.Sprintf("elements %d to %d: shape %v, strides %v", lo, hi, slices.Clone(shape), append([]int(nil), a.Stride[:len(shape)]...)))
	}
}

// plan finds the loops.
func (t *task) plan(shape []int) {
	t.count = 0
	for i, n := range shape {
		if n == 1 {
			continue
		}
		a := axis{n, t.dst.Stride[i], t.src.Stride[i]}
		if t.count > 0 {
			if last := &t.axes[t.count-1]; last.dst == a.dst*n && last.src == a.src*n {
				*last = axis{last.n * n, a.dst, a.src}
				continue
			}
		}
		t.axes[t.count] = a
		t.count++
	}
	t.across = axis{}
	t.inner = t.takeInner()
	if t.inner.dst == 1 && t.inner.src != 1 && !t.add {
		for i, a := range t.axes[:t.count] {
			if a.src == 1 && a.dst != 0 && a.n >= tile/2 && t.inner.n >= tile/2 {
				t.across = a
				t.drop(i)
				break
			}
		}
	}
	// What is not summed over comes first; the order is else that of the caller.
	t.free = 0
	for i := range t.count {
		if a := t.axes[i]; a.dst != 0 {
			copy(t.axes[t.free+1:i+1], t.axes[t.free:i])
			t.axes[t.free] = a
			t.free++
		}
	}
	t.outer = 1
	for _, a := range t.axes[:t.free] {
		t.outer *= a.n
	}
	t.pieces, t.per = 1, 1
	switch {
	case t.across.n > 0:
		t.piece = strip
		t.pieces = (t.across.n + strip - 1) / strip
	case t.inner.n > 2*block && t.inner.dst != 0:
		t.piece = block
		t.pieces = (t.inner.n + block - 1) / block
	default:
		t.piece = t.inner.n
		summed := t.inner.n
		for _, a := range t.axes[t.free:t.count] {
			summed *= a.n
		}
		t.per = max(1, block/summed)
	}
}

// takeInner chooses the axis of rows: one that is contiguous in both operands, else in the destination, else in the source, else the last.
func (t *task) takeInner() axis {
	if t.count == 0 {
		return axis{1, 1, 1}
	}
	best, rank := t.count-1, 0
	for i, a := range t.axes[:t.count] {
		r := 0
		switch {
		case a.dst == 1 && a.src == 1:
			r = 3
		case a.dst == 1:
			r = 2
		case a.src == 1:
			r = 1
		}
		if r > rank {
			best, rank = i, r
		}
	}
	a := t.axes[best]
	t.drop(best)
	return a
}

func (t *task) drop(i int) {
	copy(t.axes[i:t.count-1], t.axes[i+1:t.count])
	t.count--
}

// Chunk moves some rows, or a piece of one, or a strip of tiles.
func (t *task) Chunk(_ *parallel.Worker, i int) {
	if t.pieces > 1 || t.across.n > 0 {
		t.each(i/t.pieces, i/t.pieces+1, i%t.pieces)
		return
	}
	t.each(i*t.per, min((i+1)*t.per, t.outer), 0)
}

// each goes through the outer indices from..to-1 of the free axes, in each of them through the axes that are summed over, and moves a piece.
func (t *task) each(from, to, piece int) {
	var index [MaxAxes]int
	dst, src, rest := t.dst.At, t.src.At, from
	for k := t.free - 1; k >= 0; k-- {
		a := t.axes[k]
		index[k], rest = rest%a.n, rest/a.n
		dst, src = dst+index[k]*a.dst, src+index[k]*a.src
	}
	lo := piece * t.piece
	for range to - from {
		t.summed(t.free, dst, src, lo)
		dst, src = t.next(&index, 0, t.free, dst, src)
	}
}

// next advances the index of the axes lo to hi-1.
func (t *task) next(index *[MaxAxes]int, lo, hi, dst, src int) (_, _ int) {
	for k := hi - 1; k >= lo; k-- {
		a := &t.axes[k]
		dst, src = dst+a.dst, src+a.src
		if index[k]++; index[k] < a.n {
			break
		}
		index[k] = 0
		dst, src = dst-a.n*a.dst, src-a.n*a.src
	}
	return dst, src
}

// summed moves a piece for every index of the axes from k on, which are summed over.
func (t *task) summed(k, dst, src, lo int) {
	if k < t.count {
		for range t.axes[k].n {
			t.summed(k+1, dst, src, lo)
			src += t.axes[k].src
		}
		return
	}
	if t.across.n > 0 {
		t.transpose(dst, src, lo, min(lo+t.piece, t.across.n))
		return
	}
	a := t.inner
	t.row(min(t.piece, a.n-lo), dst+lo*a.dst, src+lo*a.src)
}
