//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"

// The passes over a row around the exponentials, NEON.

#define x R0
#define n R1 // elements left

// func maxSumNEON(x []float32) (m float32, sum float64)
//
//	m, sum = max(x...), Σ float64(x[i]), in four partial sums
TEXT ·maxSumNEON(SB), NOSPLIT, $0-40
	MOVD  x_base+0(FP), x
	MOVD  x_len+8(FP), n
	FMOVS (x), F6
	VDUP  V6.S[0], V6.S4 // maxima
	VEOR  V4.B16, V4.B16, V4.B16
	VEOR  V5.B16, V5.B16, V5.B16
	SUBS  $4, n, n
	BLT   tail

loop:
	VLD1.P 16(x), [V0.S4]
	FMAX_4S(0, 6, 6)
	FCVTL_2D(0, 1)
	FCVTL2_2D(0, 2)
	FADD_2D(1, 4, 4)
	FADD_2D(2, 5, 5)
	SUBS   $4, n, n
	BGE    loop

tail:
	ADDS $4, n, n
	BEQ  done

single:
	FMOVS.P 4(x), F0
	FCVTSD  F0, F1 // the other lane of V1 becomes zero
	FADD_2D(1, 4, 4)
	VDUP    V0.S[0], V0.S4
	FMAX_4S(0, 6, 6)
	SUBS    $1, n, n
	BNE     single

done:
	FADD_2D(5, 4, 4)
	FADDP_2D(4, 4)
	FMAXV_4S(6, 6)
	FMOVS F6, m+24(FP)
	FMOVD F4, sum+32(FP)
	RET

// func affineNEON(x []float32, a, b float32)
//
//	x[i] = float32(a*x[i]) + b
TEXT ·affineNEON(SB), NOSPLIT, $0-32
	MOVD  x_base+0(FP), x
	MOVD  x_len+8(FP), n
	FMOVS a+24(FP), F1
	VDUP  V1.S[0], V1.S4
	FMOVS b+28(FP), F2
	VDUP  V2.S[0], V2.S4
	SUBS  $4, n, n
	BLT   tail

loop:
	VLD1   (x), [V0.S4]
	FMUL_4S(1, 0, 0)
	FADD_4S(2, 0, 0)
	VST1.P [V0.S4], 16(x)
	SUBS   $4, n, n
	BGE    loop

tail:
	ADDS $4, n, n
	BEQ  done

single:
	FMOVS   (x), F0
	FMUL_4S(1, 0, 0)
	FADD_4S(2, 0, 0)
	FMOVS.P F0, 4(x)
	SUBS    $1, n, n
	BNE     single

done:
	RET
