//go:build !purego

#include "textflag.h"

// Optimiser steps with two states or an average, AVX2: see adaptive.go for the formulas. STEP is the loop; BODY works on Y0 (p), Y1 (a),
// Y2 (b) and Y3 (g); Y7 and the registers behind it hold the coefficients. Elements at the end go under the mask Y6.

#define P   DI
#define A   SI
#define B   DX
#define G   BX
#define C   R8
#define N   CX // elements left
#define TMP AX

// Eight elements that exist, then eight that don't.
DATA existing<>+0(SB)/8, $-1
DATA existing<>+8(SB)/8, $-1
DATA existing<>+16(SB)/8, $-1
DATA existing<>+24(SB)/8, $-1
GLOBL existing<>(SB), RODATA|NOPTR, $64

#define MASK \
	LEAQ existing<>+32(SB), TMP \
	SHLQ $2, N                  \
	SUBQ N, TMP                 \
	VMOVUPS (TMP), Y6

#define LOAD(x, r) VMASKMOVPS x, Y6, r
#define STORE(r, x) VMASKMOVPS r, Y6, x

#define ARGS \
	MOVQ p_base+0(FP), P  \
	MOVQ p_len+8(FP), N   \
	MOVQ a_base+24(FP), A \
	MOVQ b_base+48(FP), B \
	MOVQ g_base+72(FP), G \
	MOVQ c+96(FP), C

#define STEP(BODY) \
	SUBQ $8, N       \
	JLT  tail          \
loop: \
	VMOVUPS (P), Y0    \
	VMOVUPS (A), Y1    \
	VMOVUPS (B), Y2    \
	VMOVUPS (G), Y3    \
	BODY               \
	VMOVUPS Y0, (P)    \
	VMOVUPS Y1, (A)    \
	VMOVUPS Y2, (B)    \
	ADDQ $32, P       \
	ADDQ $32, A       \
	ADDQ $32, B       \
	ADDQ $32, G       \
	SUBQ $8, N       \
	JGE  loop          \
tail: \
	ADDQ $8, N       \
	JLE  done          \
	MASK               \
	LOAD((P), Y0)      \
	LOAD((A), Y1)      \
	LOAD((B), Y2)      \
	LOAD((G), Y3)      \
	BODY               \
	STORE(Y0, (P))     \
	STORE(Y1, (A))     \
	STORE(Y2, (B))     \
done: \
	VZEROUPPER         \
	RET

// Y3 = g' = c0·g + c1·p
#define DECAYED \
	VMULPS Y7, Y3, Y3 \
	VMULPS Y8, Y0, Y4 \
	VADDPS Y4, Y3, Y3

#define ADAM \
	DECAYED            \
	VMULPS Y9, Y1, Y1 \
	VMULPS Y10, Y3, Y4 \
	VADDPS Y4, Y1, Y1 \
	VMULPS Y3, Y3, Y3 \
	VMULPS Y12, Y3, Y3 \
	VMULPS Y11, Y2, Y2 \
	VADDPS Y3, Y2, Y2 \
	VSQRTPS Y2, Y3     \
	VMULPS Y14, Y3, Y3 \
	VADDPS Y15, Y3, Y3 \
	VMULPS Y13, Y1, Y4 \
	VDIVPS Y3, Y4, Y4 \
	VSUBPS Y4, Y0, Y0

// func adamAVX2(p, a, b, g []float32, c *coefficients)
//
//	a = c2·a + c3·g';  b = c4·b + c5·g'²;  p -= c6·a / (√b·c7 + c8)
TEXT ·adamAVX2(SB), NOSPLIT, $0-104
	ARGS
	VBROADCASTSS 0(C), Y7
	VBROADCASTSS 4(C), Y8
	VBROADCASTSS 8(C), Y9
	VBROADCASTSS 12(C), Y10
	VBROADCASTSS 16(C), Y11
	VBROADCASTSS 20(C), Y12
	VBROADCASTSS 24(C), Y13
	VBROADCASTSS 28(C), Y14
	VBROADCASTSS 32(C), Y15
	STEP(ADAM)

#define RMSPROP \
	DECAYED            \
	VMULPS Y3, Y3, Y4 \
	VMULPS Y10, Y4, Y4 \
	VMULPS Y9, Y1, Y1 \
	VADDPS Y4, Y1, Y1 \
	VADDPS Y13, Y1, Y4 \
	VSQRTPS Y4, Y4     \
	VMULPS Y12, Y3, Y3 \
	VDIVPS Y4, Y3, Y3 \
	VMULPS Y11, Y2, Y2 \
	VADDPS Y3, Y2, Y2 \
	VSUBPS Y2, Y0, Y0

// func rmspropAVX2(p, a, b, g []float32, c *coefficients)
//
//	a = c2·a + c3·g'²;  b = c4·b + c5·g'/√(a + c6);  p -= b
TEXT ·rmspropAVX2(SB), NOSPLIT, $0-104
	ARGS
	VBROADCASTSS 0(C), Y7
	VBROADCASTSS 4(C), Y8
	VBROADCASTSS 8(C), Y9
	VBROADCASTSS 12(C), Y10
	VBROADCASTSS 16(C), Y11
	VBROADCASTSS 20(C), Y12
	VBROADCASTSS 24(C), Y13
	STEP(RMSPROP)

// There is no b: a stands in for it, and is stored once more.
#define ASGD \
	DECAYED            \
	VMULPS Y9, Y0, Y0 \
	VMULPS Y10, Y3, Y3 \
	VSUBPS Y3, Y0, Y0 \
	VSUBPS Y1, Y0, Y4 \
	VMULPS Y11, Y4, Y4 \
	VADDPS Y4, Y1, Y1 \
	VMOVAPS Y1, Y2

// func asgdAVX2(p, a, b, g []float32, c *coefficients)
//
//	p = c2·p - c3·g';  a += (p - a)·c4
TEXT ·asgdAVX2(SB), NOSPLIT, $0-104
	ARGS
	MOVQ A, B
	VBROADCASTSS 0(C), Y7
	VBROADCASTSS 4(C), Y8
	VBROADCASTSS 8(C), Y9
	VBROADCASTSS 12(C), Y10
	VBROADCASTSS 16(C), Y11
	STEP(ASGD)
