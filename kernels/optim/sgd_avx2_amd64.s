//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"

#define p     DI
#define v     SI
#define grad  DX
#define n     CX  // elements left
#define LR    Y8
#define MU    Y9
#define DECAY Y10
#define SCALE Y11
#define TAIL  Y15 // lanes of the last vector

#define LOADARGS \
	MOVQ         p_base+0(FP), p             \
	MOVQ         p_len+8(FP), n              \
	MOVQ         v_base+24(FP), v            \
	MOVQ         g_base+48(FP), grad         \
	VBROADCASTSS s_LR+72(FP), LR             \
	VBROADCASTSS s_Momentum+76(FP), MU       \
	VBROADCASTSS s_WeightDecay+80(FP), DECAY \
	VBROADCASTSS s_GradScale+88(FP), SCALE

#define LOAD \
	VMOVUPS (p), Y0 \
	VMOVUPS (v), Y1 \
	VMOVUPS (grad), Y2

#define STORENEXT \
	VMOVUPS Y1, (v)   \
	VMOVUPS Y0, (p)   \
	ADDQ    $32, p    \
	ADDQ    $32, v    \
	ADDQ    $32, grad \
	SUBQ    $8, n

// TAIL = n > {0 … 7}, lane by lane.
#define LOADTAIL \
	LANESBELOW(n, X15, TAIL) \
	VMASKMOVPS (p), TAIL, Y0 \
	VMASKMOVPS (v), TAIL, Y1 \
	VMASKMOVPS (grad), TAIL, Y2

#define STORETAIL \
	VMASKMOVPS Y1, TAIL, (v) \
	VMASKMOVPS Y0, TAIL, (p)

// Y2 = g' = SCALE*g + DECAY*p;  Y1 = v = MU*v + g'
#define VELOCITY \
	VMULPS SCALE, Y2, Y2 \
	VMULPS DECAY, Y0, Y3 \
	VADDPS Y3, Y2, Y2    \
	VMULPS MU, Y1, Y1    \
	VADDPS Y2, Y1, Y1

// Y0 = p - LR*v
#define MOMENTUM \
	VMULPS LR, Y1, Y3 \
	VSUBPS Y3, Y0, Y0

// Y0 = p - LR*(g' + MU*v)
#define NESTEROV \
	VMULPS MU, Y1, Y3 \
	VADDPS Y2, Y3, Y3 \
	VMULPS LR, Y3, Y3 \
	VSUBPS Y3, Y0, Y0

// func momentumAVX2(p, v, g []float32, s SGD)
//
//	v = Momentum*v + g';  p -= LR*v
TEXT ·momentumAVX2(SB), NOSPLIT, $0-92
	LOADARGS
	SUBQ $8, n
	JLT  tail

loop:
	LOAD
	VELOCITY
	MOMENTUM
	STORENEXT
	JGE loop

tail:
	ADDQ $8, n
	JLE  done
	LOADTAIL
	VELOCITY
	MOMENTUM
	STORETAIL

done:
	VZEROUPPER
	RET

// func nesterovAVX2(p, v, g []float32, s SGD)
//
//	v = Momentum*v + g';  p -= LR*(g' + Momentum*v)
TEXT ·nesterovAVX2(SB), NOSPLIT, $0-92
	LOADARGS
	SUBQ $8, n
	JLT  tail

loop:
	LOAD
	VELOCITY
	NESTEROV
	STORENEXT
	JGE loop

tail:
	ADDQ $8, n
	JLE  done
	LOADTAIL
	VELOCITY
	NESTEROV
	STORETAIL

done:
	VZEROUPPER
	RET
