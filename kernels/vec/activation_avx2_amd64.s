//go:build !purego

#include "textflag.h"
#include "activation.h"

// Activations and their gradients, AVX2 and FMA3: 8 floats at a time, the last ones under the mask Y15, so that nothing outside the
// slices is touched. UNARY and BINARY are the loop; OP works on Y0 (of a), Y1 (of b) and leaves its result in Y0.

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

// func expAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = e^a[i]
TEXT ·expAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	UNARY(EXP)

// 1 / (1 + e^-x)
#define SIGMOID \
	VXORPS Y3, Y3, Y3  \
	VSUBPS Y0, Y3, Y0  \
	EXP                \
	VADDPS Y14, Y0, Y0 \
	VDIVPS Y0, Y14, Y0

// func sigmoidAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = 1 / (1 + e^-a[i])
TEXT ·sigmoidAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	UNARY(SIGMOID)

// A polynomial for small x, in Y8, and for the others 1 - 2/(e^2|x| + 1) with the sign of x.
#define TANH \
	VMOVAPS Y0, Y6             \
	VPAND Y13, Y0, Y0          \
	VCMPPS $1, Y12, Y0, Y9     \
	VMULPS Y0, Y0, Y7          \
	VBROADCASTSS C_T11, Y8     \
	HORNER(C_T9, Y7, Y8)       \
	HORNER(C_T7, Y7, Y8)       \
	HORNER(C_T5, Y7, Y8)       \
	HORNER(C_T3, Y7, Y8)       \
	VMULPS Y7, Y8, Y8          \
	VFMADD213PS Y6, Y6, Y8     \
	VADDPS Y0, Y0, Y0          \
	EXP                        \
	VADDPS Y14, Y0, Y0         \
	VDIVPS Y0, Y11, Y0         \
	VSUBPS Y0, Y14, Y0         \
	VBLENDVPS Y9, Y8, Y0, Y0   \
	VPANDN Y6, Y13, Y6         \
	VPOR Y6, Y0, Y0

// func tanhAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = tanh a[i]
TEXT ·tanhAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	VBROADCASTSS C_ABS, Y13
	VBROADCASTSS C_SMALL, Y12
	VBROADCASTSS C_TWO, Y11
	UNARY(TANH)

// Zero and six are the first operands, so that a NaN stays one.
#define RELU6 \
	VMAXPS Y0, Y13, Y0 \
	VMINPS Y0, Y12, Y0

// func relu6AVX2(dst, a, b []float32, s float32)
//
//	dst[i] = min(max(a[i], 0), 6)
TEXT ·relu6AVX2(SB), NOSPLIT, $0-76
	VXORPS Y13, Y13, Y13
	VBROADCASTSS C_SIX, Y12
	UNARY(RELU6)

#define MUL VMULPS Y1, Y0, Y0

// func mulAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i]·b[i]
TEXT ·mulAVX2(SB), NOSPLIT, $0-76
	BINARY(MUL)

#define RELU6GRADIENT \
	VCMPPS $1, Y0, Y13, Y2 \
	VCMPPS $1, Y12, Y0, Y0 \
	VPAND Y2, Y0, Y0       \
	VPAND Y1, Y0, Y0

#define SIGMOIDGRADIENT \
	VMULPS Y0, Y1, Y1  \
	VSUBPS Y0, Y14, Y0 \
	VMULPS Y1, Y0, Y0

#define TANHGRADIENT \
	VFNMADD213PS Y14, Y0, Y0 \
	VMULPS Y1, Y0, Y0

// func relu6BackwardAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = 0 < a[i] < 6 ? b[i] : 0
TEXT ·relu6BackwardAVX2(SB), NOSPLIT, $0-76
	VXORPS Y13, Y13, Y13
	VBROADCASTSS C_SIX, Y12
	BINARY(RELU6GRADIENT)

// func relu6BackwardAddAVX2(dst, a, b []float32, s float32)
//
//	dst[i] += 0 < a[i] < 6 ? b[i] : 0
TEXT ·relu6BackwardAddAVX2(SB), NOSPLIT, $0-76
	VXORPS Y13, Y13, Y13
	VBROADCASTSS C_SIX, Y12
	BINARYADD(RELU6GRADIENT)

// func sigmoidBackwardAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = b[i]·a[i]·(1 - a[i])
TEXT ·sigmoidBackwardAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	BINARY(SIGMOIDGRADIENT)

// func sigmoidBackwardAddAVX2(dst, a, b []float32, s float32)
//
//	dst[i] += b[i]·a[i]·(1 - a[i])
TEXT ·sigmoidBackwardAddAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	BINARYADD(SIGMOIDGRADIENT)

// func tanhBackwardAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = b[i]·(1 - a[i]²)
TEXT ·tanhBackwardAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	BINARY(TANHGRADIENT)

