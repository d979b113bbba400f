//go:build !purego

#include "textflag.h"

#define dst   R0
#define dstep R1 // bytes from a row of dst to the next
#define src   R2 // the first row of src, at the current columns
#define step  R3 // bytes from a row of src to the next
#define p     R4 // row of src
#define left  R5 // columns left

// FOUR transposes the square of four rows a to d: o0 to o3 become its columns.
#define FOUR(a, b, c, d, o0, o1, o2, o3) \
	VTRN1 b.S4, a.S4, o0.S4  \
	VTRN2 b.S4, a.S4, b.S4   \
	VTRN1 d.S4, c.S4, a.S4   \
	VTRN2 d.S4, c.S4, d.S4   \
	VTRN2 a.D2, o0.D2, o2.D2 \
	VTRN1 a.D2, o0.D2, o0.D2 \
	VTRN1 d.D2, b.D2, o1.D2  \
	VTRN2 d.D2, b.D2, o3.D2

#define LOAD(v0, v1, v2, v3) \
	VLD1 (p), [v0.S4] \
	ADD  step, p      \
	VLD1 (p), [v1.S4] \
	ADD  step, p      \
	VLD1 (p), [v2.S4] \
	ADD  step, p      \
	VLD1 (p), [v3.S4] \
	ADD  step, p

// func tileNEON(dst []float32, dstStep int, src []float32, srcStep int)
//
//	for j = 0; j < 16; j += 4 {
//		dst[j:j+4][0:16] = src[0:16][j:j+4]
//	}
TEXT ·tileNEON(SB), NOSPLIT, $0-64
	MOVD dst_base+0(FP), dst
	MOVD dstStep+24(FP), dstep
	MOVD src_base+32(FP), src
	MOVD srcStep+56(FP), step
	LSL  $2, dstep
	LSL  $2, step
	MOVD $4, left

columns:
	MOVD src, p
	LOAD(V0, V1, V2, V3)
	LOAD(V4, V5, V6, V7)
	LOAD(V8, V9, V10, V11)
	LOAD(V12, V13, V14, V15)
	FOUR(V0, V1, V2, V3, V16, V20, V24, V28)
	FOUR(V4, V5, V6, V7, V17, V21, V25, V29)
	FOUR(V8, V9, V10, V11, V18, V22, V26, V30)
	FOUR(V12, V13, V14, V15, V19, V23, V27, V31)
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (dst)
	ADD  dstep, dst
	VST1 [V20.S4, V21.S4, V22.S4, V23.S4], (dst)
	ADD  dstep, dst
	VST1 [V24.S4, V25.S4, V26.S4, V27.S4], (dst)
	ADD  dstep, dst
	VST1 [V28.S4, V29.S4, V30.S4, V31.S4], (dst)
	ADD  dstep, dst
	ADD  $16, src
	SUBS $1, left
	BNE  columns
	RET
