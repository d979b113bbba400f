//go:build !purego

#include "textflag.h"

#define p     DI
#define v     SI
#define grad  DX
#define n     CX // elements left
#define tmp   AX
#define TAIL  K1 // lanes of the last vector
#define LR    Z16
#define MU    Z17
#define DECAY Z18
#define SCALE Z19

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
	VMOVUPS (p), Z0 \
	VMOVUPS (v), Z1 \
	VMOVUPS (grad), Z2

#define STORENEXT \
	VMOVUPS Z1, (v)   \
	VMOVUPS Z0, (p)   \
	ADDQ    $64, p    \
	ADDQ    $64, v    \
	ADDQ    $64, grad \
	SUBQ    $16, n

// TAIL = the lowest n bits.
#define LOADTAIL \
	MOVL      $-1, tmp      \
	BZHIL     n, tmp, tmp   \
	KMOVW     tmp, TAIL     \
	VMOVUPS.Z (p), TAIL, Z0 \
	VMOVUPS.Z (v), TAIL, Z1 \
	VMOVUPS.Z (grad), TAIL, Z2

#define STORETAIL \
	VMOVUPS Z1, TAIL, (v) \
	VMOVUPS Z0, TAIL, (p)

// Z2 = g' = SCALE*g + DECAY*p;  Z1 = v = MU*v + g'
#define VELOCITY \
	VMULPS SCALE, Z2, Z2 \
	VMULPS DECAY, Z0, Z3 \
	VADDPS Z3, Z2, Z2    \
	VMULPS MU, Z1, Z1    \
	VADDPS Z2, Z1, Z1

// Z0 = p - LR*v
#define MOMENTUM \
	VMULPS LR, Z1, Z3 \
	VSUBPS Z3, Z0, Z0

// Z0 = p - LR*(g' + MU*v)
#define NESTEROV \
	VMULPS MU, Z1, Z3 \
	VADDPS Z2, Z3, Z3 \
	VMULPS LR, Z3, Z3 \
	VSUBPS Z3, Z0, Z0

// func momentumAVX512(p, v, g []float32, s SGD)
//
//	v = Momentum*v + g';  p -= LR*v
TEXT ·momentumAVX512(SB), NOSPLIT, $0-92
	LOADARGS
	SUBQ $16, n
	JLT  tail

loop:
	LOAD
	VELOCITY
	MOMENTUM
	STORENEXT
	JGE loop

tail:
	ADDQ $16, n
	JLE  done
	LOADTAIL
	VELOCITY
	MOMENTUM
	STORETAIL

done:
	VZEROUPPER
	RET

// func nesterovAVX512(p, v, g []float32, s SGD)
//
//	v = Momentum*v + g';  p -= LR*(g' + Momentum*v)
TEXT ·nesterovAVX512(SB), NOSPLIT, $0-92
	LOADARGS
	SUBQ $16, n
	JLT  tail

loop:
	LOAD
	VELOCITY
	NESTEROV
	STORENEXT
	JGE loop

tail:
	ADDQ $16, n
	JLE  done
	LOADTAIL
	VELOCITY
	NESTEROV
	STORETAIL

done:
	VZEROUPPER
	RET
