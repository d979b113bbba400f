//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"

// Reductions of the rows of a matrix without gaps, NEON.

#define dst   R0 // an accumulator, or an element, for each row
#define rows  R1 // rows left
#define a     R2
#define width R3 // columns
#define n     R4 // columns left
#define t     R5

// EXTREME is the loop of the largest and the smallest element: OP, ACROSS the lanes, and LAST for single floats, of nothing is none. A NaN
// makes all of them one.
#define EXTREME(OP, ACROSS, LAST, none) \
	MOVD dst_base+0(FP), dst  \
	MOVD dst_len+8(FP), rows  \
	MOVD x_base+24(FP), a     \
	MOVD cols+48(FP), width    \
	MOVW none, t              \
	VDUP t, V8.S4             \
row:                          \
	VMOV V8.B16, V16.B16      \
	SUBS $4, width, n          \
	BLT  rest                 \
columns:                      \
	VLD1.P 16(a), [V0.S4]     \
	OP(0, 16, 16)             \
	SUBS   $4, n, n           \
	BGE    columns            \
rest:                         \
	ACROSS(16, 16)            \
	ADDS   $4, n, n           \
	BEQ    whole              \
last:                         \
	FMOVS.P 4(a), F0          \
	LAST    F0, F16, F16      \
	SUBS    $1, n, n          \
	BNE     last              \
whole:                        \
	FMOVS.P F16, 4(dst)       \
	SUBS    $1, rows, rows    \
	BNE     row               \
	RET

// func rowSumsNEON(acc []float64, x []float32, cols int)
//
//	acc[i] += the sum of x[i*cols:][:cols], of which elements j mod 4 go to a lane and the last cols mod 4 to the first
TEXT ·rowSumsNEON(SB), NOSPLIT, $0-56
	MOVD acc_base+0(FP), dst
	MOVD acc_len+8(FP), rows
	MOVD x_base+24(FP), a
	MOVD cols+48(FP), width

row:
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	SUBS $4, width, n
	BLT  rest

columns:
	VLD1.P 16(a), [V0.S4]
	FCVTL_2D(0, 1)
	FCVTL2_2D(0, 2)
	FADD_2D(1, 16, 16)
	FADD_2D(2, 17, 17)
	SUBS   $4, n, n
	BGE    columns

rest:
	ADDS $4, n, n
	BEQ  whole

last:
	FMOVS.P 4(a), F0
	FCVTSD  F0, F1 // and zero to the upper lane
	FADD_2D(1, 16, 16)
	SUBS    $1, n, n
	BNE     last

whole:
	FADDP_2D(16, 0)
	FADDP_2D(17, 1)
	FMOVD   (dst), F2
	FADDD   F1, F0, F0
	FADDD   F2, F0, F0
	FMOVD.P F0, 8(dst)
	SUBS    $1, rows, rows
	BNE     row
	RET

// func rowMaxNEON(dst, x []float32, cols int)
//
//	dst[i] = the largest of x[i*cols:][:cols], NaN if there is one
TEXT ·rowMaxNEON(SB), NOSPLIT, $0-56
	EXTREME(FMAX_4S, FMAXV_4S, FMAXS, $0xFF800000)

// func rowMinNEON(dst, x []float32, cols int)
//
//	dst[i] = the smallest of x[i*cols:][:cols], NaN if there is one
TEXT ·rowMinNEON(SB), NOSPLIT, $0-56
	EXTREME(FMIN_4S, FMINV_4S, FMINS, $0x7F800000)

// func repeatNEON(dst, x []float32, cols int)
//
//	dst[i*cols:][:cols] = x[i]
TEXT ·repeatNEON(SB), NOSPLIT, $0-56
	MOVD dst_base+0(FP), dst
	MOVD x_base+24(FP), a
	MOVD x_len+32(FP), rows
	MOVD cols+48(FP), width

row:
	FMOVS.P 4(a), F0
	VDUP    V0.S[0], V1.S4
	SUBS    $4, width, n
	BLT     rest

columns:
	VST1.P [V1.S4], 16(dst)
	SUBS   $4, n, n
	BGE    columns

rest:
	ADDS $4, n, n
	BEQ  whole

last:
	FMOVS.P F0, 4(dst)
	SUBS    $1, n, n
	BNE     last

whole:
	SUBS $1, rows, rows
	BNE  row
	RET
