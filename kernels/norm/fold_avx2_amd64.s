//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"

// What a folded normalisation does to rows that are in cache, AVX2 and FMA3: channels are a multiple of 8.

// func scaleClampAVX2(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, lo, hi float32)
//
//	dst = min(max(scale·x + shift, lo), hi)
//
// The bounds are the first operands, so that a NaN stays one.
TEXT ·scaleClampAVX2(SB), NOSPLIT, $0-128
	MOVQ         dst_base+0(FP), DI
	MOVQ         ldd+24(FP), DX
	SHLQ         $2, DX
	MOVQ         x_base+32(FP), SI
	MOVQ         ldx+56(FP), AX
	SHLQ         $2, AX
	MOVQ         rows+64(FP), BX
	MOVQ         scale_base+72(FP), R10
	MOVQ         scale_len+80(FP), CX
	MOVQ         shift_base+96(FP), R13
	VBROADCASTSS lo+120(FP), Y13
	VBROADCASTSS hi+124(FP), Y14
	TESTQ        CX, CX
	JZ           done
	TESTQ        BX, BX
	JZ           done

line:
	MOVQ $0, R12

vector:
	VMOVUPS     (SI)(R12*4), Y2
	VMOVUPS     (R10)(R12*4), Y0
	VFMADD213PS (R13)(R12*4), Y0, Y2
	VMAXPS      Y2, Y13, Y2
	VMINPS      Y2, Y14, Y2
	VMOVUPS     Y2, (DI)(R12*4)
	ADDQ        $8, R12
	CMPQ        R12, CX
	JLT         vector
	ADDQ        AX, SI
	ADDQ        DX, DI
	DECQ        BX
	JNZ         line

done:
	VZEROUPPER
	RET

// AHEAD is how many bytes further along a row.
#define AHEAD 256

// THROUGHROW replaces the gradients g at (R8) by zero where not 0 < y < hi, for outputs y at (R10), and adds them, and their products with
// the inputs at (R9), to partial sums. Y14 is zero, Y13 hi.
#define THROUGHROW(sum, dot) \
	PREFETCHT0  AHEAD(R8)         \
	PREFETCHT0  AHEAD(R9)         \
	PREFETCHT0  AHEAD(R10)        \
	VMOVUPS     (R10), Y10        \
	VCMPPS      $1, Y10, Y14, Y11 \
	VCMPPS      $9, Y13, Y10, Y10 \
	VANDPS      Y11, Y10, Y10     \
	VANDPS      (R8), Y10, Y8     \
	VMOVUPS     Y8, (R8)          \
	VADDPS      Y8, sum, sum      \
	VFMADD231PS (R9), Y8, dot     \
	ADDQ        DX, R8            \
	ADDQ        AX, R9            \
	ADDQ        R12, R10

// func gradSumsThroughAVX2(g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, sum, dot []float32, hi float32)
//
//	g = 0 < y < hi ? g : 0, sum += Σ g, dot += Σ g·x, in four partial sums each (row modulo 4)
TEXT ·gradSumsThroughAVX2(SB), NOSPLIT, $0-156
	MOVQ         g_base+0(FP), SI
	MOVQ         ldg+24(FP), DX
	SHLQ         $2, DX
	MOVQ         x_base+32(FP), R13
	MOVQ         ldx+56(FP), AX
	SHLQ         $2, AX
	MOVQ         y_base+64(FP), R11
	MOVQ         ldy+88(FP), R12
	SHLQ         $2, R12
	MOVQ         sum_base+104(FP), DI
	MOVQ         sum_len+112(FP), CX
	MOVQ         dot_base+128(FP), R15
	VBROADCASTSS hi+152(FP), Y13
	VXORPS       Y14, Y14, Y14
	TESTQ        CX, CX
	JZ           done

block:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	MOVQ   SI, R8
	MOVQ   R13, R9
	MOVQ   R11, R10
	MOVQ   rows+96(FP), BX
	SUBQ   $4, BX
	JLT    rest

rows4:
	THROUGHROW(Y4, Y0)
	THROUGHROW(Y5, Y1)
	THROUGHROW(Y6, Y2)
	THROUGHROW(Y7, Y3)
	SUBQ $4, BX
	JGE  rows4

rest:
	ADDQ $4, BX
	JZ   sum
	THROUGHROW(Y4, Y0)
	ADDQ $-1, BX
	JZ   sum
	THROUGHROW(Y5, Y1)
	ADDQ $-1, BX
	JZ   sum
	THROUGHROW(Y6, Y2)

sum:
	VADDPS  Y1, Y0, Y0
	VADDPS  Y3, Y2, Y2
	VADDPS  Y2, Y0, Y0
	VADDPS  Y5, Y4, Y4
	VADDPS  Y7, Y6, Y6
	VADDPS  Y6, Y4, Y4
	VADDPS  (DI), Y4, Y4
	VMOVUPS Y4, (DI)
	VADDPS  (R15), Y0, Y0
	VMOVUPS Y0, (R15)
	ADDQ    $32, SI
	ADDQ    $32, R13
	ADDQ    $32, R11
	ADDQ    $32, DI
	ADDQ    $32, R15
	SUBQ    $8, CX
	JGT     block

done:
	VZEROUPPER
	RET
