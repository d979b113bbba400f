//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"

// Rounding to bfloat16, NEON, 4 floats at a time.

#define dst  R0
#define x    R1
#define n    R2 // elements left
#define tmp  R3
#define to   R4 // dst at the panel
#define from R5
#define step R6  // bytes from a panel to the next in dst
#define pitch R7  // bytes from a row to the next
#define left R8  // pairs left
#define odd  R9  // from in the second row of the pair

// SCALE is V16.
#define EXPONENT V17
#define SIGN     V18
#define UPPER    V19
#define QUIET    V20
#define HALF     V21
#define ONE      V22

#define BROADCAST(c, v) \
	MOVD $c, tmp \
	VDUP tmp, v.S4

#define CONSTANTS \
	VDUP V16.S[0], V16.S4           \
	BROADCAST(0x7f800000, EXPONENT) \
	BROADCAST(0x80000000, SIGN)     \
	BROADCAST(0xffff0000, UPPER)    \
	BROADCAST(0x00400000, QUIET)    \
	BROADCAST(0x7fff, HALF)         \
	BROADCAST(1, ONE)

// ROUND multiplies register v by the scale and rounds it to what has a lower half of zeros; it spoils V4 to V6.
#define ROUND(v, i) \
	FMUL_4S(16, i, i)                 \
	VUSHR  $16, v.S4, V4.S4           \
	VAND   ONE.B16, V4.B16, V4.B16    \
	VADD   v.S4, V4.S4, V4.S4         \
	VADD   HALF.S4, V4.S4, V4.S4      \
	FCMEQ_4S(i, i, 5)                 \
	VORR   QUIET.B16, v.B16, V6.B16   \
	VBIF   V5.B16, V6.B16, V4.B16     \
	VCMTST EXPONENT.S4, v.S4, V5.S4   \
	VAND   SIGN.B16, v.B16, V6.B16    \
	VBIF   V5.B16, V6.B16, V4.B16     \
	VAND   UPPER.B16, V4.B16, v.B16

// func roundNEON(dst, x []float32, scale float32)
//
//	dst[i] = Float32(Of(scale · x[i]))
TEXT ·roundNEON(SB), NOSPLIT, $0-52
	MOVD  dst_base+0(FP), dst
	MOVD  x_base+24(FP), x
	MOVD  x_len+32(FP), n
	FMOVS scale+48(FP), F16
	CONSTANTS
	SUBS  $4, n, n
	BLT   tail

loop:
	VLD1.P 16(x), [V0.S4]
	ROUND(V0, 0)
	VST1.P [V0.S4], 16(dst)
	SUBS   $4, n, n
	BGE    loop

tail:
	ADDS $4, n, n
	BEQ  done

single:
	FMOVS.P 4(x), F0
	ROUND(V0, 0)
	FMOVS.P F0, 4(dst)
	SUBS    $1, n, n
	BNE     single

done:
	RET

// func encodeNEON(dst []uint16, x []float32, scale float32)
//
//	dst[i] = Of(scale · x[i])
TEXT ·encodeNEON(SB), NOSPLIT, $0-52
	MOVD  dst_base+0(FP), dst
	MOVD  x_base+24(FP), x
	MOVD  x_len+32(FP), n
	FMOVS scale+48(FP), F16
	CONSTANTS
	SUBS  $8, n, n
	BLT   tail

loop:
	VLD1.P 32(x), [V0.S4, V1.S4]
	ROUND(V0, 0)
	ROUND(V1, 1)
	VUZP2  V1.H8, V0.H8, V2.H8
	VST1.P [V2.H8], 16(dst)
	SUBS   $8, n, n
	BGE    loop

tail:
	ADDS $8, n, n
	BEQ  done

single:
	FMOVS.P 4(x), F0
	ROUND(V0, 0)
	FMOVS   F0, tmp
	LSR     $16, tmp, tmp
	MOVH.P  tmp, 2(dst)
	SUBS    $1, n, n
	BNE     single

done:
	RET

// func pairsNEON(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32)
//
//	for each pair of rows
//		for each panel: 16 numbers of the one and those of the other, in turn
TEXT ·pairsNEON(SB), NOSPLIT, $0-84
	MOVD  dst_base+0(FP), dst
	MOVD  next+24(FP), step
	MOVD  x_base+32(FP), x
	MOVD  row+56(FP), pitch
	MOVD  pairs+64(FP), left
	FMOVS scale+80(FP), F16
	CONSTANTS
	LSL   $1, step, step
	LSL   $2, pitch, pitch

pair:
	MOVD dst, to
	MOVD x, from
	ADD  pitch, x, odd
	MOVD panels+72(FP), n

panel:
	VLD1.P 64(from), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(odd), [V24.S4, V25.S4, V26.S4, V27.S4]
	ROUND(V0, 0)
	ROUND(V1, 1)
	ROUND(V2, 2)
	ROUND(V3, 3)
	ROUND(V24, 24)
	ROUND(V25, 25)
	ROUND(V26, 26)
	ROUND(V27, 27)
	VTRN2  V24.H8, V0.H8, V28.H8
	VTRN2  V25.H8, V1.H8, V29.H8
	VTRN2  V26.H8, V2.H8, V30.H8
	VTRN2  V27.H8, V3.H8, V31.H8
	VST1   [V28.H8, V29.H8, V30.H8, V31.H8], (to)
	ADD    step, to
	SUBS   $1, n, n
	BNE    panel
	ADD    pitch<<1, x, x
	ADD    $64, dst
	SUBS   $1, left, left
	BNE    pair
	RET
