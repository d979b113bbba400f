package tensor

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// MaxRank is the largest number of axes.
const MaxRank = 4

// Tensor is a dense float32 array or a window of one. The zero value is no tensor ([Tensor.IsZero]). Copying the struct
// copies the view, not the values.
type Tensor struct {
	// Data starts at the first element. For a window it is longer than the elements: rows are LD apart.
	Data   []float32
	rank   int
	shape  [MaxRank]int
	stride [MaxRank]int
}

// ShapeError is what misuse panics with, here and in all kernels: a shape, a length or an index that does not fit, foremost.
type ShapeError = fault.ShapeError

// Catch calls f and returns the [ShapeError] that it panics with, if it does. Other panics pass.
func Catch(f func()) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case ShapeError:
			err = p
		default:
			panic(p)
		}
	}()
	f()
	return nil
}

// New returns a tensor of zeros whose data starts at a cache line.
func New(shape ...int) Tensor {
	checkShape("tensor.New", shape)
	return Wrap(memory.Aligned(Size(shape...)), shape...)
}

func checkShape(op string, shape []int) {
	n, negative, over, none := uint64(1), len(shape) > MaxRank, false, false
	for _, d := range shape {
		var high uint64
		high, n = bits.Mul64(n, uint64(d))
		negative, over, none = negative || d < 0, over || high > 0 || n > math.MaxInt/4, none || d == 0
	}
	if negative {
		fault.Shape(op, fmt.Sprint(slices.Clone(shape)), "at most 4 axes, none negative")
	}
	if over && !none {
		fault.Shape(op, fmt.Sprint(slices.Clone(shape)), "no more elements than a program can address")
	}
}

