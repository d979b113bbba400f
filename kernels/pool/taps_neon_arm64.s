//go:build !purego

#include "textflag.h"

#define drow  R0  // row of dst
#define srow  R1  // row of src
#define w     R2  // weights
#define taps  R3  // their number
#define tstep R4  // bytes from a tap to the next
#define add   R5  // whether to accumulate
#define dst   R6  // pixel of dst
#define src   R7  // pixel of src
#define left  R8  // pixels left in the row
#define n     R9  // channels left
#define d     R10 // dst at the current channel
#define s     R11 // src at the current channel
#define p     R12 // tap of it
#define wp    R13 // weight of the tap
#define t     R14 // taps left
#define rows  R15 // rows left
#define tmp   R19

// func tapsNEON(dst, src, w []float32, g grid, accumulate bool)
//
//	for each pixel of each row
//		for 16, 4, at last 1 channels at a time
//			V0-V3 = accumulate ? dst : 0
//			for t in taps { V0-V3 += w[t] * src[t] }
//			dst = V0-V3
TEXT ·tapsNEON(SB), NOSPLIT, $0-137
	MOVD  dst_base+0(FP), drow
	MOVD  src_base+24(FP), srow
	MOVD  w_base+48(FP), w
	MOVD  w_len+56(FP), taps
	MOVD  g_rows+72(FP), rows
	MOVD  g_tapStep+128(FP), tstep
	LSL   $2, tstep
	MOVBU accumulate+136(FP), add

row:
	MOVD drow, dst
	MOVD srow, src
	MOVD g_pixels+80(FP), left

pixel:
	MOVD dst, d
	MOVD src, s
	MOVD g_cols+88(FP), n
	SUBS $16, n
	BLT  fours

sixteen:
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	CBZ  add, sixteenTaps
	VLD1 (d), [V0.S4, V1.S4, V2.S4, V3.S4]

sixteenTaps:
	MOVD s, p
	MOVD w, wp
	MOVD taps, t
	CBZ  t, sixteenStore

sixteenTap:
	VLD1    (p), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1R.P 4(wp), [V8.S4]
	ADD     tstep, p
	VFMLA   V8.S4, V4.S4, V0.S4
	VFMLA   V8.S4, V5.S4, V1.S4
	VFMLA   V8.S4, V6.S4, V2.S4
	VFMLA   V8.S4, V7.S4, V3.S4
	SUBS    $1, t
	BNE     sixteenTap

sixteenStore:
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(d)
	ADD    $64, s
	SUBS   $16, n
	BGE    sixteen

fours:
	ADDS $12, n // 16-4
	BLT  ones

four:
	VEOR V0.B16, V0.B16, V0.B16
	CBZ  add, fourTaps
	VLD1 (d), [V0.S4]

fourTaps:
	MOVD s, p
	MOVD w, wp
	MOVD taps, t
	CBZ  t, fourStore

fourTap:
	VLD1    (p), [V4.S4]
	VLD1R.P 4(wp), [V8.S4]
	ADD     tstep, p
	VFMLA   V8.S4, V4.S4, V0.S4
	SUBS    $1, t
	BNE     fourTap

fourStore:
	VST1.P [V0.S4], 16(d)
	ADD    $16, s
	SUBS   $4, n
	BGE    four

ones:
	ADDS $4, n
	BEQ  next

one:
	VEOR  V0.B16, V0.B16, V0.B16
	CBZ   add, oneTaps
	FMOVS (d), F0

oneTaps:
	MOVD s, p
	MOVD w, wp
	MOVD taps, t
	CBZ  t, oneStore

oneTap:
	FMOVS   (p), F4
	FMOVS.P 4(wp), F8
	ADD     tstep, p
	VFMLA   V8.S4, V4.S4, V0.S4
	SUBS    $1, t
	BNE     oneTap

oneStore:
	FMOVS.P F0, 4(d)
	ADD     $4, s
	SUBS    $1, n
	BNE     one

next:
	MOVD g_dstStep+104(FP), tmp
	ADD  tmp<<2, dst
	MOVD g_srcStep+120(FP), tmp
	ADD  tmp<<2, src
	SUBS $1, left
	BNE  pixel
	MOVD g_dstRow+96(FP), tmp
	ADD  tmp<<2, drow
	MOVD g_srcRow+112(FP), tmp
	ADD  tmp<<2, srow
	SUBS $1, rows
	BNE  row
	RET
