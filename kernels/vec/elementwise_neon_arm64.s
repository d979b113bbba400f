//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"
#include "activation.h"
#include "loops_neon_arm64.h"

// Elementwise kernels, NEON.

#define ADD FADD_4S(1, 0, 0)

// func addNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] + b[i]
TEXT ·addNEON(SB), NOSPLIT, $0-76
	ARGS
	BINARY(ADD)

#define MUL FMUL_4S(1, 0, 0)

// func mulNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i]·b[i]
TEXT ·mulNEON(SB), NOSPLIT, $0-76
	ARGS
	BINARY(MUL)

// There is no b: the loop may not read it.
#define AXPY \
	FMUL_4S(16, 0, 0) \
	FADD_4S(0, 2, 0)

// func axpyNEON(dst, a, b []float32, s float32)
//
//	dst[i] += s·a[i]
TEXT ·axpyNEON(SB), NOSPLIT, $0-76
	ARGS
	MOVD a, b
	BROADCAST(s+72(FP), F16, V16)
	INTO(AXPY)

#define SCALE FMUL_4S(16, 0, 0)

// func scaleNEON(dst, a, b []float32, s float32)
//
//	dst[i] = s·a[i]
TEXT ·scaleNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(s+72(FP), F16, V16)
	UNARY(SCALE)

#define RELU \
	FCMGT_4S(0, 16, 3) \
	VBIT V3.B16, V16.B16, V0.B16

// func reluNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] < 0 ? 0 : a[i]
TEXT ·reluNEON(SB), NOSPLIT, $0-76
	ARGS
	ZERO
	UNARY(RELU)

#define RELU6 \
	RELU \
	FMIN_4S(17, 0, 0)

// func relu6NEON(dst, a, b []float32, s float32)
//
//	dst[i] = min(max(a[i], 0), 6)
TEXT ·relu6NEON(SB), NOSPLIT, $0-76
	ARGS
	ZERO
	BROADCAST(C_SIX, F17, V17)
	UNARY(RELU6)

#define RELUGRADIENT \
	FCMGT_4S(16, 0, 3) \
	VAND V3.B16, V1.B16, V0.B16

// func reluBackwardNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] > 0 ? b[i] : 0
TEXT ·reluBackwardNEON(SB), NOSPLIT, $0-76
	ARGS
	ZERO
	BINARY(RELUGRADIENT)

#define RELUGRADIENTADD \
	FCMGT_4S(16, 0, 3)          \
	FADD_4S(1, 2, 1)            \
	VBIT V3.B16, V1.B16, V2.B16 \
	VORR V2.B16, V2.B16, V0.B16

// func reluBackwardAddNEON(dst, a, b []float32, s float32)
//
//	if a[i] > 0 { dst[i] += b[i] }
TEXT ·reluBackwardAddNEON(SB), NOSPLIT, $0-76
	ARGS
	ZERO
	INTO(RELUGRADIENTADD)

#define RELU6GRADIENT \
	FCMGT_4S(16, 0, 3)          \
	FCMGT_4S(0, 17, 4)          \
	VAND V3.B16, V4.B16, V3.B16 \
	VAND V3.B16, V1.B16, V0.B16

#define SIGMOIDGRADIENT \
	FMUL_4S(0, 1, 1)  \
	FSUB_4S(0, 27, 0) \
	FMUL_4S(1, 0, 0)

#define TANHGRADIENT \
	FMUL_4S(0, 0, 0)  \
	FSUB_4S(0, 27, 0) \
	FMUL_4S(1, 0, 0)

// func relu6BackwardNEON(dst, a, b []float32, s float32)
//
//	dst[i] = 0 < a[i] < 6 ? b[i] : 0
TEXT ·relu6BackwardNEON(SB), NOSPLIT, $0-76
	ARGS
	ZERO
	BROADCAST(C_SIX, F17, V17)
	BINARY(RELU6GRADIENT)

#define RELU6GRADIENTADD \
	RELU6GRADIENT \
	FADD_4S(2, 0, 0)

// func relu6BackwardAddNEON(dst, a, b []float32, s float32)
//
//	dst[i] += 0 < a[i] < 6 ? b[i] : 0
TEXT ·relu6BackwardAddNEON(SB), NOSPLIT, $0-76
	ARGS
	ZERO
	BROADCAST(C_SIX, F17, V17)
	INTO(RELU6GRADIENTADD)

// func sigmoidBackwardNEON(dst, a, b []float32, s float32)
//
//	dst[i] = b[i]·a[i]·(1 - a[i])
TEXT ·sigmoidBackwardNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(C_ONE, F27, V27)
	BINARY(SIGMOIDGRADIENT)

#define SIGMOIDGRADIENTADD \
	SIGMOIDGRADIENT \
	FADD_4S(2, 0, 0)

// func sigmoidBackwardAddNEON(dst, a, b []float32, s float32)
//
//	dst[i] += b[i]·a[i]·(1 - a[i])
TEXT ·sigmoidBackwardAddNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(C_ONE, F27, V27)
	INTO(SIGMOIDGRADIENTADD)

// func tanhBackwardNEON(dst, a, b []float32, s float32)
//
//	dst[i] = b[i]·(1 - a[i]²)
TEXT ·tanhBackwardNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(C_ONE, F27, V27)
	BINARY(TANHGRADIENT)

#define TANHGRADIENTADD \
	TANHGRADIENT \
	FADD_4S(2, 0, 0)

// func tanhBackwardAddNEON(dst, a, b []float32, s float32)
//
//	dst[i] += b[i]·(1 - a[i]²)
TEXT ·tanhBackwardAddNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(C_ONE, F27, V27)
	INTO(TANHGRADIENTADD)

