//go:build !purego

#include "textflag.h"
#include "convert_amd64.h"

// Rounding to bfloat16, AVX-512, 16 floats at a time.

#define SCALE    Z7
#define EXPONENT Z8
#define SIGN     Z9
#define UPPER    Z10
#define QUIET    Z11
#define HALF     Z12
#define ONE      Z13

#define CONSTANTS \
	VPBROADCASTD exponent<>(SB), EXPONENT \
	VPBROADCASTD sign<>(SB), SIGN         \
	VPBROADCASTD upper<>(SB), UPPER       \
	VPBROADCASTD quiet<>(SB), QUIET       \
	VPBROADCASTD half<>(SB), HALF         \
	VPBROADCASTD one<>(SB), ONE

// ROUND rounds the lanes of z, whose lower halves are zero then; t, nan and zero are spoilt.
#define ROUND(z, t, nan, zero) \
	VPSRLD    $16, z, t         \
	VPANDD    ONE, t, t         \
	VPADDD    z, t, t           \
	VPADDD    HALF, t, t        \
	VCMPPS    $3, z, z, nan     \
	VPTESTNMD EXPONENT, z, zero \
	VPORD     QUIET, z, nan, t  \
	VPANDD    SIGN, z, zero, t  \
	VPANDD    UPPER, t, z

// TAIL makes K1 the mask of the first n lanes, n < 16.
#define TAIL \
	MOVL  $1, tmp \
	SHLL  CX, tmp \
	DECL  tmp     \
	KMOVW tmp, K1

// func roundAVX512(dst, x []float32, scale float32)
//
//	dst[i] = Float32(Of(scale · x[i]))
TEXT ·roundAVX512(SB), NOSPLIT, $0-52
	MOVQ         dst_base+0(FP), dst
	MOVQ         x_base+24(FP), x
	MOVQ         x_len+32(FP), n
	VBROADCASTSS scale+48(FP), SCALE
	CONSTANTS
	SUBQ         $16, n
	JLT          tail

loop:
	VMULPS  (x), SCALE, Z0
	ROUND(Z0, Z1, K2, K3)
	VMOVUPS Z0, (dst)
	ADDQ    $64, x
	ADDQ    $64, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ      $16, n
	JLE       done
	TAIL
	VMOVUPS.Z (x), K1, Z0
	VMULPS    Z0, SCALE, Z0
	ROUND(Z0, Z1, K2, K3)
	VMOVUPS   Z0, K1, (dst)

done:
	VZEROUPPER
	RET

// func encodeAVX512(dst []uint16, x []float32, scale float32)
//
//	dst[i] = Of(scale · x[i])
TEXT ·encodeAVX512(SB), NOSPLIT, $0-52
	MOVQ         dst_base+0(FP), dst
	MOVQ         x_base+24(FP), x
	MOVQ         x_len+32(FP), n
	VBROADCASTSS scale+48(FP), SCALE
	CONSTANTS
	SUBQ         $16, n
	JLT          tail

loop:
	VMULPS  (x), SCALE, Z0
	ROUND(Z0, Z1, K2, K3)
	VPSRLD  $16, Z0, Z0
	VPMOVDW Z0, (dst)
	ADDQ    $64, x
	ADDQ    $32, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ      $16, n
	JLE       done
	TAIL
	VMOVUPS.Z (x), K1, Z0
	VMULPS    Z0, SCALE, Z0
	ROUND(Z0, Z1, K2, K3)
	VPSRLD    $16, Z0, Z0
	VPMOVDW   Z0, K1, (dst)

done:
	VZEROUPPER
	RET

// func pairsAVX512(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32)
//
//	for each pair of rows
//		for each panel: 16 numbers of the one and those of the other, in turn
TEXT ·pairsAVX512(SB), NOSPLIT, $0-84
	MOVQ         dst_base+0(FP), dst
	MOVQ         next+24(FP), step
	MOVQ         x_base+32(FP), x
	MOVQ         row+56(FP), pitch
	MOVQ         pairs+64(FP), left
	VBROADCASTSS scale+80(FP), SCALE
	SHLQ         $1, step
	SHLQ         $2, pitch
	CONSTANTS

pair:
	MOVQ dst, to
	MOVQ x, from
	MOVQ panels+72(FP), n

panel:
	VMULPS    (from), SCALE, Z0
	VMULPS    (from)(pitch*1), SCALE, Z2
	ROUND(Z0, Z1, K2, K3)
	ROUND(Z2, Z3, K4, K5)
	VPSRLD    $16, Z0, Z0
	VPORD     Z2, Z0, Z0
	VMOVDQU32 Z0, (to)
	ADDQ      $64, from
	ADDQ      step, to
	DECQ      n
	JNZ       panel
	LEAQ      (x)(pitch*2), x
	ADDQ      $64, dst
	DECQ      left
	JNZ       pair
	VZEROUPPER
	RET
