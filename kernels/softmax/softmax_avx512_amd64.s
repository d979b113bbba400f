//go:build !purego

#include "textflag.h"

#define dst DI
#define x   SI
#define n   CX // elements left
#define tmp AX

// K1 = the lowest min(n, 16) bits; n < 32.
#define MASK \
	MOVL  $-1, tmp    \
	BZHIL n, tmp, tmp \
	KMOVW tmp, K1

// Z4, Z5 are eight partial sums each; X4 = their total.
#define TOTAL \
	VADDPD        Z5, Z4, Z4 \
	VEXTRACTF64X4 $1, Z4, Y5 \
	VADDPD        Y5, Y4, Y4 \
	VEXTRACTF128  $1, Y4, X5 \
	VADDPD        X5, X4, X4 \
	VPERMILPD     $1, X4, X5 \
	VADDSD        X5, X4, X4

// Z4, Z5 += Z0, converted to float64.
#define ACCUMULATE \
	VCVTPS2PD     Y0, Z2     \
	VEXTRACTF64X4 $1, Z0, Y3 \
	VCVTPS2PD     Y3, Z3     \
	VADDPD        Z2, Z4, Z4 \
	VADDPD        Z3, Z5, Z5

// func maxSumAVX512(x []float32) (m float32, sum float64)
//
//	m, sum = max(x...), Σ float64(x[i])
TEXT ·maxSumAVX512(SB), NOSPLIT, $0-40
	MOVQ         x_base+0(FP), x
	MOVQ         x_len+8(FP), n
	VBROADCASTSS (x), Z6 // maxima
	VPXORQ       Z4, Z4, Z4
	VPXORQ       Z5, Z5, Z5
	SUBQ         $16, n
	JLT          tail

loop:
	VMOVUPS (x), Z0
	VMAXPS  Z0, Z6, Z6
	ACCUMULATE
	ADDQ    $64, x
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ      $16, n
	JLE       done
	MASK
	VMOVUPS.Z (x), K1, Z0
	VMAXPS    Z0, Z6, K1, Z6
	ACCUMULATE

done:
	TOTAL
	VMOVSD        X4, sum+32(FP)
	VEXTRACTF64X4 $1, Z6, Y7
	VMAXPS        Y7, Y6, Y6
	VEXTRACTF128  $1, Y6, X7
	VMAXPS        X7, X6, X6
	VPERMILPS     $0x0e, X6, X7
	VMAXPS        X7, X6, X6
	VPERMILPS     $0x01, X6, X7
	VMAXSS        X7, X6, X6
	VMOVSS        X6, m+24(FP)
	VZEROUPPER
	RET

#define MIN   Z16
#define LOG2E Z17
#define LN2HI Z18
#define LN2LO Z19
#define C7    Z20 // 1/7!, and so on
#define C6    Z21
#define C5    Z22
#define C4    Z23
#define C3    Z24
#define C2    Z25
#define ONE   Z26
#define M     Z27

// Z0 = exp(Z0 - M); Z1 = n, Z0 = r, Z2 = the polynomial. MAX returns its last source, here Z0, for NaN.
#define EXP \
	VSUBPS       M, Z0, Z0     \
	VMAXPS       Z0, MIN, Z0   \
	VMULPS       LOG2E, Z0, Z1 \
	VRNDSCALEPS  $0, Z1, Z1    \
	VFNMADD231PS LN2HI, Z1, Z0 \
	VFNMADD231PS LN2LO, Z1, Z0 \
	VMOVAPS      C7, Z2        \
	VFMADD213PS  C6, Z0, Z2    \
	VFMADD213PS  C5, Z0, Z2    \
	VFMADD213PS  C4, Z0, Z2    \
	VFMADD213PS  C3, Z0, Z2    \
	VFMADD213PS  C2, Z0, Z2    \
	VFMADD213PS  ONE, Z0, Z2   \
	VFMADD213PS  ONE, Z0, Z2   \
	VSCALEFPS    Z1, Z2, Z0

// func expAVX512(dst, x []float32, m float32) float64
//
//	dst[i] = exp(x[i] - m); return Σ float64(dst[i])
TEXT ·expAVX512(SB), NOSPLIT, $0-64
	MOVQ         dst_base+0(FP), dst
	MOVQ         x_base+24(FP), x
	MOVQ         x_len+32(FP), n
	VBROADCASTSS m+48(FP), M
	VBROADCASTSS ·expTable+0(SB), MIN
	VBROADCASTSS ·expTable+4(SB), LOG2E
	VBROADCASTSS ·expTable+8(SB), LN2HI
	VBROADCASTSS ·expTable+12(SB), LN2LO
	VBROADCASTSS ·expTable+16(SB), C7
	VBROADCASTSS ·expTable+20(SB), C6
	VBROADCASTSS ·expTable+24(SB), C5
	VBROADCASTSS ·expTable+28(SB), C4
	VBROADCASTSS ·expTable+32(SB), C3
	VBROADCASTSS ·expTable+36(SB), C2
	VBROADCASTSS ·expTable+40(SB), ONE
	VPXORQ       Z4, Z4, Z4
	VPXORQ       Z5, Z5, Z5
	SUBQ         $16, n
	JLT          tail

loop:
	VMOVUPS (x), Z0
	EXP
	VMOVUPS Z0, (dst)
	ACCUMULATE
	ADDQ    $64, x
	ADDQ    $64, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ      $16, n
	JLE       done
	MASK
	VMOVUPS.Z (x), K1, Z0
	EXP
	VMOVAPS.Z Z0, K1, Z0
	VMOVUPS   Z0, K1, (dst)
	ACCUMULATE

done:
	TOTAL
	VMOVSD X4, ret+56(FP)
	VZEROUPPER
	RET

// func affineAVX512(x []float32, a, b float32)
//
//	x[i] = float32(a*x[i]) + b
TEXT ·affineAVX512(SB), NOSPLIT, $0-32
	MOVQ         x_base+0(FP), x
	MOVQ         x_len+8(FP), n
	VBROADCASTSS a+24(FP), Z1
	VBROADCASTSS b+28(FP), Z2
	SUBQ         $16, n
	JLT          tail

loop:
	VMULPS  (x), Z1, Z0
	VADDPS  Z2, Z0, Z0
	VMOVUPS Z0, (x)
	ADDQ    $64, x
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ      $16, n
	JLE       done
	MASK
	VMOVUPS.Z (x), K1, Z0
	VMULPS    Z0, Z1, Z0
	VADDPS    Z2, Z0, Z0
	VMOVUPS   Z0, K1, (x)

done:
	VZEROUPPER
	RET
