//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"
#include "convert_amd64.h"

// Rounding to bfloat16, AVX2, 8 floats at a time.

#define SCALE    Y7
#define EXPONENT Y8
#define SIGN     Y9
#define UPPER    Y10
#define QUIET    Y11
#define HALF     Y12
#define ONE      Y13
#define ZERO     Y14

#define CONSTANTS \
	VPBROADCASTD exponent<>(SB), EXPONENT \
	VPBROADCASTD sign<>(SB), SIGN         \
	VPBROADCASTD upper<>(SB), UPPER       \
	VPBROADCASTD quiet<>(SB), QUIET       \
	VPBROADCASTD half<>(SB), HALF         \
	VPBROADCASTD one<>(SB), ONE           \
	VPXOR        ZERO, ZERO, ZERO

// ROUND rounds the lanes of y, whose lower halves are zero then.
#define ROUND(y, t, u) \
	VPSRLD    $16, y, t    \
	VPAND     ONE, t, t    \
	VPADDD    y, t, t      \
	VPADDD    HALF, t, t   \
	VCMPPS    $3, y, y, u  \
	VBLENDVPS u, y, t, t   \
	VPAND     QUIET, u, u  \
	VPOR      u, t, t      \
	VPAND     EXPONENT, y, u \
	VPCMPEQD  ZERO, u, u   \
	VPAND     SIGN, y, y   \
	VBLENDVPS u, y, t, t   \
	VPAND     UPPER, t, y

// PACK leaves the upper halves of the lanes of Y0 in X0.
#define PACK \
	VPSRLD       $16, Y0, Y0    \
	VEXTRACTI128 $1, Y0, X1     \
	VPACKUSDW    X1, X0, X0

// func roundAVX2(dst, x []float32, scale float32)
//
//	dst[i] = Float32(Of(scale · x[i]))
TEXT ·roundAVX2(SB), NOSPLIT, $0-52
	MOVQ         dst_base+0(FP), dst
	MOVQ         x_base+24(FP), x
	MOVQ         x_len+32(FP), n
	VBROADCASTSS scale+48(FP), SCALE
	CONSTANTS
	SUBQ         $16, n
	JLT          tail

loop:
	VMULPS  (x), SCALE, Y0
	VMULPS  32(x), SCALE, Y1
	ROUND(Y0, Y2, Y3)
	ROUND(Y1, Y4, Y5)
	VMOVUPS Y0, (dst)
	VMOVUPS Y1, 32(dst)
	ADDQ    $64, x
	ADDQ    $64, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ    $8, n
	JLT     last
	VMULPS  (x), SCALE, Y0
	ROUND(Y0, Y2, Y3)
	VMOVUPS Y0, (dst)
	ADDQ    $32, x
	ADDQ    $32, dst
	SUBQ    $8, n

last:
	ADDQ       $8, n
	JLE        done
	FIRSTLANES(n, tmp, Y15)
	VMASKMOVPS (x), Y15, Y0
	VMULPS     Y0, SCALE, Y0
	ROUND(Y0, Y2, Y3)
	VMASKMOVPS Y0, Y15, (dst)

done:
	VZEROUPPER
	RET

// func encodeAVX2(dst []uint16, x []float32, scale float32)
//
//	dst[i] = Of(scale · x[i])
TEXT ·encodeAVX2(SB), NOSPLIT, $0-52
	MOVQ         dst_base+0(FP), dst
	MOVQ         x_base+24(FP), x
	MOVQ         x_len+32(FP), n
	VBROADCASTSS scale+48(FP), SCALE
	CONSTANTS
	SUBQ         $16, n
	JLT          tail

loop:
	VMULPS    (x), SCALE, Y0
	VMULPS    32(x), SCALE, Y1
	ROUND(Y0, Y2, Y3)
	ROUND(Y1, Y4, Y5)
	VPSRLD    $16, Y0, Y0
	VPSRLD    $16, Y1, Y1
	VPACKUSDW Y1, Y0, Y0
	VPERMQ    $0xD8, Y0, Y0
	VMOVDQU   Y0, (dst)
	ADDQ      $64, x
	ADDQ      $32, dst
	SUBQ      $16, n
	JGE       loop

tail:
	ADDQ    $8, n
	JLT     last
	VMULPS  (x), SCALE, Y0
	ROUND(Y0, Y2, Y3)
	PACK
	VMOVDQU X0, (dst)
	ADDQ    $32, x
	ADDQ    $16, dst
	SUBQ    $8, n

last:
	ADDQ       $8, n
	JLE        done
	MOVQ       n, R8
	FIRSTLANES(n, tmp, Y15)
	VMASKMOVPS (x), Y15, Y0
	VMULPS     Y0, SCALE, Y0
	ROUND(Y0, Y2, Y3)
	PACK
	TESTQ      $4, R8
	JZ         two
	VMOVQ      X0, (dst)
	VPSRLDQ    $8, X0, X0
	ADDQ       $8, dst

two:
	TESTQ   $2, R8
	JZ      single
	VMOVD   X0, (dst)
	VPSRLDQ $4, X0, X0
	ADDQ    $4, dst

single:
	TESTQ   $1, R8
	JZ      done
	VPEXTRW $0, X0, (dst)

done:
	VZEROUPPER
	RET

// func pairsAVX2(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32)
//
//	for each pair of rows
//		for each panel: 16 numbers of the one and those of the other, in turn
TEXT ·pairsAVX2(SB), NOSPLIT, $0-84
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
	VMULPS   (from), SCALE, Y0
	VMULPS   (from)(pitch*1), SCALE, Y1
	ROUND(Y0, Y2, Y3)
	ROUND(Y1, Y4, Y5)
	VPSRLD   $16, Y0, Y0
	VPOR     Y1, Y0, Y0
	VMOVDQU  Y0, (to)
	VMULPS   32(from), SCALE, Y0
	VMULPS   32(from)(pitch*1), SCALE, Y1
	ROUND(Y0, Y2, Y3)
	ROUND(Y1, Y4, Y5)
	VPSRLD   $16, Y0, Y0
	VPOR     Y1, Y0, Y0
	VMOVDQU  Y0, 32(to)
	ADDQ     $64, from
	ADDQ     step, to
	DECQ     n
	JNZ      panel
	LEAQ     (x)(pitch*2), x
	ADDQ     $64, dst
	DECQ     left
	JNZ      pair
	VZEROUPPER
	RET
