// Package fault holds the one error of kernels that are misused, and the checks that most of them begin with.
//
// Operands that do not fit together are errors of the program, not of its input, so kernels panic; and because all of them panic with a
// [ShapeError], one recover at the edge of a program (tensor.Catch) turns any of them into an error that says what was called, with what
// figures, and which ones would have done.
package fault

import "fmt"

// ShapeError is what a size, a row distance, a length, a label or an index that does not fit panics with, and what else is a mistake of
// the program that calls, such as a step back through what has not been recorded.
type ShapeError struct {
	Op        string // the function that was called, for example "gemm.Mul"
	Got, Want string
}

func (e ShapeError) Error() string { return fmt.Sprintf("%s: got %s, want %s", e.Op, e.Got, e.Want) }

// Shape panics with a [ShapeError].
func Shape(op, got, want string) { panic(ShapeError{op, got, want}) }

// CheckLen panics unless an operand of op has at least want elements.
func CheckLen(op, operand string, have, want int) {
	if have < want || want < 0 {
		Shape(op, fmt.Sprintf("%s of %d elements", operand, have), fmt.Sprint(want))
	}
}

// CheckRows panics unless an operand of op with so many elements holds rows × cols of them, rows ld apart. It may be empty.
func CheckRows(op, operand string, have, rows, cols, ld int) {
	switch {
	case rows < 0 || cols < 0:
		Shape(op, fmt.Sprintf("%d rows of %d for %s", rows, cols, operand), "none negative")
	case rows == 0 || cols == 0:
	case ld < cols:
		Shape(op, fmt.Sprintf("%s with rows %d apart", operand, ld), fmt.Sprintf("at least %d", cols))
	case have < (rows-1)*ld+cols:
		Shape(op, fmt.Sprintf("%s of %d elements", operand, have),
			fmt.Sprintf("%d: %d rows of %d, %d apart", (rows-1)*ld+cols, rows, cols, ld))
	}
}
