// Package attention holds scaled dot-product attention, forward and backward, in blocks: the matrix of scores, of all queries by all keys,
// is never in memory.
//
// # How it works
//
// A block of 144 queries goes over the keys, 144 at a time. Their scores are a product of [github.com/oneshot-nas/oneshot/kernels/gemm]
// within the chunk of work; [github.com/oneshot-nas/oneshot/kernels/softmax.Running] turns each row into exponentials of what it lacks to
// the largest score that it has seen, and says by what to multiply the output so far when a larger one comes; another product adds the
// values. What stays is the output and a number for each query, the logarithm of the sum of its exponentials (Rabe and Staats 2021, arXiv
// 2112.05682; Dao et al. 2022, arXiv 2205.14135). From these the backward pass computes each block of probabilities again, where it is
// needed, by one more product.
//
// Operands are read and written where a linear layer leaves them: the heads side by side in a row, the rows as far apart as they are. A
// block whose keys are all behind its queries costs nothing in a causal attention, half of all blocks in a long sequence.
//
// # Numbers
//
// Errors are those of the products and of the exponentials underneath; the sums of a softmax are in float64. The order of all sums depends
// on the shape alone: results are the same bits for any number of threads.
package attention
