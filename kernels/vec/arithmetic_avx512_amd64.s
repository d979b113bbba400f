//go:build !purego

#include "textflag.h"
#include "activation.h"
#include "arithmetic.h"
#include "loops_avx512_amd64.h"

// Arithmetic of pieces, AVX-512.

#define SUB VSUBPS Z1, Z0, Z0

// func subAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] - b[i]
TEXT ·subAVX512(SB), NOSPLIT, $0-76
	BINARY(SUB)

#define DIV VDIVPS Z1, Z0, Z0

// func divAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] / b[i]
TEXT ·divAVX512(SB), NOSPLIT, $0-76
	BINARY(DIV)

// The maximum is a where either is NaN, which leaves the NaNs of b.
#define MAX \
	VCMPPS  $3, Z1, Z1, K2 \
	VMAXPS  Z0, Z1, Z0     \
	VMOVAPS Z1, K2, Z0

// func maxAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = b[i] > a[i] || b[i] is NaN ? b[i] : a[i]
TEXT ·maxAVX512(SB), NOSPLIT, $0-76
	BINARY(MAX)

#define MIN \
	VCMPPS  $3, Z1, Z1, K2 \
	VMINPS  Z0, Z1, Z0     \
	VMOVAPS Z1, K2, Z0

// func minAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = b[i] < a[i] || b[i] is NaN ? b[i] : a[i]
TEXT ·minAVX512(SB), NOSPLIT, $0-76
	BINARY(MIN)

#define SQRT VSQRTPS Z0, Z0

// func sqrtAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = √a[i]
TEXT ·sqrtAVX512(SB), NOSPLIT, $0-76
	UNARY(SQRT)

#define ABS VPANDD Z16, Z0, Z0

// func absAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = |a[i]|
TEXT ·absAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ABS, Z16
	UNARY(ABS)

#define SHIFT VADDPS Z16, Z0, Z0

// func shiftAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] + s
TEXT ·shiftAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Z16
	UNARY(SHIFT)

// The bound is the first operand, so that a NaN stays one.
#define ATLEAST VMAXPS Z0, Z16, Z0

// func atLeastAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = s > a[i] ? s : a[i]
TEXT ·atLeastAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Z16
	UNARY(ATLEAST)

#define ATMOST VMINPS Z0, Z16, Z0

// func atMostAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = s < a[i] ? s : a[i]
TEXT ·atMostAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Z16
	UNARY(ATMOST)

#define LEAKY \
	VCMPPS  $1, Z0, Z17, K2 \
	VMULPS  Z16, Z1, Z0     \
	VMOVAPS Z1, K2, Z0

// func leakyAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] > 0 ? b[i] : s·b[i]
TEXT ·leakyAVX512(SB), NOSPLIT, $0-76
	VPXORD       Z17, Z17, Z17
	VBROADCASTSS s+72(FP), Z16
	BINARY(LEAKY)

#define ABOVE \
	VCMPPS    $1, Z0, Z16, K2 \
	VMOVAPS.Z Z1, K2, Z0

// func aboveAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] > s ? b[i] : 0
TEXT ·aboveAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Z16
	BINARY(ABOVE)

#define BELOW \
	VCMPPS    $1, Z16, Z0, K2 \
	VMOVAPS.Z Z1, K2, Z0

// func belowAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] < s ? b[i] : 0
TEXT ·belowAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Z16
	BINARY(BELOW)

#define EQUAL \
	VCMPPS    $0, Z1, Z0, K2 \
	VMOVAPS.Z Z16, K2, Z0

// func equalAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] == b[i] ? s : 0
TEXT ·equalAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS s+72(FP), Z16
	BINARY(EQUAL)

#define LOGCONSTANTS \
	VBROADCASTSS C_NORMAL, Z16    \
	VBROADCASTSS C_TWO23, Z17     \
	VBROADCASTSS C_23, Z18        \
	VBROADCASTSS C_BIAS, Z19      \
	VBROADCASTSS C_MANTISSA, Z20  \
	VBROADCASTSS C_HALF, Z21      \
	VBROADCASTSS C_SQRTHALF, Z22  \
	VBROADCASTSS C_INF, Z23       \
	VBROADCASTSS C_MINUSINF, Z24  \
	VBROADCASTSS C_LN2LO, Z25     \
	VBROADCASTSS C_LN2HI, Z26     \
	VBROADCASTSS C_ONE, Z27       \
	VBROADCASTSS C_MINUSHALF, Z28 \
	VPXORD       Z29, Z29, Z29