// func expNEON(dst, a, b []float32, s float32)
//
//	dst[i] = e^a[i]
TEXT ·expNEON(SB), NOSPLIT, $0-76
	ARGS
	EXPCONSTANTS
	UNARY(EXP)

// 1 / (1 + e^-x)
#define SIGMOID \
	VEOR V3.B16, V3.B16, V3.B16 \
	FSUB_4S(0, 3, 0)            \
	EXP                         \
	FADD_4S(27, 0, 0)           \
	FDIV_4S(0, 27, 0)

// func sigmoidNEON(dst, a, b []float32, s float32)
//
//	dst[i] = 1 / (1 + e^-a[i])
TEXT ·sigmoidNEON(SB), NOSPLIT, $0-76
	ARGS
	EXPCONSTANTS
	UNARY(SIGMOID)

// A polynomial for small x, in V8, and for the others 1 - 2/(e^2|x| + 1) with the sign of x. V9-V13 hold the polynomial's coefficients.
#define TANH \
	VORR  V0.B16, V0.B16, V6.B16  \
	VAND  V28.B16, V0.B16, V0.B16 \
	FCMGT_4S(0, 29, 31)           \
	FMUL_4S(0, 0, 7)              \
	HORNER(V10, V7, V9, V4)       \
	HORNER(V11, V7, V4, V5)       \
	HORNER(V12, V7, V5, V4)       \
	HORNER(V13, V7, V4, V5)       \
	FMUL_4S(7, 5, 5)              \
	VORR  V6.B16, V6.B16, V8.B16  \
	VFMLA V6.S4, V5.S4, V8.S4     \
	FADD_4S(0, 0, 0)              \
	EXP                           \
	FADD_4S(27, 0, 0)             \
	FDIV_4S(0, 30, 0)             \
	FSUB_4S(0, 27, 0)             \
	VBIT  V31.B16, V8.B16, V0.B16 \
	VBIT  V28.B16, V0.B16, V6.B16 \
	VORR  V6.B16, V6.B16, V0.B16

// func tanhNEON(dst, a, b []float32, s float32)
//
//	dst[i] = tanh a[i]
TEXT ·tanhNEON(SB), NOSPLIT, $0-76
	ARGS
	EXPCONSTANTS
	BROADCAST(C_ABS, F28, V28)
	BROADCAST(C_SMALL, F29, V29)
	BROADCAST(C_TWO, F30, V30)
	BROADCAST(C_T11, F9, V9)
	BROADCAST(C_T9, F10, V10)
	BROADCAST(C_T7, F11, V11)
	BROADCAST(C_T5, F12, V12)
	BROADCAST(C_T3, F13, V13)
	UNARY(TANH)

// x / (1 + e^-x)
#define SILU \
	VORR V0.B16, V0.B16, V6.B16 \
	SIGMOID                     \
	FMUL_4S(6, 0, 0)

// func siluNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] / (1 + e^-a[i])
TEXT ·siluNEON(SB), NOSPLIT, $0-76
	ARGS
	EXPCONSTANTS
	UNARY(SILU)

#define SILUGRADIENT \
	VORR V0.B16, V0.B16, V6.B16 \
	SIGMOID                     \
	FSUB_4S(0, 27, 2)           \
	FMUL_4S(6, 2, 2)            \
	FADD_4S(27, 2, 2)           \
	FMUL_4S(0, 2, 0)            \
	FMUL_4S(1, 0, 0)

// func siluBackwardNEON(dst, a, b []float32, s float32)
//
//	g = 1 / (1 + e^-a[i])
//	dst[i] = b[i]·g·(1 + a[i]·(1 - g))
TEXT ·siluBackwardNEON(SB), NOSPLIT, $0-76
	ARGS
	EXPCONSTANTS
	BINARY(SILUGRADIENT)

#define HARDSWISH \
	FADD_4S(18, 0, 1)            \
	FCMGT_4S(1, 16, 3)           \
	VBIT V3.B16, V16.B16, V1.B16 \
	FMIN_4S(17, 1, 1)            \
	FMUL_4S(0, 1, 0)             \
	FMUL_4S(19, 0, 0)

// func hardswishNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i]·min(max(a[i] + 3, 0), 6)·(1/6)
TEXT ·hardswishNEON(SB), NOSPLIT, $0-76
	ARGS
	ZERO
	BROADCAST(C_SIX, F17, V17)
	BROADCAST(C_THREE, F18, V18)
	BROADCAST(C_SIXTH, F19, V19)
	UNARY(HARDSWISH)

#define HARDSWISHGRADIENT \
	FMUL_4S(17, 0, 2)           \
	FADD_4S(18, 2, 2)           \
	FMUL_4S(1, 2, 2)            \
	FCMGT_4S(0, 19, 3)          \
	VBIT V3.B16, V2.B16, V1.B16 \
	FCMGE_4S(0, 16, 3)          \
	VEOR V4.B16, V4.B16, V4.B16 \
	VBIT V3.B16, V4.B16, V1.B16 \
	VORR V1.B16, V1.B16, V0.B16

// func hardswishBackwardNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] ≤ -3 ? 0 : a[i] < 3 ? b[i]·(a[i]·(1/3) + 1/2) : b[i]
TEXT ·hardswishBackwardNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(C_MINUSTHREE, F16, V16)
	BROADCAST(C_THIRD, F17, V17)
	BROADCAST(C_HALF, F18, V18)
	BROADCAST(C_THREE, F19, V19)
	BINARY(HARDSWISHGRADIENT)
