//go:build !purego

#include "textflag.h"

// Optimiser steps with two states or an average, AVX-512: see adaptive.go for the formulas. STEP is the loop; BODY works on Z0 (p), Z1 (a),
// Z2 (b) and Z3 (g); Z16 and the registers behind it hold the coefficients. Elements at the end go under the mask K1.

#define P   DI
#define A   SI
#define B   DX
#define G   BX
#define C   R8
#define N   CX // elements left
#define TMP AX

#define MASK \
	MOVL $1, TMP   \
	SHLL CX, TMP   \
	DECL TMP       \
	KMOVW TMP, K1

#define LOAD(x, r) VMOVUPS.Z x, K1, r
#define STORE(r, x) VMOVUPS r, K1, x

#define ARGS \
	MOVQ p_base+0(FP), P  \
	MOVQ p_len+8(FP), N   \
	MOVQ a_base+24(FP), A \
	MOVQ b_base+48(FP), B \
	MOVQ g_base+72(FP), G \
	MOVQ c+96(FP), C

#define STEP(BODY) \
	SUBQ $16, N       \
	JLT  tail          \
loop: \
	VMOVUPS (P), Z0    \
	VMOVUPS (A), Z1    \
	VMOVUPS (B), Z2    \
	VMOVUPS (G), Z3    \
	BODY               \
	VMOVUPS Z0, (P)    \
	VMOVUPS Z1, (A)    \
	VMOVUPS Z2, (B)    \
	ADDQ $64, P       \
	ADDQ $64, A       \
	ADDQ $64, B       \
	ADDQ $64, G       \
	SUBQ $16, N       \
	JGE  loop          \
tail: \
	ADDQ $16, N       \
	JLE  done          \
	MASK               \
	LOAD((P), Z0)      \
	LOAD((A), Z1)      \
	LOAD((B), Z2)      \
	LOAD((G), Z3)      \
	BODY               \
	STORE(Z0, (P))     \
	STORE(Z1, (A))     \
	STORE(Z2, (B))     \
done: \
	VZEROUPPER         \
	RET

// Z3 = g' = c0·g + c1·p
#define DECAYED \
	VMULPS Z16, Z3, Z3 \
	VMULPS Z17, Z0, Z4 \
	VADDPS Z4, Z3, Z3

#define ADAM \
	DECAYED            \
	VMULPS Z18, Z1, Z1 \
	VMULPS Z19, Z3, Z4 \
	VADDPS Z4, Z1, Z1 \
	VMULPS Z3, Z3, Z3 \
	VMULPS Z21, Z3, Z3 \
	VMULPS Z20, Z2, Z2 \
	VADDPS Z3, Z2, Z2 \
	VSQRTPS Z2, Z3     \
	VMULPS Z23, Z3, Z3 \
	VADDPS Z24, Z3, Z3 \
	VMULPS Z22, Z1, Z4 \
	VDIVPS Z3, Z4, Z4 \
	VSUBPS Z4, Z0, Z0

// func adamAVX512(p, a, b, g []float32, c *coefficients)
//
//	a = c2·a + c3·g';  b = c4·b + c5·g'²;  p -= c6·a / (√b·c7 + c8)
TEXT ·adamAVX512(SB), NOSPLIT, $0-104
	ARGS
	VBROADCASTSS 0(C), Z16
	VBROADCASTSS 4(C), Z17
	VBROADCASTSS 8(C), Z18
	VBROADCASTSS 12(C), Z19
	VBROADCASTSS 16(C), Z20
	VBROADCASTSS 20(C), Z21
	VBROADCASTSS 24(C), Z22
	VBROADCASTSS 28(C), Z23
	VBROADCASTSS 32(C), Z24
	STEP(ADAM)

#define RMSPROP \
	DECAYED            \
	VMULPS Z3, Z3, Z4 \
	VMULPS Z19, Z4, Z4 \
	VMULPS Z18, Z1, Z1 \
	VADDPS Z4, Z1, Z1 \
	VADDPS Z22, Z1, Z4 \
	VSQRTPS Z4, Z4     \
	VMULPS Z21, Z3, Z3 \
	VDIVPS Z4, Z3, Z3 \
	VMULPS Z20, Z2, Z2 \
	VADDPS Z3, Z2, Z2 \
	VSUBPS Z2, Z0, Z0

// func rmspropAVX512(p, a, b, g []float32, c *coefficients)
//
//	a = c2·a + c3·g'²;  b = c4·b + c5·g'/√(a + c6);  p -= b
TEXT ·rmspropAVX512(SB), NOSPLIT, $0-104
	ARGS
	VBROADCASTSS 0(C), Z16
	VBROADCASTSS 4(C), Z17
	VBROADCASTSS 8(C), Z18
	VBROADCASTSS 12(C), Z19
	VBROADCASTSS 16(C), Z20
	VBROADCASTSS 20(C), Z21
	VBROADCASTSS 24(C), Z22
	STEP(RMSPROP)

// There is no b: a stands in for it, and is stored once more.
#define ASGD \
	DECAYED            \
	VMULPS Z18, Z0, Z0 \
	VMULPS Z19, Z3, Z3 \
	VSUBPS Z3, Z0, Z0 \
	VSUBPS Z1, Z0, Z4 \
	VMULPS Z20, Z4, Z4 \
	VADDPS Z4, Z1, Z1 \
	VMOVAPS Z1, Z2

// func asgdAVX512(p, a, b, g []float32, c *coefficients)
//
//	p = c2·p - c3·g';  a += (p - a)·c4
TEXT ·asgdAVX512(SB), NOSPLIT, $0-104
	ARGS
	MOVQ A, B
	VBROADCASTSS 0(C), Z16
	VBROADCASTSS 4(C), Z17
	VBROADCASTSS 8(C), Z18
	VBROADCASTSS 12(C), Z19
	VBROADCASTSS 16(C), Z20
	STEP(ASGD)
