//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"

// Elementwise loops of the convolution's borders, NEON; the last n mod 4 floats one by one, in a vector of which one lane counts.

#define dst  R0
#define n    R1 // elements left
#define src  R2
#define x    R3
#define mask R4 // whether x decides
#define sum  R5 // whether dst is added

// func reluNEON(dst, x []float32)
//
//	dst = max(x, 0); a NaN stays one
TEXT ·reluNEON(SB), NOSPLIT, $0-48
	MOVD dst_base+0(FP), dst
	MOVD dst_len+8(FP), n
	MOVD x_base+24(FP), x
	VEOR V0.B16, V0.B16, V0.B16
	SUBS $4, n, n
	BLT  tail

loop:
	VLD1.P 16(x), [V1.S4]
	FMAX_4S(0, 1, 1)
	VST1.P [V1.S4], 16(dst)
	SUBS   $4, n, n
	BGE    loop

tail:
	ADDS $4, n, n
	BEQ  done

single:
	FMOVS.P 4(x), F1
	FMAX_4S(0, 1, 1)
	FMOVS.P F1, 4(dst)
	SUBS    $1, n, n
	BNE     single

done:
	RET

// V1 = s, zero where mask is set and x (V2) is not positive.
#define MASKED \
	CBZ  mask, 2(PC) \
	VAND V3.B16, V1.B16, V1.B16

// func gradientNEON(dst, s, x []float32, relu, add bool)
//
//	dst = [add: dst +] [relu: x > 0 ?] s
TEXT ·gradientNEON(SB), NOSPLIT, $0-74
	MOVD  dst_base+0(FP), dst
	MOVD  dst_len+8(FP), n
	MOVD  s_base+24(FP), src
	MOVD  x_base+48(FP), x
	MOVBU relu+72(FP), mask
	MOVBU add+73(FP), sum
	VEOR  V0.B16, V0.B16, V0.B16
	SUBS  $4, n, n
	BLT   tail

loop:
	VLD1.P 16(src), [V1.S4]
	VLD1.P 16(x), [V2.S4]
	FCMGT_4S(0, 2, 3)
	MASKED
	CBZ    sum, store
	VLD1   (dst), [V4.S4]
	FADD_4S(4, 1, 1)

store:
	VST1.P [V1.S4], 16(dst)
	SUBS   $4, n, n
	BGE    loop

tail:
	ADDS $4, n, n
	BEQ  done

single:
	FMOVS.P 4(src), F1
	FMOVS.P 4(x), F2
	FCMGT_4S(0, 2, 3)
	MASKED
	CBZ     sum, storeSingle
	FMOVS   (dst), F4
	FADD_4S(4, 1, 1)

storeSingle:
	FMOVS.P F1, 4(dst)
	SUBS    $1, n, n
	BNE     single

done:
	RET
