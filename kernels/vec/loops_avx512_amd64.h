// The loops of activation_avx512_amd64.s and arithmetic_avx512_amd64.s, and the exponential: AVX-512, 16 floats at a time, the last ones
// under the mask K1, so that nothing outside the slices is touched. UNARY and BINARY are the loop; OP works on Z0 (of a), Z1 (of b) and
// leaves its result in Z0.

#define DST DI
#define A   SI
#define B   DX
#define N   CX // elements left
#define T   AX

// K1 = the lowest N bits, N < 16.
#define MASK \
	MOVL $1, T   \
	SHLL CX, T   \
	DECL T       \
	KMOVW T, K1

#define UNARY(OP) \
	MOVQ dst_base+0(FP), DST \
	MOVQ dst_len+8(FP), N    \
	MOVQ a_base+24(FP), A    \
	SUBQ $16, N              \
	JLT  tail                \
loop: \
	VMOVUPS (A), Z0          \
	OP                       \
	VMOVUPS Z0, (DST)        \
	ADDQ $64, A              \
	ADDQ $64, DST            \
	SUBQ $16, N              \
	JGE  loop                \
tail: \
	ADDQ $16, N              \
	JLE  done                \
	MASK                     \
	VMOVUPS.Z (A), K1, Z0    \
	OP                       \
	VMOVUPS Z0, K1, (DST)    \
done: \
	VZEROUPPER               \
	RET

#define BINARY(OP) \
	MOVQ dst_base+0(FP), DST \
	MOVQ dst_len+8(FP), N    \
	MOVQ a_base+24(FP), A    \
	MOVQ b_base+48(FP), B    \
	SUBQ $16, N              \
	JLT  tail                \
loop: \
	VMOVUPS (A), Z0          \
	VMOVUPS (B), Z1          \
	OP                       \
	VMOVUPS Z0, (DST)        \
	ADDQ $64, A              \
	ADDQ $64, B              \
	ADDQ $64, DST            \
	SUBQ $16, N              \
	JGE  loop                \
tail: \
	ADDQ $16, N              \
	JLE  done                \
	MASK                     \
	VMOVUPS.Z (A), K1, Z0    \
	VMOVUPS.Z (B), K1, Z1    \
	OP                       \
	VMOVUPS Z0, K1, (DST)    \
done: \
	VZEROUPPER               \
	RET

// BINARYADD adds to what is there.
#define BINARYADD(OP) \
	MOVQ dst_base+0(FP), DST \
	MOVQ dst_len+8(FP), N    \
	MOVQ a_base+24(FP), A    \
	MOVQ b_base+48(FP), B    \
	SUBQ $16, N              \
	JLT  tail                \
loop: \
	VMOVUPS (A), Z0          \
	VMOVUPS (B), Z1          \
	OP                       \
	VADDPS (DST), Z0, Z0     \
	VMOVUPS Z0, (DST)        \
	ADDQ $64, A              \
	ADDQ $64, B              \
	ADDQ $64, DST            \
	SUBQ $16, N              \
	JGE  loop                \
tail: \
	ADDQ $16, N              \
	JLE  done                \
	MASK                     \
	VMOVUPS.Z (A), K1, Z0    \
	VMOVUPS.Z (B), K1, Z1    \
	OP                       \
	VADDPS (DST), Z0, K1, Z0 \
	VMOVUPS Z0, K1, (DST)    \
done: \
	VZEROUPPER               \
	RET

#define EXPCONSTANTS \
	VBROADCASTSS C_MIN, Z16 \
	VBROADCASTSS C_MAX, Z17 \
	VBROADCASTSS C_LOG2E, Z18 \
	VBROADCASTSS C_LN2HI, Z19 \
	VBROADCASTSS C_LN2LO, Z20 \
	VBROADCASTSS C_E7, Z21 \
	VBROADCASTSS C_E6, Z22 \
	VBROADCASTSS C_E5, Z23 \
	VBROADCASTSS C_E4, Z24 \
	VBROADCASTSS C_E3, Z25 \
	VBROADCASTSS C_E2, Z26 \
	VBROADCASTSS C_ONE, Z27

// Z0 = e^Z0: with n the integer nearest to x/ln 2 and r = x - n·ln 2, it is 2ⁿ·e^r. The bounds are the first operands, so that a NaN
// stays one.
#define EXP \
	VMAXPS Z0, Z16, Z0         \
	VMINPS Z0, Z17, Z0         \
	VMULPS Z18, Z0, Z3         \
	VRNDSCALEPS $0, Z3, Z3     \
	VFNMADD231PS Z19, Z3, Z0   \
	VFNMADD231PS Z20, Z3, Z0   \
	VMOVAPS Z21, Z4            \
	VFMADD213PS Z22, Z0, Z4    \
	VFMADD213PS Z23, Z0, Z4    \
	VFMADD213PS Z24, Z0, Z4    \
	VFMADD213PS Z25, Z0, Z4    \
	VFMADD213PS Z26, Z0, Z4    \
	VMULPS Z0, Z0, Z5          \
	VFMADD213PS Z0, Z5, Z4     \
	VADDPS Z27, Z4, Z4         \
	VSCALEFPS Z3, Z4, Z0