// Size is the number of elements of a shape.
func Size(shape ...int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Wrap makes a dense tensor of existing values. It panics unless data holds exactly the elements of the shape.
func Wrap(data []float32, shape ...int) Tensor {
	checkShape("tensor.Wrap", shape)
	if len(data) != Size(shape...) {
		fault.Shape("tensor.Wrap", fmt.Sprintf("%d values", len(data)), fmt.Sprintf("%d for shape %v", Size(shape...), slices.Clone(shape)))
	}
	t := Tensor{Data: data, rank: len(shape)}
	stride := 1
	for i := len(shape) - 1; i >= 0; i-- {
		t.shape[i], t.stride[i] = shape[i], stride
		stride *= shape[i]
	}
	return t
}

// WrapLike makes a dense tensor with the shape of like of existing values.
func WrapLike(data []float32, like Tensor) Tensor {
	inUse(like.rank)
	return Wrap(data, like.shape[:like.rank]...)
}

// IsZero reports whether t is the zero value.
func (t Tensor) IsZero() bool { return t.Data == nil && t.rank == 0 }

// released is the rank of [Released].
const released = -1

// Released returns a tensor that stands for one whose memory has been given back to its owner. It has no data, and all that is done
// with it panics with a text that says so.
func Released() Tensor { return Tensor{rank: released} }

// inUse panics if a tensor of this rank is [Released].
func inUse(rank int) {
	if rank == released {
		gaveBack()
	}
}

func gaveBack() {
	fault.Shape("tensor.Tensor", "a tensor whose memory has been given back",
		"one in use: Tape.Keep keeps a value of a tape beyond Backward and Block, Tensor.Clone beyond Reset")
}

// Rank is the number of axes.
func (t Tensor) Rank() int {
	inUse(t.rank)
	return t.rank
}

// Dim is the length of axis i; negative i count from the end.
func (t Tensor) Dim(i int) int {
	if i < -t.rank || i >= t.rank {
		inUse(t.rank)
		fault.Shape("tensor.Dim", fmt.Sprintf("axis %d", i), fmt.Sprintf("one of %d axes", t.rank))
	}
	if i < 0 {
		i += t.rank
	}
	return t.shape[i]
}

// Stride is the distance in floats between elements that are neighbours along axis i.
func (t Tensor) Stride(i int) int {
	if i < 0 || i >= t.rank {
		inUse(t.rank)
		fault.Shape("tensor.Stride", fmt.Sprintf("axis %d", i), fmt.Sprintf("one of %d axes", t.rank))
	}
	return t.stride[i]
}

// Shape returns the lengths of all axes.
func (t Tensor) Shape() []int {
	inUse(t.rank)
	return slices.Clone(t.shape[:t.rank])
}

// Len is the number of elements.
func (t Tensor) Len() int {
	inUse(t.rank)
	return Size(t.shape[:t.rank]...)
}

// Cols is the length of the last axis, 1 for a scalar.
func (t Tensor) Cols() int {
	if t.rank <= 0 {
		inUse(t.rank)
		return 1
	}
	return t.shape[t.rank-1]
}

// Rows is the number of elements of all axes but the last.
func (t Tensor) Rows() int {
	if t.rank <= 0 {
		inUse(t.rank)
		return 1
	}
	return Size(t.shape[:t.rank-1]...)
}

// LD is the distance in floats between consecutive rows. It panics for a window whose rows are not evenly spaced (one on
// an inner axis, such as input channels of a convolution weight).
func (t Tensor) LD() int {
	ld, even := t.rowDistance()
	if !even {
		stride, shape := t.stride, t.shape // t must not escape
		fault.Shape("tensor.LD", fmt.Sprintf("strides %v of shape %v", stride[:t.rank], shape[:t.rank]), "evenly spaced rows")
	}
	return ld
}

// EvenRows reports whether rows are evenly spaced, so that there is an [Tensor.LD].
func (t Tensor) EvenRows() bool {
	_, even := t.rowDistance()
	return even
}

func (t Tensor) rowDistance() (ld int, even bool) {
	ld, next := t.Cols(), 0 // next is the stride that the next axis out must have
	for i := t.rank - 2; i >= 0; i-- {
		switch {
		case t.shape[i] == 1:
			continue
		case next == 0:
			ld = t.stride[i]
		case t.stride[i] != next:
			return 0, false
		}
		next = t.stride[i] * t.shape[i]
	}
	return ld, true
}

// Dense reports whether the elements are contiguous. No elements are.
func (t Tensor) Dense() bool {
	if t.Len() == 0 {
		return true
	}
	stride := 1
	for i := t.rank - 1; i >= 0; i-- {
		if t.shape[i] > 1 && t.stride[i] != stride {
			return false
		}
		stride *= t.shape[i]
	}
	return true
}

// Window returns elements lo to hi-1 of the last axis, sharing memory.
func (t Tensor) Window(lo, hi int) Tensor { return t.WindowAxis(t.rank-1, lo, hi) }

// WindowAxis returns elements lo to hi-1 of an axis, sharing memory: input channels of a convolution weight are axis 2.
func (t Tensor) WindowAxis(axis, lo, hi int) Tensor {
	inUse(t.rank)
	if axis < 0 || axis >= t.rank || lo < 0 || hi > t.shape[axis] || lo > hi {
		fault.Shape("tensor.Window", fmt.Sprintf("[%d:%d] of axis %d", lo, hi, axis), fmt.Sprintf("a window of shape %v", t.Shape()))
	}
	w := t
	w.shape[axis] = hi - lo
	if w.Len() == 0 {
		w.Data = t.Data[:0]
		return w
	}
	// The window ends with its last element, so that its length still says what may be touched.
	last := lo * t.stride[axis]
	for i := range w.rank {
		last += (w.shape[i] - 1) * w.stride[i]
	}
	w.Data = t.Data[lo*t.stride[axis] : last+1]
	return w
}

// Reshape returns the elements of a dense tensor with another shape, sharing memory. A window may be reshaped as long as its rows stay as
// they are.
func (t Tensor) Reshape(shape ...int) Tensor {
	checkShape("tensor.Reshape", shape)
	last := len(shape) - 1
	rows := last >= 0 && shape[last] == t.Cols() && t.EvenRows()
	if !t.Dense() && !rows || Size(shape...) != t.Len() {
		fault.Shape("tensor.Reshape", fmt.Sprint(slices.Clone(shape)),
			fmt.Sprintf("%d elements of a dense tensor, not of %v", t.Len(), t.Shape()))
	}
	if t.Dense() {
		return Wrap(t.Data[:t.Len()], shape...)
	}
	checkShape("tensor.Reshape", shape)
	w, ld := Tensor{Data: t.Data, rank: len(shape)}, t.LD()
	w.shape[last], w.stride[last] = shape[last], 1
	for i := last - 1; i >= 0; i-- {
		w.shape[i], w.stride[i] = shape[i], ld
		ld *= shape[i]
	}
	return w
}

// SameShape reports whether t and u have the same shape.
func (t Tensor) SameShape(u Tensor) bool {
	inUse(t.rank)
	inUse(u.rank)
	return t.rank == u.rank && t.shape == u.shape
}

// At returns the element at the given indices, one per axis.
func (t Tensor) At(index ...int) float32 { return t.Data[t.offset(index)] }

// Set changes the element at the given indices.
func (t Tensor) Set(v float32, index ...int) { t.Data[t.offset(index)] = v }

func (t Tensor) offset(index []int) int {
	if len(index) != t.rank {
		inUse(t.rank)
		fault.Shape("tensor.At", fmt.Sprintf("%d indices", len(index)), fmt.Sprintf("%d", t.rank))
	}
	off := 0
	for i, x := range index {
		if x < 0 || x >= t.shape[i] {
			fault.Shape("tensor.At", fmt.Sprint(slices.Clone(index)), fmt.Sprintf("indices within %v", t.Shape()))
		}
		off += x * t.stride[i]
	}
	return off
}

// Clone returns a dense copy.
func (t Tensor) Clone() Tensor {
	inUse(t.rank)
	c := New(t.shape[:t.rank]...)
	c.CopyFrom(t)
	return c
}

// CopyFrom copies the elements of u, which has the same shape.
func (t Tensor) CopyFrom(u Tensor) {
	if !t.SameShape(u) {
		fault.Shape("tensor.CopyFrom", fmt.Sprint(u.Shape()), fmt.Sprint(t.Shape()))
	}
	if t.Dense() && u.Dense() {
		copy(t.Data[:t.Len()], u.Data[:u.Len()])
		return
	}
	var index [MaxRank]int
	cols := t.Cols()
	for range t.Rows() {
		copy(t.Data[t.offset(index[:t.rank]):][:cols], u.Data[u.offset(index[:u.rank]):][:cols])
		for i := t.rank - 2; i >= 0; i-- {
			if index[i]++; index[i] < t.shape[i] {
				break
			}
			index[i] = 0
		}
	}
}

// Fill sets every element to v.
func (t Tensor) Fill(v float32) {
	if !t.Dense() {
		fault.Shape("tensor.Fill", "a window", "a dense tensor")
	}
	d := t.Data[:t.Len()]
	for i := range d {
		d[i] = v
	}
}

// Transpose returns a dense copy with the axes in the given order: axis i of the result is axis order[i] of t. Layouts
// are converted with it at the borders: NCHW to NHWC is Transpose(0, 2, 3, 1), OIHW to HWIO is Transpose(2, 3, 1, 0).
func (t Tensor) Transpose(order ...int) Tensor {
	inUse(t.rank)
	if len(order) != t.rank {
		fault.Shape("tensor.Transpose", fmt.Sprint(slices.Clone(order)), fmt.Sprintf("%d axes", t.rank))
	}
	v := Tensor{Data: t.Data, rank: t.rank}
	seen := [MaxRank]bool{}
	for i, a := range order {
		if a < 0 || a >= t.rank || seen[a] {
			fault.Shape("tensor.Transpose", fmt.Sprint(slices.Clone(order)), fmt.Sprintf("a permutation of %d axes", t.rank))
		}
		seen[a] = true
		v.shape[i], v.stride[i] = t.shape[a], t.stride[a]
	}
	out := New(v.shape[:v.rank]...)
	var index [MaxRank]int
	for i := range out.Data {
		out.Data[i] = v.Data[v.offset(index[:v.rank])]
		for a := v.rank - 1; a >= 0; a-- {
			if index[a]++; index[a] < v.shape[a] {
				break
			}
			index[a] = 0
		}
	}
	return out
}