// Z0 = ln Z0. A subnormal x is made 2²³ times as large. With x = 2ⁿ·m and √½ ≤ m < √2 it is n·ln 2 + ln m; n is in Z2, m - 1 in Z0 then.
// What has no mantissa comes last: ∞ and NaN are their own logarithms, that of zero is -∞, those below have none.
#define LOG \
	VMOVAPS          Z0, Z6               \
	VCMPPS           $1, Z16, Z0, K2      \
	VMULPS           Z17, Z0, K2, Z0      \
	VPSRLD           $23, Z0, Z2          \
	VCVTDQ2PS        Z2, Z2               \
	VSUBPS           Z18, Z2, K2, Z2      \
	VSUBPS           Z19, Z2, Z2          \
	VPANDD           Z20, Z0, Z0          \
	VPORD            Z21, Z0, Z0          \
	VCMPPS           $1, Z22, Z0, K2      \
	VMOVAPS.Z        Z0, K2, Z4           \
	VSUBPS           Z27, Z0, Z0          \
	VADDPS           Z4, Z0, Z0           \
	VSUBPS           Z27, Z2, K2, Z2      \
	VBROADCASTSS     C_L8, Z4             \
	VFMADD213PS.BCST C_L7, Z0, Z4         \
	VFMADD213PS.BCST C_L6, Z0, Z4         \
	VFMADD213PS.BCST C_L5, Z0, Z4         \
	VFMADD213PS.BCST C_L4, Z0, Z4         \
	VFMADD213PS.BCST C_L3, Z0, Z4         \
	VFMADD213PS.BCST C_L2, Z0, Z4         \
	VFMADD213PS.BCST C_L1, Z0, Z4         \
	VFMADD213PS.BCST C_L0, Z0, Z4         \
	VMULPS           Z0, Z0, Z3           \
	VMULPS           Z0, Z3, Z7           \
	VMULPS           Z7, Z4, Z4           \
	VFMADD231PS      Z25, Z2, Z4          \
	VFMADD231PS      Z28, Z3, Z4          \
	VADDPS           Z4, Z0, Z0           \
	VFMADD231PS      Z26, Z2, Z0          \
	VCMPPS           $5, Z23, Z6, K2      \
	VMOVAPS          Z6, K2, Z0           \
	VCMPPS           $1, Z29, Z6, K2      \
	VPTERNLOGD       $255, Z0, Z0, K2, Z0 \
	VCMPPS           $0, Z29, Z6, K2      \
	VMOVAPS          Z24, K2, Z0

// func logAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = ln a[i]
TEXT ·logAVX512(SB), NOSPLIT, $0-76
	LOGCONSTANTS
	UNARY(LOG)

// Z0 = the normal distribution function of Z0: e^(-x²/2)·P(|x|)/Q(|x|), or one minus that where x > 0. Where |x| is above the end of the
// fit the exponential is zero.
#define NORMCDF \
	VMOVAPS          Z0, Z6          \
	VMULPS           Z0, Z0, Z0      \
	VMULPS           Z30, Z0, Z0     \
	EXP                              \
	VPANDD           Z28, Z6, Z7     \
	VMINPS           Z7, Z29, Z7     \
	VBROADCASTSS     C_P4, Z8        \
	VFMADD213PS.BCST C_P3, Z7, Z8    \
	VFMADD213PS.BCST C_P2, Z7, Z8    \
	VFMADD213PS.BCST C_P1, Z7, Z8    \
	VFMADD213PS.BCST C_HALF, Z7, Z8  \
	VBROADCASTSS     C_Q5, Z9        \
	VFMADD213PS.BCST C_Q4, Z7, Z9    \
	VFMADD213PS.BCST C_Q3, Z7, Z9    \
	VFMADD213PS.BCST C_Q2, Z7, Z9    \
	VFMADD213PS.BCST C_Q1, Z7, Z9    \
	VFMADD213PS      Z27, Z7, Z9     \
	VMULPS           Z8, Z0, Z0      \
	VDIVPS           Z9, Z0, Z0      \
	VCMPPS           $1, Z6, Z31, K2 \
	VSUBPS           Z0, Z27, K2, Z0

// func normCDFAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = (1 + erf(a[i]/√2)) / 2
TEXT ·normCDFAVX512(SB), NOSPLIT, $0-76
	EXPCONSTANTS
	VBROADCASTSS C_ABS, Z28
	VBROADCASTSS C_FAR, Z29
	VBROADCASTSS C_MINUSHALF, Z30
	VPXORD       Z31, Z31, Z31
	UNARY(NORMCDF)
