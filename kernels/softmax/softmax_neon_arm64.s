//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The passes over a row around the exponentials, NEON.

#define X R0
#define N R1 // elements left

// func maxSumNEON(x []float32) (m float32, sum float64)
//
//	m, sum = max(x...), Σ float64(x[i]), in four partial sums
TEXT ·maxSumNEON(SB), NOSPLIT, $0-40
	MOVD x_base+0(FP), X
	MOVD x_len+8(FP), N
	FMOVS (X), F6
	VDUP V6.S[0], V6.S4 // maxima
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	SUBS $4, N, N
	BLT  tail

loop:
	VLD1.P 16(X), [V0.S4]
	FMAX_4S(0, 6, 6)
	FCVTL_2D(0, 1)
	FCVTL2_2D(0, 2)
	FADD_2D(1, 4, 4)
	FADD_2D(2, 5, 5)
	SUBS $4, N, N
	BGE  loop

tail:
	ADDS $4, N, N
	BEQ  done

single:
	FMOVS.P 4(X), F0
	FCVTSD  F0, F1 // the other lane of V1 becomes zero
	FADD_2D(1, 4, 4)
	VDUP    V0.S[0], V0.S4
	FMAX_4S(0, 6, 6)
	SUBS $1, N, N
	BNE  single

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
	MOVD  x_base+0(FP), X
	MOVD  x_len+8(FP), N
	FMOVS a+24(FP), F1
	VDUP  V1.S[0], V1.S4
	FMOVS b+28(FP), F2
	VDUP  V2.S[0], V2.S4
	SUBS  $4, N, N
	BLT   tail

loop:
	VLD1 (X), [V0.S4]
	FMUL_4S(1, 0, 0)
	FADD_4S(2, 0, 0)
	VST1.P [V0.S4], 16(X)
	SUBS $4, N, N
	BGE  loop

tail:
	ADDS $4, N, N
	BEQ  done

single:
	FMOVS (X), F0
	FMUL_4S(1, 0, 0)
	FADD_4S(2, 0, 0)
	FMOVS.P F0, 4(X)
	SUBS $1, N, N
	BNE  single

done:
	RET
