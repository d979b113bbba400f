//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"

// Optimiser steps with two states or an average, AVX2: see adaptive.go for the formulas. STEP is the loop; BODY works on Y0 (p), Y1 (a),
// Y2 (b) and Y3 (g); Y7 and the registers behind it hold the coefficients. Elements at the end go under the mask Y6.

#define p    DI
#define a    SI
#define b    DX
#define grad BX
#define coef R8
#define n    CX // elements left
#define tmp  AX

#define MASK \
	FIRSTLANES(n, tmp, Y6)

#define LOAD(x, r) VMASKMOVPS x, Y6, r
#define STORE(r, x) VMASKMOVPS r, Y6, x

#define ARGS \
	MOVQ p_base+0(FP), p     \
	MOVQ p_len+8(FP), n      \
	MOVQ a_base+24(FP), a    \
	MOVQ b_base+48(FP), b    \
	MOVQ g_base+72(FP), grad \
	MOVQ c+96(FP), coef

#define STEP(BODY) \
	SUBQ $8, n         \
	JLT  tail          \
loop:                  \
	VMOVUPS (p), Y0    \
	VMOVUPS (a), Y1    \
	VMOVUPS (b), Y2    \
	VMOVUPS (grad), Y3 \
	BODY               \
	VMOVUPS Y0, (p)    \
	VMOVUPS Y1, (a)    \
	VMOVUPS Y2, (b)    \
	ADDQ    $32, p     \
	ADDQ    $32, a     \
	ADDQ    $32, b     \
	ADDQ    $32, grad  \
	SUBQ    $8, n      \
	JGE     loop       \
tail:                  \
	ADDQ $8, n         \
	JLE  done          \
	MASK               \
	LOAD((p), Y0)      \
	LOAD((a), Y1)      \
	LOAD((b), Y2)      \
	LOAD((grad), Y3)   \
	BODY               \
	STORE(Y0, (p))     \
	STORE(Y1, (a))     \
	STORE(Y2, (b))     \
done:                  \
	VZEROUPPER         \
	RET

// Y3 = g' = c0·g + c1·p
#define DECAYED \
	VMULPS Y7, Y3, Y3 \
	VMULPS Y8, Y0, Y4 \
	VADDPS Y4, Y3, Y3

#define ADAM \
	DECAYED             \
	VMULPS  Y9, Y1, Y1  \
	VMULPS  Y10, Y3, Y4 \
	VADDPS  Y4, Y1, Y1  \
	VMULPS  Y3, Y3, Y3  \
	VMULPS  Y12, Y3, Y3 \
	VMULPS  Y11, Y2, Y2 \
	VADDPS  Y3, Y2, Y2  \
	VSQRTPS Y2, Y3      \
	VMULPS  Y14, Y3, Y3 \
	VADDPS  Y15, Y3, Y3 \
	VMULPS  Y13, Y1, Y4 \
	VDIVPS  Y3, Y4, Y4  \
	VSUBPS  Y4, Y0, Y0

// func adamAVX2(p, a, b, g []float32, c *coefficients)
//
//	a = c2·a + c3·g';  b = c4·b + c5·g'²;  p -= c6·a / (√b·c7 + c8)
TEXT ·adamAVX2(SB), NOSPLIT, $0-104
	ARGS
	VBROADCASTSS 0(coef), Y7
	VBROADCASTSS 4(coef), Y8
	VBROADCASTSS 8(coef), Y9
	VBROADCASTSS 12(coef), Y10
	VBROADCASTSS 16(coef), Y11
	VBROADCASTSS 20(coef), Y12
	VBROADCASTSS 24(coef), Y13
	VBROADCASTSS 28(coef), Y14
	VBROADCASTSS 32(coef), Y15
	STEP(ADAM)

#define RMSPROP \
	DECAYED             \
	VMULPS  Y3, Y3, Y4  \
	VMULPS  Y10, Y4, Y4 \
	VMULPS  Y9, Y1, Y1  \
	VADDPS  Y4, Y1, Y1  \
	VADDPS  Y13, Y1, Y4 \
	VSQRTPS Y4, Y4      \
	VMULPS  Y12, Y3, Y3 \
	VDIVPS  Y4, Y3, Y3  \
	VMULPS  Y11, Y2, Y2 \
	VADDPS  Y3, Y2, Y2  \
	VSUBPS  Y2, Y0, Y0

// func rmspropAVX2(p, a, b, g []float32, c *coefficients)
//
//	a = c2·a + c3·g'²;  b = c4·b + c5·g'/√(a + c6);  p -= b
TEXT ·rmspropAVX2(SB), NOSPLIT, $0-104
	ARGS
	VBROADCASTSS 0(coef), Y7
	VBROADCASTSS 4(coef), Y8
	VBROADCASTSS 8(coef), Y9
	VBROADCASTSS 12(coef), Y10
	VBROADCASTSS 16(coef), Y11
	VBROADCASTSS 20(coef), Y12
	VBROADCASTSS 24(coef), Y13
	STEP(RMSPROP)

// There is no b: a stands in for it, and is stored once more.
#define ASGD \
	DECAYED             \
	VMULPS  Y9, Y0, Y0  \
	VMULPS  Y10, Y3, Y3 \
	VSUBPS  Y3, Y0, Y0  \
	VSUBPS  Y1, Y0, Y4  \
	VMULPS  Y11, Y4, Y4 \
	VADDPS  Y4, Y1, Y1  \
	VMOVAPS Y1, Y2

// func asgdAVX2(p, a, b, g []float32, c *coefficients)
//
//	p = c2·p - c3·g';  a += (p - a)·c4
TEXT ·asgdAVX2(SB), NOSPLIT, $0-104
	ARGS
	MOVQ         a, b
	VBROADCASTSS 0(coef), Y7
	VBROADCASTSS 4(coef), Y8
	VBROADCASTSS 8(coef), Y9
	VBROADCASTSS 12(coef), Y10
	VBROADCASTSS 16(coef), Y11
	STEP(ASGD)
