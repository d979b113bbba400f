//go:build !purego

#include "textflag.h"

// Elementwise loops of the convolution's borders, AVX-512; a mask covers the last n mod 16 floats.

// TAILMASK sets K1 to the lowest CX bits (0 < CX < 16).
#define TAILMASK \
	MOVQ  $1, R8 \
	SHLQ  CX, R8 \
	DECQ  R8     \
	KMOVW R8, K1

// func reluAVX512(dst, x []float32)
//
//	dst = max(x, 0): the second source of VMAXPS is what a NaN yields
TEXT ·reluAVX512(SB), NOSPLIT, $0-48
	MOVQ   dst_base+0(FP), DI
	MOVQ   dst_len+8(FP), CX
	MOVQ   x_base+24(FP), SI
	VPXORD Z0, Z0, Z0
	SUBQ   $64, CX
	JLT    blocks

loop64:
	VMOVUPS (SI), Z1
	VMOVUPS 64(SI), Z2
	VMOVUPS 128(SI), Z3
	VMOVUPS 192(SI), Z4
	VMAXPS  Z1, Z0, Z1
	VMAXPS  Z2, Z0, Z2
	VMAXPS  Z3, Z0, Z3
	VMAXPS  Z4, Z0, Z4
	VMOVUPS Z1, (DI)
	VMOVUPS Z2, 64(DI)
	VMOVUPS Z3, 128(DI)
	VMOVUPS Z4, 192(DI)
	ADDQ    $256, SI
	ADDQ    $256, DI
	SUBQ    $64, CX
	JGE     loop64

blocks:
	ADDQ $48, CX // CX + 64 floats are left; count in 16s
	JLT  tail

loop16:
	VMOVUPS (SI), Z1
	VMAXPS  Z1, Z0, Z1
	VMOVUPS Z1, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop16

tail:
	ADDQ      $16, CX
	JZ        done
	TAILMASK
	VMOVUPS.Z (SI), K1, Z1
	VMAXPS    Z1, Z0, Z1
	VMOVUPS   Z1, K1, (DI)

done:
	VZEROUPPER
	RET

// func gradientAVX512(dst, s, x []float32, relu, add bool)
//
//	dst = [add: dst +] [relu: x > 0 ?] s
TEXT ·gradientAVX512(SB), NOSPLIT, $0-74
	MOVQ    dst_base+0(FP), DI
	MOVQ    dst_len+8(FP), CX
	MOVQ    s_base+24(FP), SI
	MOVQ    x_base+48(FP), DX
	MOVBLZX relu+72(FP), R10
	MOVBLZX add+73(FP), R11
	VPXORD  Z0, Z0, Z0
	MOVQ    $0xFFFF, R8
	KMOVW   R8, K1
	SUBQ    $16, CX
	JLT     tail

loop:
	VMOVUPS.Z (SI), K1, Z1
	TESTL     R10, R10
	JZ        noRelu
	VMOVUPS.Z (DX), K1, Z2
	VCMPPS    $0x0E, Z0, Z2, K2 // x > 0, false for NaN
	VMOVUPS.Z Z1, K2, Z1

noRelu:
	TESTL     R11, R11
	JZ        noAdd
	VMOVUPS.Z (DI), K1, Z2
	VADDPS    Z2, Z1, Z1

noAdd:
	VMOVUPS Z1, K1, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DX
	ADDQ    $64, DI
	SUBQ    $16, CX
	JGE     loop

tail:
	ADDQ $16, CX
	JLE  done
	TAILMASK
	MOVQ $0, CX // the masked round is the last
	JMP  loop

done:
	VZEROUPPER
	RET
