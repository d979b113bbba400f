//go:build !purego

#include "textflag.h"

// Optimiser steps with two states or an average, AVX-512: see adaptive.go for the formulas. STEP is the loop; BODY works on Z0 (p), Z1 (a),
// Z2 (b) and Z3 (g); Z16 and the registers behind it hold the coefficients. Elements at the end go under the mask K1.

#define p    DI
#define a    SI
#define b    DX
#define grad BX
#define coef R8
#define n    CX // elements left
#define tmp  AX

#define MASK \
	MOVL  $1, tmp \
	SHLL  CX, tmp \
	DECL  tmp     \
	KMOVW tmp, K1

#define LOAD(x, r) VMOVUPS.Z x, K1, r
#define STORE(r, x) VMOVUPS r, K1, x

#define ARGS \
	MOVQ p_base+0(FP), p     \
	MOVQ p_len+8(FP), n      \
	MOVQ a_base+24(FP), a    \
	MOVQ b_base+48(FP), b    \
	MOVQ g_base+72(FP), grad \
	MOVQ c+96(FP), coef

#define STEP(BODY) \
	SUBQ $16, n        \
	JLT  tail          \
loop:                  \
	VMOVUPS (p), Z0    \
	VMOVUPS (a), Z1    \
	VMOVUPS (b), Z2    \
	VMOVUPS (grad), Z3 \
	BODY               \
	VMOVUPS Z0, (p)    \
	VMOVUPS Z1, (a)    \
	VMOVUPS Z2, (b)    \
	ADDQ    $64, p     \
	ADDQ    $64, a     \
	ADDQ    $64, b     \
	ADDQ    $64, grad  \
	SUBQ    $16, n     \
	JGE     loop       \
tail:                  \
	ADDQ $16, n        \
	JLE  done          \
	MASK               \
	LOAD((p), Z0)      \
	LOAD((a), Z1)      \
	LOAD((b), Z2)      \
	LOAD((grad), Z3)   \
	BODY               \
	STORE(Z0, (p))     \
	STORE(Z1, (a))     \
	STORE(Z2, (b))     \
done:                  \
	VZEROUPPER         \
	RET

// Z3 = g' = c0·g + c1·p
#define DECAYED \
	VMULPS Z16, Z3, Z3 \
	VMULPS Z17, Z0, Z4 \
	VADDPS Z4, Z3, Z3

#define ADAM \
	DECAYED             \
	VMULPS  Z18, Z1, Z1 \
	VMULPS  Z19, Z3, Z4 \
	VADDPS  Z4, Z1, Z1  \
	VMULPS  Z3, Z3, Z3  \
	VMULPS  Z21, Z3, Z3 \
	VMULPS  Z20, Z2, Z2 \
	VADDPS  Z3, Z2, Z2  \
	VSQRTPS Z2, Z3      \
	VMULPS  Z23, Z3, Z3 \
	VADDPS  Z24, Z3, Z3 \
	VMULPS  Z22, Z1, Z4 \
	VDIVPS  Z3, Z4, Z4  \
	VSUBPS  Z4, Z0, Z0

// func adamAVX512(p, a, b, g []float32, c *coefficients)
//
//	a = c2·a + c3·g';  b = c4·b + c5·g'²;  p -= c6·a / (√b·c7 + c8)
TEXT ·adamAVX512(SB), NOSPLIT, $0-104
	ARGS
	VBROADCASTSS 0(coef), Z16
	VBROADCASTSS 4(coef), Z17
	VBROADCASTSS 8(coef), Z18
	VBROADCASTSS 12(coef), Z19
	VBROADCASTSS 16(coef), Z20
	VBROADCASTSS 20(coef), Z21
	VBROADCASTSS 24(coef), Z22
	VBROADCASTSS 28(coef), Z23
	VBROADCASTSS 32(coef), Z24
	STEP(ADAM)

#define RMSPROP \
	DECAYED             \
	VMULPS  Z3, Z3, Z4  \
	VMULPS  Z19, Z4, Z4 \
	VMULPS  Z18, Z1, Z1 \
	VADDPS  Z4, Z1, Z1  \
	VADDPS  Z22, Z1, Z4 \
	VSQRTPS Z4, Z4      \
	VMULPS  Z21, Z3, Z3 \
	VDIVPS  Z4, Z3, Z3  \
	VMULPS  Z20, Z2, Z2 \
	VADDPS  Z3, Z2, Z2  \
	VSUBPS  Z2, Z0, Z0

// func rmspropAVX512(p, a, b, g []float32, c *coefficients)
//
//	a = c2·a + c3·g'²;  b = c4·b + c5·g'/√(a + c6);  p -= b
TEXT ·rmspropAVX512(SB), NOSPLIT, $0-104
	ARGS
	VBROADCASTSS 0(coef), Z16
	VBROADCASTSS 4(coef), Z17
	VBROADCASTSS 8(coef), Z18
	VBROADCASTSS 12(coef), Z19
	VBROADCASTSS 16(coef), Z20
	VBROADCASTSS 20(coef), Z21
	VBROADCASTSS 24(coef), Z22
	STEP(RMSPROP)

// There is no b: a stands in for it, and is stored once more.
#define ASGD \
	DECAYED             \
	VMULPS  Z18, Z0, Z0 \
	VMULPS  Z19, Z3, Z3 \
	VSUBPS  Z3, Z0, Z0  \
	VSUBPS  Z1, Z0, Z4  \
	VMULPS  Z20, Z4, Z4 \
	VADDPS  Z4, Z1, Z1  \
	VMOVAPS Z1, Z2

// func asgdAVX512(p, a, b, g []float32, c *coefficients)
//
//	p = c2·p - c3·g';  a += (p - a)·c4
TEXT ·asgdAVX512(SB), NOSPLIT, $0-104
	ARGS
	MOVQ         a, b
	VBROADCASTSS 0(coef), Z16
	VBROADCASTSS 4(coef), Z17
	VBROADCASTSS 8(coef), Z18
	VBROADCASTSS 12(coef), Z19
	VBROADCASTSS 16(coef), Z20
	STEP(ASGD)
