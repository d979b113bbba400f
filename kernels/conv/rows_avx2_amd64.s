//go:build !purego

#include "textflag.h"

// Elementwise loops of the convolution's borders, AVX2; the last n mod 8 floats one by one.

// func reluAVX2(dst, x []float32)
//
//	dst = max(x, 0): the second source of VMAXPS is what a NaN yields
TEXT ·reluAVX2(SB), NOSPLIT, $0-48
	MOVQ   dst_base+0(FP), DI
	MOVQ   dst_len+8(FP), CX
	MOVQ   x_base+24(FP), SI
	VXORPS Y0, Y0, Y0
	SUBQ   $8, CX
	JLT    tail

loop8:
	VMOVUPS (SI), Y1
	VMAXPS  Y1, Y0, Y1
	VMOVUPS Y1, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop8

tail:
	ADDQ $8, CX
	JZ   done

loop1:
	VMOVSS (SI), X1
	VMAXSS X1, X0, X1
	VMOVSS X1, (DI)
	ADDQ   $4, SI
	ADDQ   $4, DI
	DECQ   CX
	JNZ    loop1

done:
	VZEROUPPER
	RET

// func gradientAVX2(dst, s, x []float32, relu, add bool)
//
//	dst = [add: dst +] [relu: x > 0 ?] s
TEXT ·gradientAVX2(SB), NOSPLIT, $0-74
	MOVQ    dst_base+0(FP), DI
	MOVQ    dst_len+8(FP), CX
	MOVQ    s_base+24(FP), SI
	MOVQ    x_base+48(FP), DX
	MOVBLZX relu+72(FP), R10
	MOVBLZX add+73(FP), R11
	VXORPS  Y0, Y0, Y0
	SUBQ    $8, CX
	JLT     tail

loop8:
	VMOVUPS (SI), Y1
	TESTL   R10, R10
	JZ      noRelu8
	VMOVUPS (DX), Y2
	VCMPPS  $0x0E, Y0, Y2, Y2 // x > 0, false for NaN
	VANDPS  Y2, Y1, Y1

noRelu8:
	TESTL  R11, R11
	JZ     noAdd8
	VADDPS (DI), Y1, Y1

noAdd8:
	VMOVUPS Y1, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DX
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop8

tail:
	ADDQ $8, CX
	JZ   done

loop1:
	VMOVSS (SI), X1
	TESTL  R10, R10
	JZ     noRelu1
	VMOVSS (DX), X2
	VCMPSS $0x0E, X0, X2, X2
	VANDPS X2, X1, X1

noRelu1:
	TESTL  R11, R11
	JZ     noAdd1
	VADDSS (DI), X1, X1

noAdd1:
	VMOVSS X1, (DI)
	ADDQ   $4, SI
	ADDQ   $4, DX
	ADDQ   $4, DI
	DECQ   CX
	JNZ    loop1

done:
	VZEROUPPER
	RET
