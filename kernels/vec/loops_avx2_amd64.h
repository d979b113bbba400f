// The loops of activation_avx2_amd64.s and arithmetic_avx2_amd64.s, and the exponential: AVX2 and FMA3, 8 floats at a time, the last ones
// under the mask Y15, so that nothing outside the slices is touched. UNARY and BINARY are the loop; OP works on Y0 (of a), Y1 (of b) and
// leaves its result in Y0.

#define DST DI
#define A   SI
#define B   DX
#define N   CX // elements left
#define T   AX

// Eight elements that exist, then eight that don't.
DATA existing<>+0(SB)/8, $-1
DATA existing<>+8(SB)/8, $-1
DATA existing<>+16(SB)/8, $-1
DATA existing<>+24(SB)/8, $-1
GLOBL existing<>(SB), RODATA|NOPTR, $64

// Y15 = the lowest N elements, N < 8.
#define MASK \
	LEAQ existing<>+32(SB), T \
	SHLQ $2, N                \
	SUBQ N, T                 \
	VMOVUPS (T), Y15

#define UNARY(OP) \
	MOVQ dst_base+0(FP), DST  \
	MOVQ dst_len+8(FP), N     \
	MOVQ a_base+24(FP), A     \
	SUBQ $8, N                \
	JLT  tail                 \
loop: \
	VMOVUPS (A), Y0           \
	OP                        \
	VMOVUPS Y0, (DST)         \
	ADDQ $32, A               \
	ADDQ $32, DST             \
	SUBQ $8, N                \
	JGE  loop                 \
tail: \
	ADDQ $8, N                \
	JLE  done                 \
	MASK                      \
	VMASKMOVPS (A), Y15, Y0   \
	OP                        \
	VMASKMOVPS Y0, Y15, (DST) \
done: \
	VZEROUPPER                \
	RET

#define BINARY(OP) \
	MOVQ dst_base+0(FP), DST  \
	MOVQ dst_len+8(FP), N     \
	MOVQ a_base+24(FP), A     \
	MOVQ b_base+48(FP), B     \
	SUBQ $8, N                \
	JLT  tail                 \
loop: \
	VMOVUPS (A), Y0           \
	VMOVUPS (B), Y1           \
	OP                        \
	VMOVUPS Y0, (DST)         \
	ADDQ $32, A               \
	ADDQ $32, B               \
	ADDQ $32, DST             \
	SUBQ $8, N                \
	JGE  loop                 \
tail: \
	ADDQ $8, N                \
	JLE  done                 \
	MASK                      \
	VMASKMOVPS (A), Y15, Y0   \
	VMASKMOVPS (B), Y15, Y1   \
	OP                        \
	VMASKMOVPS Y0, Y15, (DST) \
done: \
	VZEROUPPER                \
	RET

// BINARYADD adds to what is there.
#define BINARYADD(OP) \
	MOVQ dst_base+0(FP), DST  \
	MOVQ dst_len+8(FP), N     \
	MOVQ a_base+24(FP), A     \
	MOVQ b_base+48(FP), B     \
	SUBQ $8, N                \
	JLT  tail                 \
loop: \
	VMOVUPS (A), Y0           \
	VMOVUPS (B), Y1           \
	OP                        \
	VADDPS (DST), Y0, Y0      \
	VMOVUPS Y0, (DST)         \
	ADDQ $32, A               \
	ADDQ $32, B               \
	ADDQ $32, DST             \
	SUBQ $8, N                \
	JGE  loop                 \
tail: \
	ADDQ $8, N                \
	JLE  done                 \
	MASK                      \
	VMASKMOVPS (A), Y15, Y0   \
	VMASKMOVPS (B), Y15, Y1   \
	OP                        \
	VMASKMOVPS (DST), Y15, Y1 \
	VADDPS Y1, Y0, Y0         \
	VMASKMOVPS Y0, Y15, (DST) \
done: \
	VZEROUPPER                \
	RET

// HORNER is p = p·x + c.
#define HORNER(c, x, p) \
	VBROADCASTSS c, Y5    \
	VFMADD213PS Y5, x, p

// Y0 = e^Y0: with n the integer nearest to x/ln 2 and r = x - n·ln 2, it is 2ⁿ·e^r. 2ⁿ comes in two factors, for it may be too small
// or too large for one. The bounds are the first operands, so that a NaN stays one.
#define EXP \
	VBROADCASTSS C_MIN, Y5     \
	VMAXPS Y0, Y5, Y0          \
	VBROADCASTSS C_MAX, Y5     \
	VMINPS Y0, Y5, Y0          \
	VBROADCASTSS C_LOG2E, Y5   \
	VMULPS Y5, Y0, Y3          \
	VROUNDPS $0, Y3, Y3        \
	VBROADCASTSS C_LN2HI, Y5   \
	VFNMADD231PS Y5, Y3, Y0    \
	VBROADCASTSS C_LN2LO, Y5   \
	VFNMADD231PS Y5, Y3, Y0    \
	VBROADCASTSS C_E7, Y4      \
	HORNER(C_E6, Y0, Y4)       \
	HORNER(C_E5, Y0, Y4)       \
	HORNER(C_E4, Y0, Y4)       \
	HORNER(C_E3, Y0, Y4)       \
	HORNER(C_E2, Y0, Y4)       \
	VMULPS Y0, Y0, Y5          \
	VFMADD213PS Y0, Y5, Y4     \
	VADDPS Y14, Y4, Y0         \
	VCVTPS2DQ Y3, Y3           \
	VPSRAD $1, Y3, Y4          \
	VPSUBD Y4, Y3, Y3          \
	VPSLLD $23, Y3, Y3         \
	VPSLLD $23, Y4, Y4         \
	VPADDD Y14, Y3, Y3         \
	VPADDD Y14, Y4, Y4         \
	VMULPS Y3, Y0, Y0          \
	VMULPS Y4, Y0, Y0
