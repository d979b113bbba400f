// Package gemm multiplies matrices of float32: C = alpha·op(A)·op(B) + beta·C, row by row in memory.
//
// # How it works
//
// The inner loop is the register tile that convolutions use ([github.com/oneshot-nas/oneshot/kernels/conv]): a few rows of
// A, whose values the processor broadcasts as it reads them, times a panel of 16 or 32 columns of B. C is cut into blocks,
// one to a task; a task walks the inner dimension in steps so short that one panel of B stays in the level-1 cache, copies
// the panel there once, and runs all its rows past it. Rows of A are read where they are if few panels come by; otherwise, or if A is
// transposed, the block's part of A is copied first, which frees the loop from leading dimensions that are powers of two.
// Ragged edges go through a scratch tile, so that the inner loop has no tail.
//
// # A constant operand
//
// [Pack] lays B out once for any number of products ([Packed.Mul]), as for the weights of a recurrent layer.
//
// # Determinism
//
// An element of C is summed over the inner dimension in an order that depends on nothing but the instruction set: neither
// on the other sizes, nor on the number of threads. The rounding error of an element is at most (k+2)·2⁻²⁴·|alpha|·Σ|a·b|
// beyond that of beta·C; the portable version sums in float64.
package gemm
