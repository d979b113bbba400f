//go:build !purego

#include "textflag.h"
#include "activation.h"
#include "arithmetic.h"
#include "loops_avx2_amd64.h"

// Arithmetic of pieces, AVX2 and FMA3.

#define SUB VSUBPS Y1, Y0, Y0

// func subAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] - b[i]
TEXT ·subAVX2(SB), NOSPLIT, $0-76
	BINARY(SUB)

#define DIV VDIVPS Y1, Y0, Y0

// func divAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] / b[i]
TEXT ·divAVX2(SB), NOSPLIT, $0-76
	BINARY(DIV)

// The maximum is a where either is NaN, which leaves the NaNs of b.
#define MAX \
	VCMPPS    $3, Y1, Y1, Y2 \
	VMAXPS    Y0, Y1, Y0     \
	VBLENDVPS Y2, Y1, Y0, Y0

// func maxAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = b[i] > a[i] || b[i] is NaN ? b[i] : a[i]
TEXT ·maxAVX2(SB), NOSPLIT, $0-76
	BINARY(MAX)

#define MIN \
	VCMPPS    $3, Y1, Y1, Y2 \
	VMINPS    Y0, Y1, Y0     \
	VBLENDVPS Y2, Y1, Y0, Y0

// func minAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = b[i] < a[i] || b[i] is NaN ? b[i] : a[i]
TEXT ·minAVX2(SB), NOSPLIT, $0-76
	BINARY(MIN)

#define SQRT VSQRTPS Y0, Y0

// func sqrtAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = √a[i]
TEXT ·sqrtAVX2(SB), NOSPLIT, $0-76
	UNARY(SQRT)

#define ABS VPAND Y13, Y0, Y0

// func absAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = |a[i]|
TEXT ·absAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ABS, Y13
	UNARY(ABS)

#define SHIFT VADDPS Y13, Y0, Y0

// func shiftAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] + s
TEXT ·shiftAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Y13
	UNARY(SHIFT)

// The bound is the first operand, so that a NaN stays one.
#define ATLEAST VMAXPS Y0, Y13, Y0

// func atLeastAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = s > a[i] ? s : a[i]
TEXT ·atLeastAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Y13
	UNARY(ATLEAST)

#define ATMOST VMINPS Y0, Y13, Y0

// func atMostAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = s < a[i] ? s : a[i]
TEXT ·atMostAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Y13
	UNARY(ATMOST)

#define LEAKY \
	VCMPPS    $1, Y0, Y12, Y2 \
	VMULPS    Y13, Y1, Y0     \
	VBLENDVPS Y2, Y1, Y0, Y0

// func leakyAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] > 0 ? b[i] : s·b[i]
TEXT ·leakyAVX2(SB), NOSPLIT, $0-76
	VXORPS       Y12, Y12, Y12
	VBROADCASTSS s+72(FP), Y13
	BINARY(LEAKY)

#define ABOVE \
	VCMPPS $1, Y0, Y13, Y0 \
	VPAND  Y1, Y0, Y0

// func aboveAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] > s ? b[i] : 0
TEXT ·aboveAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Y13
	BINARY(ABOVE)

#define BELOW \
	VCMPPS $1, Y13, Y0, Y0 \
	VPAND  Y1, Y0, Y0

// func belowAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] < s ? b[i] : 0
TEXT ·belowAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Y13
	BINARY(BELOW)

#define EQUAL \
	VCMPPS $0, Y1, Y0, Y0 \
	VPAND  Y13, Y0, Y0

// func equalAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] == b[i] ? s : 0
TEXT ·equalAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Y13
	BINARY(EQUAL)

