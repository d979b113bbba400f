//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"
#include "activation.h"
#include "arithmetic.h"
#include "loops_neon_arm64.h"

// Arithmetic of pieces, NEON.

#define SUB FSUB_4S(1, 0, 0)

// func subNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] - b[i]
TEXT ·subNEON(SB), NOSPLIT, $0-76
	ARGS
	BINARY(SUB)

#define DIV FDIV_4S(1, 0, 0)

// func divNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] / b[i]
TEXT ·divNEON(SB), NOSPLIT, $0-76
	ARGS
	BINARY(DIV)

// FMAX and FMIN tell zeros apart by their signs, as the others do not.
#define MAX \
	FCMGT_4S(0, 1, 3)           \
	FCMEQ_4S(1, 1, 4)           \
	VBIT V3.B16, V1.B16, V0.B16 \
	VBIF V4.B16, V1.B16, V0.B16

// func maxNEON(dst, a, b []float32, s float32)
//
//	dst[i] = b[i] > a[i] || b[i] is NaN ? b[i] : a[i]
TEXT ·maxNEON(SB), NOSPLIT, $0-76
	ARGS
	BINARY(MAX)

#define MIN \
	FCMGT_4S(1, 0, 3)           \
	FCMEQ_4S(1, 1, 4)           \
	VBIT V3.B16, V1.B16, V0.B16 \
	VBIF V4.B16, V1.B16, V0.B16

// func minNEON(dst, a, b []float32, s float32)
//
//	dst[i] = b[i] < a[i] || b[i] is NaN ? b[i] : a[i]
TEXT ·minNEON(SB), NOSPLIT, $0-76
	ARGS
	BINARY(MIN)

#define SQRT FSQRT_4S(0, 0)

// func sqrtNEON(dst, a, b []float32, s float32)
//
//	dst[i] = √a[i]
TEXT ·sqrtNEON(SB), NOSPLIT, $0-76
	ARGS
	UNARY(SQRT)

#define ABS VAND V16.B16, V0.B16, V0.B16

// func absNEON(dst, a, b []float32, s float32)
//
//	dst[i] = |a[i]|
TEXT ·absNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(C_ABS, F16, V16)
	UNARY(ABS)

#define SHIFT FADD_4S(16, 0, 0)

// func shiftNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] + s
TEXT ·shiftNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(s+72(FP), F16, V16)
	UNARY(SHIFT)

#define ATLEAST \
	FCMGT_4S(0, 16, 3) \
	VBIT V3.B16, V16.B16, V0.B16

// func atLeastNEON(dst, a, b []float32, s float32)
//
//	dst[i] = s > a[i] ? s : a[i]
TEXT ·atLeastNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(s+72(FP), F16, V16)
	UNARY(ATLEAST)

#define ATMOST \
	FCMGT_4S(16, 0, 3) \
	VBIT V3.B16, V16.B16, V0.B16

// func atMostNEON(dst, a, b []float32, s float32)
//
//	dst[i] = s < a[i] ? s : a[i]
TEXT ·atMostNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(s+72(FP), F16, V16)
	UNARY(ATMOST)

#define LEAKY \
	FCMGT_4S(16, 0, 3) \
	FMUL_4S(17, 1, 0)  \
	VBIT V3.B16, V1.B16, V0.B16

// func leakyNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] > 0 ? b[i] : s·b[i]
TEXT ·leakyNEON(SB), NOSPLIT, $0-76
	ARGS
	ZERO
	BROADCAST(s+72(FP), F17, V17)
	BINARY(LEAKY)

#define ABOVE \
	FCMGT_4S(16, 0, 3) \
	VAND V3.B16, V1.B16, V0.B16

// func aboveNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] > s ? b[i] : 0
TEXT ·aboveNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(s+72(FP), F16, V16)
	BINARY(ABOVE)

#define BELOW \
	FCMGT_4S(0, 16, 3) \
	VAND V3.B16, V1.B16, V0.B16

// func belowNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] < s ? b[i] : 0
TEXT ·belowNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(s+72(FP), F16, V16)
	BINARY(BELOW)

#define EQUAL \
	FCMEQ_4S(1, 0, 3) \
	VAND V3.B16, V16.B16, V0.B16

// func equalNEON(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] == b[i] ? s : 0
TEXT ·equalNEON(SB), NOSPLIT, $0-76
	ARGS
	BROADCAST(s+72(FP), F16, V16)
	BINARY(EQUAL)

#define LOGCONSTANTS \
	ZERO                             \
	BROADCAST(C_NORMAL, F17, V17)    \
	BROADCAST(C_TWO23, F18, V18)     \
	BROADCAST(C_23, F19, V19)        \
	BROADCAST(C_BIAS, F20, V20)      \
	BROADCAST(C_MANTISSA, F21, V21)  \
	BROADCAST(C_HALF, F22, V22)      \
	BROADCAST(C_SQRTHALF, F23, V23)  \
	BROADCAST(C_INF, F24, V24)       \
	BROADCAST(C_MINUSINF, F25, V25)  \
	BROADCAST(C_LN2LO, F26, V26)     \
	BROADCAST(C_ONE, F27, V27)       \
	BROADCAST(C_LN2HI, F28, V28)     \
	BROADCAST(C_MINUSHALF, F29, V29) \
	BROADCAST(C_L8, F8, V8)          \
	BROADCAST(C_L7, F9, V9)          \
	BROADCAST(C_L6, F10, V10)        \
	BROADCAST(C_L5, F11, V11)        \
	BROADCAST(C_L4, F12, V12)        \
	BROADCAST(C_L3, F13, V13)        \
	BROADCAST(C_L2, F14, V14)        \
	BROADCAST(C_L1, F15, V15)        \
	BROADCAST(C_L0, F30, V30)