// func tanhBackwardAddAVX2(dst, a, b []float32, s float32)
//
//	dst[i] += b[i]·(1 - a[i]²)
TEXT ·tanhBackwardAddAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	BINARYADD(TANHGRADIENT)

// GATE works on Y0 (c), Y1 (f), Y2 (s) and leaves the gate in Y0 and the result in Y2.
#define GATE \
	SIGMOID            \
	VSUBPS Y2, Y1, Y1  \
	VMULPS Y1, Y0, Y1  \
	VADDPS Y1, Y2, Y2

#define C R8
#define F R9
#define S R10

// func gateAVX2(dst, c, f, s []float32)
//
//	c[i] = 1 / (1 + e^-c[i])
//	dst[i] = s[i] + c[i]·(f[i] - s[i])
TEXT ·gateAVX2(SB), NOSPLIT, $0-96
	VBROADCASTSS C_ONE, Y14
	MOVQ dst_base+0(FP), DST
	MOVQ dst_len+8(FP), N
	MOVQ c_base+24(FP), C
	MOVQ f_base+48(FP), F
	MOVQ s_base+72(FP), S
	SUBQ $8, N
	JLT  tail

loop:
	VMOVUPS (C), Y0
	VMOVUPS (F), Y1
	VMOVUPS (S), Y2
	GATE
	VMOVUPS Y0, (C)
	VMOVUPS Y2, (DST)
	ADDQ $32, C
	ADDQ $32, F
	ADDQ $32, S
	ADDQ $32, DST
	SUBQ $8, N
	JGE  loop

tail:
	ADDQ $8, N
	JLE  done
	MASK
	VMASKMOVPS (C), Y15, Y0
	VMASKMOVPS (F), Y15, Y1
	VMASKMOVPS (S), Y15, Y2
	GATE
	VMASKMOVPS Y0, Y15, (C)
	VMASKMOVPS Y2, Y15, (DST)

done:
	VZEROUPPER
	RET

// GATEGRADIENT works on Y0 (c), Y1 (f), Y2 (s), Y3 (dy) and Y4 (base) and leaves the gradients in Y0 (c), Y1 (f) and Y4 (s).
#define GATEGRADIENT \
	VSUBPS Y2, Y1, Y5  \
	VMULPS Y5, Y3, Y5  \
	VMULPS Y3, Y0, Y1  \
	VADDPS Y3, Y4, Y4  \
	VSUBPS Y1, Y4, Y4  \
	VMULPS Y5, Y0, Y5  \
	VSUBPS Y0, Y14, Y0 \
	VMULPS Y0, Y5, Y0

#define BASE SI
#define DF   R11
#define DY   DX

// func gateBackwardAVX2(ds, base, df, c, f, s, dy []float32)
//
//	df[i], c[i] = dy[i]·c[i], dy[i]·(f[i] - s[i])·c[i]·(1 - c[i])
//	ds[i] = base[i] + dy[i] - df[i]
TEXT ·gateBackwardAVX2(SB), NOSPLIT, $0-168
	VBROADCASTSS C_ONE, Y14
	MOVQ ds_base+0(FP), DST
	MOVQ ds_len+8(FP), N
	MOVQ base_base+24(FP), BASE
	MOVQ df_base+48(FP), DF
	MOVQ c_base+72(FP), C
	MOVQ f_base+96(FP), F
	MOVQ s_base+120(FP), S
	MOVQ dy_base+144(FP), DY
	SUBQ $8, N
	JLT  tail

loop:
	VMOVUPS (C), Y0
	VMOVUPS (F), Y1
	VMOVUPS (S), Y2
	VMOVUPS (DY), Y3
	VMOVUPS (BASE), Y4
	GATEGRADIENT
	VMOVUPS Y0, (C)
	VMOVUPS Y1, (DF)
	VMOVUPS Y4, (DST)
	ADDQ $32, C
	ADDQ $32, F
	ADDQ $32, S
	ADDQ $32, DY
	ADDQ $32, BASE
	ADDQ $32, DF
	ADDQ $32, DST
	SUBQ $8, N
	JGE  loop

tail:
	ADDQ $8, N
	JLE  done
	MASK
	VMASKMOVPS (C), Y15, Y0
	VMASKMOVPS (F), Y15, Y1
	VMASKMOVPS (S), Y15, Y2
	VMASKMOVPS (DY), Y15, Y3
	VMASKMOVPS (BASE), Y15, Y4
	GATEGRADIENT
	VMASKMOVPS Y0, Y15, (C)
	VMASKMOVPS Y1, Y15, (DF)
	VMASKMOVPS Y4, Y15, (DST)

done:
	VZEROUPPER
	RET