// Y0 = ln Y0. A subnormal x is made 2²³ times as large. With x = 2ⁿ·m and √½ ≤ m < √2 it is n·ln 2 + ln m; n is in Y2, m - 1 in Y0 then.
#define LOG \
	VMOVAPS      Y0, Y6          \
	VBROADCASTSS C_NORMAL, Y5    \
	VCMPPS       $1, Y5, Y0, Y3  \
	VBROADCASTSS C_TWO23, Y5     \
	VMULPS       Y5, Y0, Y4      \
	VBLENDVPS    Y3, Y4, Y0, Y0  \
	VBROADCASTSS C_23, Y5        \
	VPAND        Y5, Y3, Y3      \
	VPSRLD       $23, Y0, Y2     \
	VCVTDQ2PS    Y2, Y2          \
	VSUBPS       Y3, Y2, Y2      \
	VBROADCASTSS C_BIAS, Y5      \
	VSUBPS       Y5, Y2, Y2      \
	VBROADCASTSS C_MANTISSA, Y5  \
	VPAND        Y5, Y0, Y0      \
	VBROADCASTSS C_HALF, Y5      \
	VPOR         Y5, Y0, Y0      \
	VBROADCASTSS C_SQRTHALF, Y5  \
	VCMPPS       $1, Y5, Y0, Y3  \
	VPAND        Y0, Y3, Y4      \
	VSUBPS       Y14, Y0, Y0     \
	VADDPS       Y4, Y0, Y0      \
	VPAND        Y14, Y3, Y3     \
	VSUBPS       Y3, Y2, Y2      \
	VBROADCASTSS C_L8, Y4        \
	HORNER(C_L7, Y0, Y4)         \
	HORNER(C_L6, Y0, Y4)         \
	HORNER(C_L5, Y0, Y4)         \
	HORNER(C_L4, Y0, Y4)         \
	HORNER(C_L3, Y0, Y4)         \
	HORNER(C_L2, Y0, Y4)         \
	HORNER(C_L1, Y0, Y4)         \
	HORNER(C_L0, Y0, Y4)         \
	VMULPS       Y0, Y0, Y3      \
	VMULPS       Y0, Y3, Y7      \
	VMULPS       Y7, Y4, Y4      \
	VBROADCASTSS C_LN2LO, Y5     \
	VFMADD231PS  Y5, Y2, Y4      \
	VBROADCASTSS C_MINUSHALF, Y5 \
	VFMADD231PS  Y5, Y3, Y4      \
	VADDPS       Y4, Y0, Y0      \
	VBROADCASTSS C_LN2HI, Y5     \
	VFMADD231PS  Y5, Y2, Y0      \
	LOGLIMITS

// What has no mantissa: ∞ and NaN are their own logarithms (Y6 is the argument), that of zero is -∞, those below have none.
#define LOGLIMITS \
	VBROADCASTSS C_INF, Y5      \
	VCMPPS       $5, Y5, Y6, Y3 \
	VBLENDVPS    Y3, Y6, Y0, Y0 \
	VXORPS       Y4, Y4, Y4     \
	VCMPPS       $1, Y4, Y6, Y3 \
	VPOR         Y3, Y0, Y0     \
	VBROADCASTSS C_MINUSINF, Y5 \
	VCMPPS       $0, Y4, Y6, Y3 \
	VBLENDVPS    Y3, Y5, Y0, Y0

// func logAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = ln a[i]
TEXT ·logAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	UNARY(LOG)

// Y0 = the normal distribution function of Y0: e^(-x²/2)·P(|x|)/Q(|x|), or one minus that where x > 0. Where |x| is above the end of the
// fit the exponential is zero.
#define NORMCDF \
	VMOVAPS      Y0, Y6          \
	VMULPS       Y0, Y0, Y0      \
	VBROADCASTSS C_MINUSHALF, Y5 \
	VMULPS       Y5, Y0, Y0      \
	EXP                          \
	VPAND        Y13, Y6, Y7     \
	VMINPS       Y7, Y12, Y7     \
	VBROADCASTSS C_P4, Y8        \
	HORNER(C_P3, Y7, Y8)         \
	HORNER(C_P2, Y7, Y8)         \
	HORNER(C_P1, Y7, Y8)         \
	HORNER(C_HALF, Y7, Y8)       \
	VBROADCASTSS C_Q5, Y9        \
	HORNER(C_Q4, Y7, Y9)         \
	HORNER(C_Q3, Y7, Y9)         \
	HORNER(C_Q2, Y7, Y9)         \
	HORNER(C_Q1, Y7, Y9)         \
	VFMADD213PS  Y14, Y7, Y9     \
	VMULPS       Y8, Y0, Y0      \
	VDIVPS       Y9, Y0, Y0      \
	VSUBPS       Y0, Y14, Y8     \
	VXORPS       Y9, Y9, Y9      \
	VCMPPS       $1, Y6, Y9, Y9  \
	VBLENDVPS    Y9, Y8, Y0, Y0

// func normCDFAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = (1 + erf(a[i]/√2)) / 2
TEXT ·normCDFAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	VBROADCASTSS C_ABS, Y13
	VBROADCASTSS C_FAR, Y12
	UNARY(NORMCDF)
