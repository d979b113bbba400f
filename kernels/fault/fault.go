// Package fault holds the one error of kernels that are misused.
//
// Operands that do not fit together are errors of the program, not of its input, so kernels panic; and because all of them panic with a
// [ShapeError], one recover at the edge of a program (package tensor has it, as Catch) turns any of them into an error that says what was
// called, with what figures, and which ones would have done.
package fault

import "fmt"

// ShapeError is what a kernel panics with when a size, a row distance, a length, a label or an index does not fit.
type ShapeError struct {
	Op        string // the function that was called, for example "gemm.Mul"
	Got, Want string
}

func (e ShapeError) Error() string { return fmt.Sprintf("%s: got %s, want %s", e.Op, e.Got, e.Want) }
