//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"

#define dst  DI
#define x    SI
#define n    CX  // elements left
#define TAIL Y15 // lanes of the last vector

// TAIL = n > {0 … 7}, lane by lane.
#define MASK \
	LANESBELOW(n, X15, TAIL)

// Y4, Y5 are four partial sums each; X4 = their total.
#define TOTAL \
	VADDPD       Y5, Y4, Y4 \
	VEXTRACTF128 $1, Y4, X5 \
	VADDPD       X5, X4, X4 \
	VPERMILPD    $1, X4, X5 \
	VADDSD       X5, X4, X4

// Y4, Y5 += Y0, converted to float64.
#define ACCUMULATE \
	VCVTPS2PD    X0, Y2     \
	VEXTRACTF128 $1, Y0, X3 \
	VCVTPS2PD    X3, Y3     \
	VADDPD       Y2, Y4, Y4 \
	VADDPD       Y3, Y5, Y5

// func maxSumAVX2(x []float32) (m float32, sum float64)
//
//	m, sum = max(x...), Σ float64(x[i])
TEXT ·maxSumAVX2(SB), NOSPLIT, $0-40
	MOVQ         x_base+0(FP), x
	MOVQ         x_len+8(FP), n
	VBROADCASTSS (x), Y6 // maxima
	VXORPS       Y4, Y4, Y4
	VXORPS       Y5, Y5, Y5
	SUBQ         $8, n
	JLT          tail

loop:
	VMOVUPS (x), Y0
	VMAXPS  Y0, Y6, Y6
	ACCUMULATE
	ADDQ    $32, x
	SUBQ    $8, n
	JGE     loop

tail:
	ADDQ       $8, n
	JLE        done
	MASK
	VMASKMOVPS (x), TAIL, Y0
	VBLENDVPS  TAIL, Y0, Y6, Y7 // the lanes beyond the end repeat old maxima
	VMAXPS     Y7, Y6, Y6
	ACCUMULATE

done:
	TOTAL
	VMOVSD       X4, sum+32(FP)
	VEXTRACTF128 $1, Y6, X7
	VMAXPS       X7, X6, X6
	VPERMILPS    $0x0e, X6, X7
	VMAXPS       X7, X6, X6
	VPERMILPS    $0x01, X6, X7
	VMAXSS       X7, X6, X6
	VMOVSS       X6, m+24(FP)
	VZEROUPPER
	RET

#define M     Y7
#define MIN   Y8
#define LOG2E Y9
#define LN2HI Y10
#define LN2LO Y11
#define ONE   Y12
#define C     Y13 // next coefficient

// Y2 = Y2*r + the coefficient at an offset of the table
#define HORNER(offset) \
	VBROADCASTSS ·expTable+offset(SB), C \
	VFMADD213PS  C, Y0, Y2

// Y0 = exp(Y0 - M); Y1 = n, Y0 = r, Y2 = the polynomial. MAX returns its last source, here Y0, for NaN. The power 2ⁿ is multiplied in two
// halves, since the whole may be smaller than any normal number: 2ᵏ is the number with the bits (k+127)<<23, here k<<23 added to those of
// 1.
#define EXP \
	VSUBPS       M, Y0, Y0            \
	VMAXPS       Y0, MIN, Y0          \
	VMULPS       LOG2E, Y0, Y1        \
	VROUNDPS     $0, Y1, Y1           \
	VFNMADD231PS LN2HI, Y1, Y0        \
	VFNMADD231PS LN2LO, Y1, Y0        \
	VBROADCASTSS ·expTable+16(SB), Y2 \
	HORNER(20)                        \
	HORNER(24)                        \
	HORNER(28)                        \
	HORNER(32)                        \
	HORNER(36)                        \
	VFMADD213PS  ONE, Y0, Y2          \
	VFMADD213PS  ONE, Y0, Y2          \
	VCVTPS2DQ    Y1, Y1               \
	VPSRAD       $1, Y1, Y3           \
	VPSUBD       Y3, Y1, Y1           \
	VPSLLD       $23, Y1, Y1          \
	VPSLLD       $23, Y3, Y3          \
	VPADDD       ONE, Y1, Y1          \
	VPADDD       ONE, Y3, Y3          \
	VMULPS       Y1, Y2, Y0           \
	VMULPS       Y3, Y0, Y0

// func expAVX2(dst, x []float32, m float32) float64
//
//	dst[i] = exp(x[i] - m); return Σ float64(dst[i])
TEXT ·expAVX2(SB), NOSPLIT, $0-64
	MOVQ         dst_base+0(FP), dst
	MOVQ         x_base+24(FP), x
	MOVQ         x_len+32(FP), n
	VBROADCASTSS m+48(FP), M
	VBROADCASTSS ·expTable+0(SB), MIN
	VBROADCASTSS ·expTable+4(SB), LOG2E
	VBROADCASTSS ·expTable+8(SB), LN2HI
	VBROADCASTSS ·expTable+12(SB), LN2LO
	VBROADCASTSS ·expTable+40(SB), ONE
	VXORPS       Y4, Y4, Y4
	VXORPS       Y5, Y5, Y5
	SUBQ         $8, n
	JLT          tail

loop:
	VMOVUPS (x), Y0
	EXP
	VMOVUPS Y0, (dst)
	ACCUMULATE
	ADDQ    $32, x
	ADDQ    $32, dst
	SUBQ    $8, n
	JGE     loop

tail:
	ADDQ       $8, n
	JLE        done
	MASK
	VMASKMOVPS (x), TAIL, Y0
	EXP
	VANDPS     TAIL, Y0, Y0
	VMASKMOVPS Y0, TAIL, (dst)
	ACCUMULATE

done:
	TOTAL
	VMOVSD X4, ret+56(FP)
	VZEROUPPER
	RET

// func affineAVX2(x []float32, a, b float32)
//
//	x[i] = float32(a*x[i]) + b
TEXT ·affineAVX2(SB), NOSPLIT, $0-32
	MOVQ         x_base+0(FP), x
	MOVQ         x_len+8(FP), n
	VBROADCASTSS a+24(FP), Y1
	VBROADCASTSS b+28(FP), Y2
	SUBQ         $8, n
	JLT          tail

loop:
	VMULPS  (x), Y1, Y0
	VADDPS  Y2, Y0, Y0
	VMOVUPS Y0, (x)
	ADDQ    $32, x
	SUBQ    $8, n
	JGE     loop

tail:
	ADDQ       $8, n
	JLE        done
	MASK
	VMASKMOVPS (x), TAIL, Y0
	VMULPS     Y0, Y1, Y0
	VADDPS     Y2, Y0, Y0
	VMASKMOVPS Y0, TAIL, (x)

done:
	VZEROUPPER
	RET
