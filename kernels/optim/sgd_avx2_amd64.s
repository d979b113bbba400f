//go:build !purego

#include "textflag.h"

#define P     DI
#define V     SI
#define G     DX
#define N     CX  // elements left
#define LR    Y8
#define MU    Y9
#define DECAY Y10
#define SCALE Y11
#define TAIL  Y15 // lanes of the last vector

DATA iota<>+0(SB)/4, $0
DATA iota<>+4(SB)/4, $1
DATA iota<>+8(SB)/4, $2
DATA iota<>+12(SB)/4, $3
DATA iota<>+16(SB)/4, $4
DATA iota<>+20(SB)/4, $5
DATA iota<>+24(SB)/4, $6
DATA iota<>+28(SB)/4, $7
GLOBL iota<>(SB), RODATA|NOPTR, $32

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
	VMOVUPS (P), Y0; \
	VMOVUPS (V), Y1; \
	VMOVUPS (G), Y2

#define STORE_AND_ADVANCE \
	VMOVUPS Y1, (V); \
	VMOVUPS Y0, (P); \
	ADDQ    $32, P; \
	ADDQ    $32, V; \
	ADDQ    $32, G; \
	SUBQ    $8, N

// TAIL = N > {0 … 7}, lane by lane.
#define LOAD_TAIL \
	VMOVQ        N, X15; \
	VPBROADCASTD X15, TAIL; \
	VPCMPGTD     iota<>(SB), TAIL, TAIL; \
	VMASKMOVPS   (P), TAIL, Y0; \
	VMASKMOVPS   (V), TAIL, Y1; \
	VMASKMOVPS   (G), TAIL, Y2

#define STORE_TAIL \
	VMASKMOVPS Y1, TAIL, (V); \
	VMASKMOVPS Y0, TAIL, (P)

// Y2 = g' = SCALE*g + DECAY*p;  Y1 = v = MU*v + g'
#define VELOCITY \
	VMULPS SCALE, Y2, Y2; \
	VMULPS DECAY, Y0, Y3; \
	VADDPS Y3, Y2, Y2; \
	VMULPS MU, Y1, Y1; \
	VADDPS Y2, Y1, Y1

// Y0 = p - LR*v
#define MOMENTUM \
	VMULPS LR, Y1, Y3; \
	VSUBPS Y3, Y0, Y0

// Y0 = p - LR*(g' + MU*v)
#define NESTEROV \
	VMULPS MU, Y1, Y3; \
	VADDPS Y2, Y3, Y3; \
	VMULPS LR, Y3, Y3; \
	VSUBPS Y3, Y0, Y0

// func momentumAVX2(p, v, g []float32, s SGD)
//
//	v = Momentum*v + g';  p -= LR*v
TEXT ·momentumAVX2(SB), NOSPLIT, $0-92
	LOAD_ARGS
	SUBQ $8, N
	JLT  tail

loop:
	LOAD
	VELOCITY
	MOMENTUM
	STORE_AND_ADVANCE
	JGE loop

tail:
	ADDQ $8, N
	JLE  done
	LOAD_TAIL
	VELOCITY
	MOMENTUM
	STORE_TAIL

done:
	VZEROUPPER
	RET

// func nesterovAVX2(p, v, g []float32, s SGD)
//
//	v = Momentum*v + g';  p -= LR*(g' + Momentum*v)
TEXT ·nesterovAVX2(SB), NOSPLIT, $0-92
	LOAD_ARGS
	SUBQ $8, N
	JLT  tail

loop:
	LOAD
	VELOCITY
	NESTEROV
	STORE_AND_ADVANCE
	JGE loop

tail:
	ADDQ $8, N
	JLE  done
	LOAD_TAIL
	VELOCITY
	NESTEROV
	STORE_TAIL

done:
	VZEROUPPER
	RET