// V0 = ln V0. A subnormal x is made 2²³ times as large. With x = 2ⁿ·m and √½ ≤ m < √2 it is n·ln 2 + ln m; n is in V2, m - 1 in V0 then.
// What has no mantissa comes last: ∞ and NaN are their own logarithms, that of zero is -∞, those below have none.
#define LOG \
	VORR  V0.B16, V0.B16, V6.B16  \
	FCMGT_4S(0, 17, 3)            \
	FMUL_4S(18, 0, 4)             \
	VBIT  V3.B16, V4.B16, V0.B16  \
	VAND  V19.B16, V3.B16, V3.B16 \
	VUSHR $23, V0.S4, V2.S4       \
	UCVTF_4S(2, 2)                \
	FSUB_4S(3, 2, 2)              \
	FSUB_4S(20, 2, 2)             \
	VAND  V21.B16, V0.B16, V0.B16 \
	VORR  V22.B16, V0.B16, V0.B16 \
	FCMGT_4S(0, 23, 3)            \
	VAND  V0.B16, V3.B16, V4.B16  \
	FSUB_4S(27, 0, 0)             \
	FADD_4S(4, 0, 0)              \
	VAND  V27.B16, V3.B16, V3.B16 \
	FSUB_4S(3, 2, 2)              \
	HORNER(V9, V0, V8, V4)        \
	HORNER(V10, V0, V4, V5)       \
	HORNER(V11, V0, V5, V4)       \
	HORNER(V12, V0, V4, V5)       \
	HORNER(V13, V0, V5, V4)       \
	HORNER(V14, V0, V4, V5)       \
	HORNER(V15, V0, V5, V4)       \
	HORNER(V30, V0, V4, V5)       \
	FMUL_4S(0, 0, 3)              \
	FMUL_4S(0, 3, 7)              \
	FMUL_4S(7, 5, 4)              \
	VFMLA V26.S4, V2.S4, V4.S4    \
	VFMLA V29.S4, V3.S4, V4.S4    \
	FADD_4S(4, 0, 0)              \
	VFMLA V28.S4, V2.S4, V0.S4    \
	FCMGT_4S(6, 24, 3)            \
	VBIF  V3.B16, V6.B16, V0.B16  \
	FCMGT_4S(6, 16, 3)            \
	VORR  V3.B16, V0.B16, V0.B16  \
	FCMEQ_4S(16, 6, 3)            \
	VBIT  V3.B16, V25.B16, V0.B16

// func logNEON(dst, a, b []float32, s float32)
//
//	dst[i] = ln a[i]
TEXT ·logNEON(SB), NOSPLIT, $0-76
	ARGS
	LOGCONSTANTS
	UNARY(LOG)

#define CDFCONSTANTS \
	EXPCONSTANTS                     \
	BROADCAST(C_ABS, F28, V28)       \
	BROADCAST(C_FAR, F29, V29)       \
	BROADCAST(C_MINUSHALF, F30, V30) \
	BROADCAST(C_P4, F9, V9)          \
	BROADCAST(C_P3, F10, V10)        \
	BROADCAST(C_P2, F11, V11)        \
	BROADCAST(C_P1, F12, V12)        \
	BROADCAST(C_HALF, F13, V13)      \
	BROADCAST(C_Q5, F14, V14)        \
	BROADCAST(C_Q4, F15, V15)        \
	BROADCAST(C_Q3, F31, V31)        \
	BROADCAST(C_Q2, F1, V1)          \
	BROADCAST(C_Q1, F2, V2)

// V0 = the normal distribution function of V0: e^(-x²/2)·P(|x|)/Q(|x|), or one minus that where x > 0. Where |x| is above the end of the
// fit the exponential is zero.
#define NORMCDF \
	VORR V0.B16, V0.B16, V6.B16  \
	FMUL_4S(0, 0, 0)             \
	FMUL_4S(30, 0, 0)            \
	EXP                          \
	VAND V28.B16, V6.B16, V7.B16 \
	FMIN_4S(29, 7, 7)            \
	HORNER(V10, V7, V9, V4)      \
	HORNER(V11, V7, V4, V5)      \
	HORNER(V12, V7, V5, V4)      \
	HORNER(V13, V7, V4, V8)      \
	HORNER(V15, V7, V14, V4)     \
	HORNER(V31, V7, V4, V5)      \
	HORNER(V1, V7, V5, V4)       \
	HORNER(V2, V7, V4, V5)       \
	HORNER(V27, V7, V5, V4)      \
	FMUL_4S(8, 0, 0)             \
	FDIV_4S(4, 0, 0)             \
	FSUB_4S(0, 27, 5)            \
	VEOR V3.B16, V3.B16, V3.B16  \
	FCMGT_4S(3, 6, 3)            \
	VBIT V3.B16, V5.B16, V0.B16

// func normCDFNEON(dst, a, b []float32, s float32)
//
//	dst[i] = (1 + erf(a[i]/√2)) / 2
TEXT ·normCDFNEON(SB), NOSPLIT, $0-76
	ARGS
	CDFCONSTANTS
	UNARY(NORMCDF)
