// Package vec holds the elementwise operations and the reductions over float32 vectors.
//
// A tensor without a channel window is one long vector, whatever its shape, so most operations take plain slices. The
// destination comes first and may be one of the operands (Add(x, x, y) is x += y); slices that overlap in any other way
// give wrong results. Windows, whose rows lie ld apart, are served by the functions whose names end in Rows, and by [WeightedSum].
//
// All slices of a call have the same length; a different one is a programming error and panics, as all misuse of
// kernels does, with the error of [github.com/oneshot-nas/oneshot/kernels/fault]. Long vectors are cut into
// blocks of a fixed length and shared among the workers of package parallel. Within a parallel.Task that cannot be: there, the functions
// whose names begin with Local do the same in the calling goroutine, whatever the length.
//
// # Numbers
//
// The loop in each doc comment is the definition, with every operation rounded to float32: no instruction set fuses a
// multiplication with an addition here, which costs nothing because these loops wait for memory. Elementwise results are
// therefore the same bits on every machine. NaN and Inf follow IEEE 754; [ReLU] lets NaN through.
//
// Reductions accumulate in float64 in an order that depends on the length alone: within a block of 16,384 elements,
// element i goes to partial sum i mod 32, the 32 partial sums are added as a binary tree, and the blocks are added from
// first to last. A product of two float32 is exact in float64. Reductions, too, are the same bits on every instruction
// set and for any number of threads.
package vec
