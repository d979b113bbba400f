//go:build !purego

#include "textflag.h"

#define P     DI
#define V     SI
#define G     DX
#define N     CX  // elements left
#define TMP   AX
#define TAIL  K1  // lanes of the last vector
#define LR    Z16
#define MU    Z17
#define DECAY Z18
#define SCALE Z19

#define LOAD_ARGS \
	MOVQ         p_base+0(FP), P; \
	MOVQ         p_len+8(FP), N; \
	MOVQ         v_base+24(FP), V; \
	MOVQ         g_base+48(FP), G; \
	VBROADCASTSS s_LR+72(FP), LR; \
	VBROADCASTSS s_Momentum+76(FP), MU; \
	VBROADCASTSS s_WeightDecay+80(FP), DECAY; \
	VBROADCASTSS s_GradScale+88(FP), SCALE

#define LOAD \
	VMOVUPS (P), Z0; \
	VMOVUPS (V), Z1; \
	VMOVUPS (G), Z2

#define STORE_AND_ADVANCE \
	VMOVUPS Z1, (V); \
	VMOVUPS Z0, (P); \
	ADDQ    $64, P; \
	ADDQ    $64, V; \
	ADDQ    $64, G; \
	SUBQ    $16, N

// TAIL = the lowest N bits.
#define LOAD_TAIL \
	MOVL      $-1, TMP; \
	BZHIL     N, TMP, TMP; \
	KMOVW     TMP, TAIL; \
	VMOVUPS.Z (P), TAIL, Z0; \
	VMOVUPS.Z (V), TAIL, Z1; \
	VMOVUPS.Z (G), TAIL, Z2

#define STORE_TAIL \
	VMOVUPS Z1, TAIL, (V); \
	VMOVUPS Z0, TAIL, (P)

// Z2 = g' = SCALE*g + DECAY*p;  Z1 = v = MU*v + g'
#define VELOCITY \
	VMULPS SCALE, Z2, Z2; \
	VMULPS DECAY, Z0, Z3; \
	VADDPS Z3, Z2, Z2; \
	VMULPS MU, Z1, Z1; \
	VADDPS Z2, Z1, Z1

// Z0 = p - LR*v
#define MOMENTUM \
	VMULPS LR, Z1, Z3; \
	VSUBPS Z3, Z0, Z0

// Z0 = p - LR*(g' + MU*v)
#define NESTEROV \
	VMULPS MU, Z1, Z3; \
	VADDPS Z2, Z3, Z3; \
	VMULPS LR, Z3, Z3; \
	VSUBPS Z3, Z0, Z0

// func momentumAVX512(p, v, g []float32, s SGD)
//
//	v = Momentum*v + g';  p -= LR*v
TEXT ·momentumAVX512(SB), NOSPLIT, $0-92
	LOAD_ARGS
	SUBQ $16, N
	JLT  tail

loop:
	LOAD
	VELOCITY
	MOMENTUM
	STORE_AND_ADVANCE
	JGE loop

tail:
	ADDQ $16, N
	JLE  done
	LOAD_TAIL
	VELOCITY
	MOMENTUM
	STORE_TAIL

done:
	VZEROUPPER
	RET

// func nesterovAVX512(p, v, g []float32, s SGD)
//
//	v = Momentum*v + g';  p -= LR*(g' + Momentum*v)
TEXT ·nesterovAVX512(SB), NOSPLIT, $0-92
	LOAD_ARGS
	SUBQ $16, N
	JLT  tail

loop:
	LOAD
	VELOCITY
	NESTEROV
	STORE_AND_ADVANCE
	JGE loop

tail:
	ADDQ $16, N
	JLE  done
	LOAD_TAIL
	VELOCITY
	NESTEROV
	STORE_TAIL

done:
	VZEROUPPER
	RET
