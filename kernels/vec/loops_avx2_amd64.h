// The loops of activation_avx2_amd64.s and arithmetic_avx2_amd64.s, and the exponential: AVX2 and FMA3, 8 floats at a time, the last ones
// under the mask Y15, so that nothing outside the slices is touched. UNARY and BINARY are the loop; OP works on Y0 (of a), Y1 (of b) and
// leaves its result in Y0.

#include "../internal/asm/avx2_amd64.h"

#define dst DI
#define a   SI
#define b   DX
#define n   CX // elements left
#define t   AX

// Y15 = the lowest n elements, n < 8.
#define MASK \
	FIRSTLANES(n, t, Y15)

#define UNARY(OP) \
	MOVQ dst_base+0(FP), dst  \
	MOVQ dst_len+8(FP), n     \
	MOVQ a_base+24(FP), a     \
	SUBQ $8, n                \
	JLT  tail                 \
loop:                         \
	VMOVUPS (a), Y0           \
	OP                        \
	VMOVUPS Y0, (dst)         \
	ADDQ    $32, a            \
	ADDQ    $32, dst          \
	SUBQ    $8, n             \
	JGE     loop              \
tail:                         \
	ADDQ       $8, n          \
	JLE        done           \
	MASK                      \
	VMASKMOVPS (a), Y15, Y0   \
	OP                        \
	VMASKMOVPS Y0, Y15, (dst) \
done:                         \
	VZEROUPPER                \
	RET

#define BINARY(OP) \
	MOVQ dst_base+0(FP), dst  \
	MOVQ dst_len+8(FP), n     \
	MOVQ a_base+24(FP), a     \
	MOVQ b_base+48(FP), b     \
	SUBQ $8, n                \
	JLT  tail                 \
loop:                         \
	VMOVUPS (a), Y0           \
	VMOVUPS (b), Y1           \
	OP                        \
	VMOVUPS Y0, (dst)         \
	ADDQ    $32, a            \
	ADDQ    $32, b            \
	ADDQ    $32, dst          \
	SUBQ    $8, n             \
	JGE     loop              \
tail:                         \
	ADDQ       $8, n          \
	JLE        done           \
	MASK                      \
	VMASKMOVPS (a), Y15, Y0   \
	VMASKMOVPS (b), Y15, Y1   \
	OP                        \
	VMASKMOVPS Y0, Y15, (dst) \
done:                         \
	VZEROUPPER                \
	RET

// BINARYADD adds to what is there.
#define BINARYADD(OP) \
	MOVQ dst_base+0(FP), dst  \
	MOVQ dst_len+8(FP), n     \
	MOVQ a_base+24(FP), a     \
	MOVQ b_base+48(FP), b     \
	SUBQ $8, n                \
	JLT  tail                 \
loop:                         \
	VMOVUPS (a), Y0           \
	VMOVUPS (b), Y1           \
	OP                        \
	VADDPS  (dst), Y0, Y0     \
	VMOVUPS Y0, (dst)         \
	ADDQ    $32, a            \
	ADDQ    $32, b            \
	ADDQ    $32, dst          \
	SUBQ    $8, n             \
	JGE     loop              \
tail:                         \
	ADDQ       $8, n          \
	JLE        done           \
	MASK                      \
	VMASKMOVPS (a), Y15, Y0   \
	VMASKMOVPS (b), Y15, Y1   \
	OP                        \
	VMASKMOVPS (dst), Y15, Y1 \
	VADDPS     Y1, Y0, Y0     \
	VMASKMOVPS Y0, Y15, (dst) \
done:                         \
	VZEROUPPER                \
	RET

// HORNER is p = p·x + c.
#define HORNER(c, x, p) \
	VBROADCASTSS c, Y5 \
	VFMADD213PS  Y5, x, p

// Y0 = e^Y0: with n the integer nearest to x/ln 2 and r = x - n·ln 2, it is 2ⁿ·e^r. 2ⁿ comes in two factors, for it may be too small
// or too large for one. The bounds are the first operands, so that a NaN stays one.
#define EXP \
	VBROADCASTSS C_MIN, Y5   \
	VMAXPS       Y0, Y5, Y0  \
	VBROADCASTSS C_MAX, Y5   \
	VMINPS       Y0, Y5, Y0  \
	VBROADCASTSS C_LOG2E, Y5 \
	VMULPS       Y5, Y0, Y3  \
	VROUNDPS     $0, Y3, Y3  \
	VBROADCASTSS C_LN2HI, Y5 \
	VFNMADD231PS Y5, Y3, Y0  \
	VBROADCASTSS C_LN2LO, Y5 \
	VFNMADD231PS Y5, Y3, Y0  \
	VBROADCASTSS C_E7, Y4    \
	HORNER(C_E6, Y0, Y4)     \
	HORNER(C_E5, Y0, Y4)     \
	HORNER(C_E4, Y0, Y4)     \
	HORNER(C_E3, Y0, Y4)     \
	HORNER(C_E2, Y0, Y4)     \
	VMULPS       Y0, Y0, Y5  \
	VFMADD213PS  Y0, Y5, Y4  \
	VADDPS       Y14, Y4, Y0 \
	VCVTPS2DQ    Y3, Y3      \
	VPSRAD       $1, Y3, Y4  \
	VPSUBD       Y4, Y3, Y3  \
	VPSLLD       $23, Y3, Y3 \
	VPSLLD       $23, Y4, Y4 \
	VPADDD       Y14, Y3, Y3 \
	VPADDD       Y14, Y4, Y4 \
	VMULPS       Y3, Y0, Y0  \
	VMULPS       Y4, Y0, Y0
