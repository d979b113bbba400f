// Package bf16 holds products of bfloat16 numbers with sums in float32: the arithmetic of a training step whose matrices are
// multiplied in half the bits, as processors with matrix units do it many times as fast as in float32 (AMX, on Xeons since Sapphire
// Rapids), and those with instructions for vectors of such numbers about twice (AVX512-BF16 on Zen 4 and Zen 5, FEAT_BF16 of ARM).
//
// # The number
//
// A bfloat16 is the upper half of a float32: its sign, its exponent of eight bits and seven bits of its fraction. [Of] rounds to the
// nearest, ties to even. A number whose magnitude is below 2⁻¹²⁶, the smallest normal one, counts as a zero of its sign, as AMX has it. A
// NaN stays one, an infinity too; what is nearer to 2¹²⁸ than to the largest number becomes an infinity. [Round] does the same to
// numbers that stay float32, so that any machine can compute with them what one with such a unit does. Both, and what lays matrices out
// for a unit ([PackA], [PackB]), yield the same bits with every instruction set.
//
// # The product
//
// [Tiles] is the product of matrices as convolutions and [gemm] lay them out. The inner dimension is cut into blocks of at most 32 numbers,
// and these into pairs. In which order it is summed, and how it is rounded, is for each unit that of its instruction, which portable code
// follows to the bit. In all of them operands and results below 2⁻¹²⁶ count as zeros.
//
//   - AMX (TDPBF16PS): in a block the first products of all pairs and the second ones are summed apart, in their order, each step a fused
//     multiply-add that rounds to nearest even in float32; the two sums are added, and their sum is added to what the element of C was. The
//     error is at most (b/2+1+s)·2⁻²⁴·Σ|a·b| for s blocks of b numbers.
//   - AVX512-BF16 (VDPBF16PS): pair by pair, the second product first, each is added to the element of C by a fused multiply-add that
//     rounds to nearest even. The error is at most k·2⁻²⁴·Σ|a·b| for k products.
//   - ARM (BFMMLA): pair by pair, the products of each are added, and their sum is added to the element of C. Both additions round to odd:
//     the next number towards zero, with its last bit set if it is not the exact one. The error is at most (k/2+1)·2⁻²³·Σ|a·b|. So it is
//     while FPCR.EBF is 0, as systems leave it.
//
// Where there is no unit ([Available]), a product of rounded operands in float32 takes its place: the same numbers are
// multiplied, their products are exact in all of them, and only the order of the sums differs: by at most (k+2)·2⁻²⁴·Σ|a·b|, as between any
// two instruction sets of float32. [Tiles] itself is then computed by the specification of AMX, which is for tests.
//
// # The units
//
// On AMX an assembly call configures the tiles, multiplies up to 256 rows of A by one or two panels of 16 columns of B, half a thousand
// steps along the inner dimension at a time, and releases the tiles, within some microseconds: a goroutine is never taken off its thread,
// nor are two on one thread, while tiles hold anything. Four tiles of C are summed at a time, two by two, or on top of each other where C
// has but 16 columns left.
//
// In vectors the same operands are multiplied as they lie. VDPBF16PS takes a pair of rows of a panel of B and one pair of A for all of its
// 16 columns: registers hold 12 rows of C by two panels, or by one. BFMMLA takes two pairs of two rows of A and of two columns of B, which
// two pairs of rows of a panel give when they are interleaved: registers hold 8 rows of C by 8 columns. VDPBF16PS is used on processors of
// AMD alone ([github.com/oneshot-nas/oneshot/kernels/cpu]): on Intel's it loses to float32.
//
// All of these have been run in emulators alone, to the bit of the specification (tests ask a processor for its bits with -exact); how fast
// they are on a processor was not measured, and sizes of blocks follow from what manuals say.
//
// [gemm]: https://pkg.go.dev/github.com/oneshot-nas/oneshot/kernels/gemm
package bf16
