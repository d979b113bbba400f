//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"

#define drow  R0  // row of dst
#define srow  R1  // row of src
#define irow  R2  // row of index
#define dst   R3  // pixel of dst
#define src   R4  // of src
#define index R5  // of index
#define left  R6  // pixels left in the row
#define n     R7  // channels left
#define d     R8  // dst at the current channel
#define s     R9  // src
#define i     R10 // index
#define tp    R11 // the current tap: src, index, pos
#define t     R12 // taps left
#define p     R13 // its src
#define q     R14 // its index
#define add   R15 // whether to accumulate
#define rows  R19 // rows left
#define tmp   R20

// FIRST starts with the first tap, with done if there is none.
#define FIRST(done) \
	MOVD taps_base+72(FP), tp \
	MOVD taps_len+80(FP), t   \
	CBZ  t, done

// READTAP reads a tap, its position to every byte of V30.
#define READTAP \
	MOVD.P 8(tp), p   \
	ADD    p<<2, s, p \
	MOVD.P 8(tp), q   \
	ADD    q, i, q    \
	MOVD.P 8(tp), tmp \
	VDUP   tmp, V30.B16

// func routeNEON(dst, src []float32, index []uint8, taps []tap, g routeGrid, accumulate, nonTemporal bool)
//
//	for each pixel of each row
//		for 16, 4, at last 1 channels at a time
//			V0-V3 = accumulate ? dst : 0
//			for t in taps
//				V0-V3 += index[t.index] == t.pos ? src[t.src] : 0
//			dst = V0-V3
TEXT ·routeNEON(SB), NOSPLIT, $0-162
	MOVD  dst_base+0(FP), drow
	MOVD  src_base+24(FP), srow
	MOVD  index_base+48(FP), irow
	MOVD  g_rows+96(FP), rows
	MOVBU accumulate+160(FP), add

row:
	MOVD drow, dst
	MOVD srow, src
	MOVD irow, index
	MOVD g_pixels+104(FP), left

pixel:
	MOVD dst, d
	MOVD src, s
	MOVD index, i
	MOVD g_cols+112(FP), n
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
	FIRST(sixteenStore)

sixteenTap: // masks of bytes, doubled twice, are masks of floats
	READTAP
	VLD1  (p), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1  (q), [V16.B16]
	VCMEQ V30.B16, V16.B16, V16.B16
	VZIP2 V16.B16, V16.B16, V18.B16
	VZIP1 V16.B16, V16.B16, V16.B16
	VZIP2 V16.H8, V16.H8, V17.H8
	VZIP1 V16.H8, V16.H8, V16.H8
	VZIP2 V18.H8, V18.H8, V19.H8
	VZIP1 V18.H8, V18.H8, V18.H8
	VAND  V16.B16, V4.B16, V4.B16
	VAND  V17.B16, V5.B16, V5.B16
	VAND  V18.B16, V6.B16, V6.B16
	VAND  V19.B16, V7.B16, V7.B16
	FADD_4S(4, 0, 0)
	FADD_4S(5, 1, 1)
	FADD_4S(6, 2, 2)
	FADD_4S(7, 3, 3)
	SUBS  $1, t
	BNE   sixteenTap

sixteenStore:
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(d)
	ADD    $64, s
	ADD    $16, i
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
	FIRST(fourStore)

fourTap:
	READTAP
	VLD1  (p), [V4.S4]
	FMOVS (q), F16
	VCMEQ V30.B16, V16.B16, V16.B16
	VZIP1 V16.B16, V16.B16, V16.B16
	VZIP1 V16.H8, V16.H8, V16.H8
	VAND  V16.B16, V4.B16, V4.B16
	FADD_4S(4, 0, 0)
	SUBS  $1, t
	BNE   fourTap

fourStore:
	VST1.P [V0.S4], 16(d)
	ADD    $16, s
	ADD    $4, i
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
	FIRST(oneStore)

oneTap:
	READTAP
	FMOVS (p), F4
	VLD1  (q), V16.B[0]
	VCMEQ V30.B16, V16.B16, V17.B16
	VZIP1 V17.B16, V17.B16, V17.B16
	VZIP1 V17.H8, V17.H8, V17.H8
	VAND  V17.B16, V4.B16, V4.B16
	FADD_4S(4, 0, 0)
	SUBS  $1, t
	BNE   oneTap

oneStore:
	FMOVS.P F0, 4(d)
	ADD     $4, s
	ADD     $1, i
	SUBS    $1, n
	BNE     one

next:
	MOVD g_dstStep+128(FP), tmp
	ADD  tmp<<2, dst
	MOVD g_srcStep+144(FP), tmp
	ADD  tmp<<2, src
	MOVD g_cols+112(FP), tmp
	ADD  tmp, index
	SUBS $1, left
	BNE  pixel
	MOVD g_dstRow+120(FP), tmp
	ADD  tmp<<2, drow
	MOVD g_srcRow+136(FP), tmp
	ADD  tmp<<2, srow
	MOVD g_indexRow+152(FP), tmp
	ADD  tmp, irow
	SUBS $1, rows
	BNE  row
	RET
