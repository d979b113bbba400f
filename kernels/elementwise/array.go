package elementwise

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Axes is the number of axes of an [Array].
const Axes = 4

// Array is an operand: the length of each axis, outermost first, and how far apart in Data neighbours along it lie. Arrays of fewer axes
// have lengths of 1 in front.
type Array struct {
	Data          []float32
	Shape, Stride [Axes]int
}

// Len is the number of elements.
func (a Array) Len() int { return a.Shape[0] * a.Shape[1] * a.Shape[2] * a.Shape[3] }

// Constant is an array of one element, which stretches to any shape.
func Constant(v []float32) Array { return Array{Data: v[:1], Shape: [Axes]int{1, 1, 1, 1}} }

// Broadcast returns the shape to which a and b stretch.
func Broadcast(a, b [Axes]int) (shape [Axes]int, ok bool) {
	for i := range shape {
		switch {
		case a[i] == b[i] || b[i] == 1:
			shape[i] = a[i]
		case a[i] == 1:
			shape[i] = b[i]
		default:
			return shape, false
		}
	}
	return shape, true
}

// check panics unless the data of a holds its elements.
func (a Array) check(op, operand string) {
	last := 0
	for i, n := range a.Shape {
		if n == 0 {
			return
		}
		last += (n - 1) * a.Stride[i]
	}
	if len(a.Data) <= last {
		fault.CheckLen("elementwise."+op, operand, len(a.Data), last+1)
	}
}

// stretched returns a with the given shape, which it broadcasts to: the strides of axes that are repeated are zero.
func (a Array) stretched(op, operand string, shape [Axes]int) Array {
	a.check(op, operand)
	for i, n := range shape {
		switch {
		case a.Shape[i] == 1:
			a.Stride[i] = 0
		case a.Shape[i] != n:
			fault.Shape("elementwise."+op, fmt.Sprintf("%s of %v", operand, a.Shape), fmt.Sprintf("one that broadcasts to %v", shape))
		}
	}
	a.Shape = shape
	return a
}

// dense reports whether the elements lie side by side.
func (a Array) dense() bool {
	next := 1
	for i := Axes - 1; i >= 0; i-- {
		if a.Shape[i] != 1 && a.Stride[i] != next {
			return false
		}
		next *= a.Shape[i]
	}
	return true
}

// denseLike is an array of the given data and shape.
func denseLike(data []float32, shape [Axes]int) Array {
	a := Array{Data: data, Shape: shape}
	next := 1
	for i := Axes - 1; i >= 0; i-- {
		a.Stride[i] = next
		next *= shape[i]
	}
	return a
}
