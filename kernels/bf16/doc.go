// Package bf16 holds products of bfloat16 numbers with sums in float32: the arithmetic of a training step whose matrices are
// multiplied in half the bits, as processors with matrix units do it many times as fast as in float32 (AMX, on Xeons since Sapphire
// Rapids).
//
// # The number
//
// A bfloat16 is the upper half of a float32: its sign, its exponent of eight bits and seven bits of its fraction. [Of] rounds to the
// nearest, ties to even. A number whose magnitude is below 2⁻¹²⁶, the smallest normal one, counts as a zero of its sign, as AMX has it. A
// NaN stays one, an infinity too; what is nearer to 2¹²⁸ than to the largest number becomes an infinity. [Round] does the same to
// numbers that stay float32, so that any machine can compute with them what one with a matrix unit does. Both, and what lays matrices out
// for a matrix unit ([PackA], [PackB]), yield the same bits with every instruction set.
//
// # The product
//
// The specification is that of Intel's TDPBF16PS, which portable code follows to the bit. The inner dimension is cut into blocks of at most
// 32 numbers. In a block the products of even places and those of odd places are summed apart, in their order, each step a fused
// multiply-add that rounds to nearest even in float32; the two sums are added, and their sum is added to what the element of C was.
// Operands and results below 2⁻¹²⁶ count as zeros throughout. [Tiles] is that product for matrices as convolutions and [gemm] lay them
// out. Its error is at most (b/2+1+s)·2⁻²⁴·Σ|a·b| for s blocks of b numbers.
//
// Where there is no matrix unit ([Available]), a product of rounded operands in float32 takes its place: the same numbers are
// multiplied, their products are exact in both, and only the order of the sums differs: by at most (k+2)·2⁻²⁴·Σ|a·b|, as between any
// two instruction sets of float32. [Tiles] itself is then computed by the specification, which is for tests.
//
// # The matrix unit
//
// An assembly call configures the tiles, multiplies up to 256 rows of A by one or two panels of 16 columns of B, half a thousand steps
// along the inner dimension at a time, and releases the tiles, within some microseconds: a goroutine is never taken off its thread, nor
// are two on one thread, while tiles hold anything. Four tiles of C are summed at a time, two by two, or on top of each other where C has
// but 16 columns left. The routine has been run in emulators alone, to the bit of the specification (tests ask a processor for its bits
// with -exact); how fast it is on one was not measured, and sizes of blocks follow from what the processor's manual says.
//
// The instructions for vectors of bfloat16 numbers are not used. That of AVX-512 (VDPBF16PS) loses to float32 on Intel's processors, and on
// none could it or those of ARM (BFDOT, BFMMLA) be measured.
//
// [gemm]: https://pkg.go.dev/github.com/oneshot-nas/oneshot/kernels/gemm
package bf16
