// Package gemm multiplies matrices of float32: C = alpha·op(A)·op(B) + beta·C, row by row in memory.
//
// # How it works
//
// A micro kernel holds a tile of C in registers: a few rows (12 on AVX-512, 6 on AVX2) times a panel of columns (32, 16). Each
// step along the inner dimension loads one row of the panel as vectors and multiplies it by single elements of A, which the
// processor broadcasts as it reads them. Elements of A are addressed with two strides, so rows of A are read as they lie and
// transposed ones in a copy; lower micro kernels (8 and 4 rows) take what a tall one would waste.
//
// C is cut into blocks, one to a chunk of work. A chunk walks the inner dimension in steps so short that one panel of B stays
// in the level-1 cache; for each step it lays out its panels of B once, by vector code that transposes where it must, and runs
// all its rows past them, as many at a time as fit beside them: both follow from the size of the level-2 cache. Rows of A that lie
// a power of two apart would crowd a few sets of the level-1 cache, so these are copied, and transposed ones too. Ragged edges are masked
// when C is written, so the inner loop has no tail.
//
// [MulBias] starts every row of C with a bias, where the first step along the inner dimension is about to read it: a linear layer then
// needs no pass of its own for that.
//
// # A constant operand
//
// [Pack] lays B out once for any number of products ([Packed.Mul]), as for the weights of a recurrent layer. With few rows of A
// this is most of the work: the product then waits for B to come from memory. [LocalPanels] lays a matrix out like that for kernels of
// other packages: weights of convolutions, for one.
//
// # Many products
//
// [MulBatch] computes products of one shape side by side, one to a thread, as long as there are enough of them. Operands lie where they
// lie, at even distances, and one may serve for all.
//
// # Within a chunk
//
// [Local] computes a product on one worker, for tasks that cut their work themselves: the sum of many short products, say, which
// is how a convolution gathers the gradient of few weights over many pixels.
//
// # Precision
//
// With [BF16], op(A) and alpha·op(B) are rounded to bfloat16 where they are laid out, and multiplied as package bf16 says; sums, C and the
// bias are float32. Where the processor has a unit for that, B is packed once, rows of A are rounded by each chunk, which multiplies up to
// 256 of them by 512 columns at a time. Elsewhere, and where the inner dimension is shorter than 16, the kernels of float32 multiply the
// rounded numbers, a little slower than others: that is for finding out on any machine what bfloat16 does to a result. The methods of
// [Precision], and [Packed] and [Local] by their fields, take one. [MulBatch] and attention are float32 alone.
//
// # Determinism
//
// An element of C is summed over the inner dimension in an order that depends on its length, the instruction set and the precision alone:
// neither on the other sizes, nor on the number of threads. The rounding error of an element is at most
// (k+2)·2⁻²⁴·|alpha|·Σ|a·b| beyond that of beta·C; the portable version sums in float64. NaN and infinities reach their row and
// column of C and nothing else; what is scaled by zero is not read.
package gemm
