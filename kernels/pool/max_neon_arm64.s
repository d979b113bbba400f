//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"

#define drow  R0  // row of dst
#define irow  R1  // row of index
#define srow  R2  // row of src
#define frow  R3  // row of from
#define dst   R4  // pixel of dst
#define index R5  // of index
#define src   R6  // of src
#define from  R7  // of from
#define left  R8  // pixels left in the row
#define n     R9  // channels left
#define d     R10 // dst at the current channel
#define i     R11 // index at the current channel
#define s     R12 // src
#define f     R13 // from
#define p     R14 // tap of src
#define q     R15 // tap of from
#define tstep R19 // bytes from a tap of src to the next
#define fstep R20 // bytes from a tap of from to the next
#define t     R21 // taps left
#define rows  R22 // rows left
#define tmp   R23

// V28, V29, V30: position of the first and the current tap, from a tap to the next, in every byte.

// LARGER moves V(v) to V(best) in the lanes where it is larger or a NaN, and leaves these lanes in V(mask).
#define LARGER(v, best, mask, vv, vbest, vmask) \
	FCMGT_4S(best, v, mask) \
	FCMEQ_4S(v, v, 31)      \
	ORN_16B(31, mask, mask) \
	VBIT vmask.B16, vv.B16, vbest.B16

// FIRST starts with the first tap.
#define FIRST \
	MOVD s, p              \
	MOVD f, q              \
	MOVD g_taps+120(FP), t \
	VORR V28.B16, V28.B16, V29.B16

// NEXTTAP moves on to the next tap, and to done from the last one.
#define NEXTTAP(done) \
	SUBS $1, t    \
	BEQ  done     \
	ADD  tstep, p \
	ADD  fstep, q \
	VADD V30.B16, V29.B16, V29.B16

// func maxNEON(dst []float32, index []uint8, src []float32, from []uint8, g maxGrid)
//
//	for each pixel of each row
//		for 16, 4, at last 1 channels at a time
//			V0-V3, V16 = src[0], pos + from[0]
//			for t in taps after the first
//				V0-V3, V16 = src[t], pos + t*posStep + from[t] where src[t] is larger or a NaN
//			dst, index = V0-V3, V16
TEXT ·maxNEON(SB), NOSPLIT, $0-216
	MOVD dst_base+0(FP), drow
	MOVD index_base+24(FP), irow
	MOVD src_base+48(FP), srow
	MOVD from_base+72(FP), frow
	MOVD g_rows+96(FP), rows
	MOVD g_tapStep+168(FP), tstep
	LSL  $2, tstep
	MOVD g_fromTap+192(FP), fstep
	MOVD g_pos+200(FP), tmp
	VDUP tmp, V28.B16
	MOVD g_posStep+208(FP), tmp
	VDUP tmp, V30.B16

row:
	MOVD drow, dst
	MOVD irow, index
	MOVD srow, src
	MOVD frow, from
	MOVD g_pixels+104(FP), left

pixel:
	MOVD dst, d
	MOVD index, i
	MOVD src, s
	MOVD from, f
	MOVD g_cols+112(FP), n
	SUBS $16, n
	BLT  fours

sixteen:
	FIRST
	VLD1 (p), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1 (q), [V16.B16]
	VADD V29.B16, V16.B16, V16.B16

sixteenTap:
	NEXTTAP(sixteenStore)
	VLD1  (p), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1  (q), [V17.B16]
	VADD  V29.B16, V17.B16, V17.B16
	LARGER(4, 0, 20, V4, V0, V20)
	LARGER(5, 1, 21, V5, V1, V21)
	LARGER(6, 2, 22, V6, V2, V22)
	LARGER(7, 3, 23, V7, V3, V23)
	VUZP1 V21.H8, V20.H8, V20.H8
	VUZP1 V23.H8, V22.H8, V22.H8
	VUZP1 V22.B16, V20.B16, V20.B16
	VBIT  V20.B16, V17.B16, V16.B16
	B     sixteenTap

sixteenStore:
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(d)
	VST1.P [V16.B16], 16(i)
	ADD    $64, s
	ADD    $16, f
	SUBS   $16, n
	BGE    sixteen

fours:
	ADDS $12, n // 16-4
	BLT  ones

four:
	FIRST
	VLD1  (p), [V0.S4]
	FMOVS (q), F16
	VADD  V29.B16, V16.B16, V16.B16

fourTap:
	NEXTTAP(fourStore)
	VLD1  (p), [V4.S4]
	FMOVS (q), F17
	VADD  V29.B16, V17.B16, V17.B16
	LARGER(4, 0, 20, V4, V0, V20)
	VUZP1 V20.H8, V20.H8, V20.H8
	VUZP1 V20.B16, V20.B16, V20.B16
	VBIT  V20.B16, V17.B16, V16.B16
	B     fourTap

fourStore:
	VST1.P  [V0.S4], 16(d)
	FMOVS.P F16, 4(i)
	ADD     $16, s
	ADD     $4, f
	SUBS    $4, n
	BGE     four

ones:
	ADDS $4, n
	BEQ  next

one:
	FIRST
	FMOVS (p), F0
	VLD1  (q), V16.B[0]
	VADD  V29.B16, V16.B16, V16.B16

oneTap:
	NEXTTAP(oneStore)
	FMOVS (p), F4
	VLD1  (q), V17.B[0]
	VADD  V29.B16, V17.B16, V17.B16
	LARGER(4, 0, 20, V4, V0, V20)
	VBIT  V20.B16, V17.B16, V16.B16
	B     oneTap

oneStore:
	FMOVS.P F0, 4(d)
	VST1.P  V16.B[0], 1(i)
	ADD     $4, s
	ADD     $1, f
	SUBS    $1, n
	BNE     one

next:
	MOVD g_dstStep+136(FP), tmp
	ADD  tmp<<2, dst
	MOVD g_cols+112(FP), tmp
	ADD  tmp, index
	MOVD g_srcStep+160(FP), tmp
	ADD  tmp<<2, src
	MOVD g_fromStep+184(FP), tmp
	ADD  tmp, from
	SUBS $1, left
	BNE  pixel
	MOVD g_dstRow+128(FP), tmp
	ADD  tmp<<2, drow
	MOVD g_indexRow+144(FP), tmp
	ADD  tmp, irow
	MOVD g_srcRow+152(FP), tmp
	ADD  tmp<<2, srow
	MOVD g_fromRow+176(FP), tmp
	ADD  tmp, frow
	SUBS $1, rows
	BNE  row
	RET
