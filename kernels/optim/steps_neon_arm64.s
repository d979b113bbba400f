//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"

// Optimiser steps, NEON: see optim.go and adaptive.go for the formulas. STEP is the loop; BODY works on V0 (p), V1 (v or a), V2 (b) and
// V3 (g); V16 and the registers behind it hold the coefficients. Elements at the end go one by one, in vectors of which one lane counts.

#define w    R0
#define n    R1 // elements left
#define a    R2
#define b    R3
#define grad R4
#define coef R5

#define STEP(BODY) \
	SUBS $4, n, n            \
	BLT  tail                \
loop:                        \
	VLD1   (w), [V0.S4]      \
	VLD1   (a), [V1.S4]      \
	VLD1   (b), [V2.S4]      \
	VLD1.P 16(grad), [V3.S4] \
	BODY                     \
	VST1.P [V0.S4], 16(w)    \
	VST1.P [V2.S4], 16(b)    \
	VST1.P [V1.S4], 16(a)    \
	SUBS   $4, n, n          \
	BGE    loop              \
tail:                        \
	ADDS $4, n, n            \
	BEQ  done                \
single:                      \
	FMOVS   (w), F0          \
	FMOVS   (a), F1          \
	FMOVS   (b), F2          \
	FMOVS.P 4(grad), F3      \
	BODY                     \
	FMOVS.P F0, 4(w)         \
	FMOVS.P F2, 4(b)         \
	FMOVS.P F1, 4(a)         \
	SUBS    $1, n, n         \
	BNE     single           \
done:                        \
	RET

// V3 = g' = V16·g + V17·p
#define DECAYED \
	FMUL_4S(16, 3, 3) \
	FMUL_4S(17, 0, 4) \
	FADD_4S(4, 3, 3)

#define BROADCAST(c, f, v) \
	FMOVS c, f \
	VDUP  v.S[0], v.S4

// There is no b: v stands in for it.
#define SGDARGS \
	MOVD p_base+0(FP), w                      \
	MOVD p_len+8(FP), n                       \
	MOVD v_base+24(FP), a                     \
	MOVD a, b                                 \
	MOVD g_base+48(FP), grad                  \
	BROADCAST(s_LR+72(FP), F19, V19)          \
	BROADCAST(s_Momentum+76(FP), F18, V18)    \
	BROADCAST(s_WeightDecay+80(FP), F17, V17) \
	BROADCAST(s_GradScale+88(FP), F16, V16)

#define ARGS \
	MOVD p_base+0(FP), w     \
	MOVD p_len+8(FP), n      \
	MOVD a_base+24(FP), a    \
	MOVD b_base+48(FP), b    \
	MOVD g_base+72(FP), grad \
	MOVD c+96(FP), coef

#define COEFFICIENTS \
	BROADCAST(0(coef), F16, V16)  \
	BROADCAST(4(coef), F17, V17)  \
	BROADCAST(8(coef), F18, V18)  \
	BROADCAST(12(coef), F19, V19) \
	BROADCAST(16(coef), F20, V20) \
	BROADCAST(20(coef), F21, V21) \
	BROADCAST(24(coef), F22, V22) \
	BROADCAST(28(coef), F23, V23) \
	BROADCAST(32(coef), F24, V24)

// V1 = v = Momentum·v + g'
#define VELOCITY \
	DECAYED           \
	FMUL_4S(18, 1, 1) \
	FADD_4S(3, 1, 1)

#define MOMENTUM \
	VELOCITY          \
	FMUL_4S(19, 1, 4) \
	FSUB_4S(4, 0, 0)  \
	VORR V1.B16, V1.B16, V2.B16

// func momentumNEON(p, v, g []float32, s SGD)
//
//	v = Momentum·v + g';  p -= LR·v
TEXT ·momentumNEON(SB), NOSPLIT, $0-92
	SGDARGS
	STEP(MOMENTUM)

#define NESTEROV \
	VELOCITY          \
	FMUL_4S(18, 1, 4) \
	FADD_4S(3, 4, 4)  \
	FMUL_4S(19, 4, 4) \
	FSUB_4S(4, 0, 0)  \
	VORR V1.B16, V1.B16, V2.B16

// func nesterovNEON(p, v, g []float32, s SGD)
//
//	v = Momentum·v + g';  p -= LR·(g' + Momentum·v)
TEXT ·nesterovNEON(SB), NOSPLIT, $0-92
	SGDARGS
	STEP(NESTEROV)

#define ADAM \
	DECAYED           \
	FMUL_4S(18, 1, 1) \
	FMUL_4S(19, 3, 4) \
	FADD_4S(4, 1, 1)  \
	FMUL_4S(3, 3, 3)  \
	FMUL_4S(21, 3, 3) \
	FMUL_4S(20, 2, 2) \
	FADD_4S(3, 2, 2)  \
	FSQRT_4S(2, 3)    \
	FMUL_4S(23, 3, 3) \
	FADD_4S(24, 3, 3) \
	FMUL_4S(22, 1, 4) \
	FDIV_4S(3, 4, 4)  \
	FSUB_4S(4, 0, 0)

// func adamNEON(p, a, b, g []float32, c *coefficients)
//
//	a = c2·a + c3·g';  b = c4·b + c5·g'²;  p -= c6·a / (√b·c7 + c8)
TEXT ·adamNEON(SB), NOSPLIT, $0-104
	ARGS
	COEFFICIENTS
	STEP(ADAM)

#define RMSPROP \
	DECAYED           \
	FMUL_4S(3, 3, 4)  \
	FMUL_4S(19, 4, 4) \
	FMUL_4S(18, 1, 1) \
	FADD_4S(4, 1, 1)  \
	FADD_4S(22, 1, 4) \
	FSQRT_4S(4, 4)    \
	FMUL_4S(21, 3, 3) \
	FDIV_4S(4, 3, 3)  \
	FMUL_4S(20, 2, 2) \
	FADD_4S(3, 2, 2)  \
	FSUB_4S(2, 0, 0)

// func rmspropNEON(p, a, b, g []float32, c *coefficients)
//
//	a = c2·a + c3·g'²;  b = c4·b + c5·g'/√(a + c6);  p -= b
TEXT ·rmspropNEON(SB), NOSPLIT, $0-104
	ARGS
	COEFFICIENTS
	STEP(RMSPROP)

// There is no b: a stands in for it.
#define ASGD \
	DECAYED           \
	FMUL_4S(18, 0, 0) \
	FMUL_4S(19, 3, 3) \
	FSUB_4S(3, 0, 0)  \
	FSUB_4S(1, 0, 4)  \
	FMUL_4S(20, 4, 4) \
	FADD_4S(4, 1, 1)  \
	VORR V1.B16, V1.B16, V2.B16

// func asgdNEON(p, a, b, g []float32, c *coefficients)
//
//	p = c2·p - c3·g';  a += (p - a)·c4
TEXT ·asgdNEON(SB), NOSPLIT, $0-104
	ARGS
	MOVD a, b
	COEFFICIENTS
	STEP(ASGD)
