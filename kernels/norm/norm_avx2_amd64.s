//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"
#include "blocks_avx2_amd64.h"

// Passes over rows × channels, AVX2 and FMA3: along the rows, which the processor foresees. A mask (Y15) covers the channels behind the last
// whole vector.

// WHOLE sets whole to the channels in whole vectors of n, and Y15 to those behind.
#define WHOLE(n, whole, tmp) \
	MOVQ n, whole               \
	ANDQ $7, whole              \
	FIRSTLANES(whole, tmp, Y15) \
	MOVQ n, whole               \
	ANDQ $~7, whole

// TERM is y = scale·x + shift for the 8 channels from R12 on, LASTTERM the same for what is left of a row.
#define TERM(x, scale, shift, y) \
	VMOVUPS     (x)(R12*4), y      \
	VMOVUPS     (scale)(R12*4), Y0 \
	VFMADD213PS (shift)(R12*4), Y0, y

#define LASTTERM(x, scale, shift, y) \
	VMASKMOVPS  (x)(R12*4), Y15, y      \
	VMASKMOVPS  (scale)(R12*4), Y15, Y0 \
	VMASKMOVPS  (shift)(R12*4), Y15, Y1 \
	VFMADD213PS Y1, Y0, y

// CLAMP is y = min(max(y, lo), hi). The bounds are the first operands, so that a NaN stays one.
#define CLAMP(y) \
	VMAXPS y, Y13, y \
	VMINPS y, Y14, y

// func scaleClampAVX2(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, lo, hi float32)
//
//	dst = min(max(scale·x + shift, lo), hi)
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
	TESTQ        BX, BX
	JZ           done
	WHOLE(CX, R15, R12)

row:
	XORL  R12, R12
	TESTQ R15, R15
	JZ    last

vector:
	TERM(SI, R10, R13, Y2)
	CLAMP(Y2)
	VMOVUPS Y2, (DI)(R12*4)
	ADDQ    $8, R12
	CMPQ    R12, R15
	JLT     vector

last:
	CMPQ       R12, CX
	JGE        next
	LASTTERM(SI, R10, R13, Y2)
	CLAMP(Y2)
	VMASKMOVPS Y2, Y15, (DI)(R12*4)

next:
	ADDQ AX, SI
	ADDQ DX, DI
	DECQ BX
	JNZ  row

done:
	VZEROUPPER
	RET

// func scaleTwoAVX2(dst []float32, ldd int, x []float32, ldx int, z []float32, ldz int, rows int, scale, shift, scaleZ, shiftZ []float32, add bool, lo, hi float32)
//
//	dst = min(max([add: dst +] (scale·x + shift) + (scaleZ·z + shiftZ), lo), hi), from left to right
TEXT ·scaleTwoAVX2(SB), NOSPLIT, $0-212
	MOVQ         dst_base+0(FP), DI
	MOVQ         ldd+24(FP), DX
	SHLQ         $2, DX
	MOVQ         x_base+32(FP), SI
	MOVQ         ldx+56(FP), AX
	SHLQ         $2, AX
	MOVQ         z_base+64(FP), R8
	MOVQ         ldz+88(FP), R9
	SHLQ         $2, R9
	MOVQ         rows+96(FP), BX
	MOVQ         scale_base+104(FP), R10
	MOVQ         scale_len+112(FP), CX
	MOVQ         shift_base+128(FP), R13
	MOVQ         scaleZ_base+152(FP), R11
	MOVQ         shiftZ_base+176(FP), R14
	VBROADCASTSS lo+204(FP), Y13
	VBROADCASTSS hi+208(FP), Y14
	TESTQ        BX, BX
	JZ           done
	WHOLE(CX, R15, R12)

row:
	XORL  R12, R12
	TESTQ R15, R15
	JZ    last
	CMPB  add+200(FP), $0
	JNE   addVector

vector:
	TERM(SI, R10, R13, Y2)
	TERM(R8, R11, R14, Y3)
	VADDPS  Y2, Y3, Y2
	CLAMP(Y2)
	VMOVUPS Y2, (DI)(R12*4)
	ADDQ    $8, R12
	CMPQ    R12, R15
	JLT     vector
	JMP     last

addVector:
	TERM(SI, R10, R13, Y2)
	TERM(R8, R11, R14, Y3)
	VADDPS  (DI)(R12*4), Y2, Y2
	VADDPS  Y2, Y3, Y2
	CLAMP(Y2)
	VMOVUPS Y2, (DI)(R12*4)
	ADDQ    $8, R12
	CMPQ    R12, R15
	JLT     addVector

last:
	CMPQ       R12, CX
	JGE        next
	LASTTERM(SI, R10, R13, Y2)
	LASTTERM(R8, R11, R14, Y3)
	CMPB       add+200(FP), $0
	JEQ        put
	VMASKMOVPS (DI)(R12*4), Y15, Y4
	VADDPS     Y4, Y2, Y2

put:
	VADDPS     Y2, Y3, Y2
	CLAMP(Y2)
	VMASKMOVPS Y2, Y15, (DI)(R12*4)

next:
	ADDQ AX, SI
	ADDQ DX, DI
	ADDQ R9, R8
	DECQ BX
	JNZ  row

done:
	VZEROUPPER
	RET

// func affineAVX2(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32, add bool)
//
//	dst = [add: dst +] a·g + (b·x + c)
TEXT ·affineAVX2(SB), NOSPLIT, $0-177
	MOVQ  dst_base+0(FP), DI
	MOVQ  ldd+24(FP), DX
	SHLQ  $2, DX
	MOVQ  g_base+32(FP), R10
	MOVQ  x_base+64(FP), SI
	MOVQ  ldx+88(FP), AX
	SHLQ  $2, AX
	MOVQ  a_len+112(FP), CX
	MOVQ  $0, R13 // byte offset of the block
	CMPQ  rows+96(FP), $0
	JEQ   done
	TESTQ CX, CX
	JZ    done
	TESTQ $7, CX
	JNZ   block

	// Whole vectors, as they lie.
	MOVQ a_base+104(FP), R8
	MOVQ b_base+128(FP), R9
	MOVQ c_base+152(FP), R11
	MOVQ ldg+56(FP), R15
	SHLQ $2, R15
	MOVQ rows+96(FP), BX
	CMPB add+176(FP), $0
	JNE  addLine
	CMPQ CX, $32
	JLT  block // coefficients that stay in registers are worth more

line:
	MOVQ $0, R12

vector:
	VMOVUPS     (SI)(R12*4), Y3
	VMOVUPS     (R9)(R12*4), Y1
	VFMADD213PS (R11)(R12*4), Y1, Y3
	VMOVUPS     (R10)(R12*4), Y4
	VFMADD231PS (R8)(R12*4), Y4, Y3
	VMOVUPS     Y3, (DI)(R12*4)
	ADDQ        $8, R12
	CMPQ        R12, CX
	JLT         vector
	ADDQ        AX, SI
	ADDQ        R15, R10
	ADDQ        DX, DI
	DECQ        BX
	JNZ         line
	JMP         done

addLine:
	MOVQ $0, R12

addVector:
	VMOVUPS     (SI)(R12*4), Y3
	VMOVUPS     (R9)(R12*4), Y1
	VFMADD213PS (R11)(R12*4), Y1, Y3
	VMOVUPS     (R10)(R12*4), Y4
	VFMADD231PS (R8)(R12*4), Y4, Y3
	VADDPS      (DI)(R12*4), Y3, Y3
	VMOVUPS     Y3, (DI)(R12*4)
	ADDQ        $8, R12
	CMPQ        R12, CX
	JLT         addVector
	ADDQ        AX, SI
	ADDQ        R15, R10
	ADDQ        DX, DI
	DECQ        BX
	JNZ         addLine
	JMP         done

block:
	NEXTBLOCK(CX, R11, R12)
	MOVQ       a_base+104(FP), R8
	VMASKMOVPS (R8)(R13*1), Y15, Y0
	MOVQ       b_base+128(FP), R8
	VMASKMOVPS (R8)(R13*1), Y15, Y1
	MOVQ       c_base+152(FP), R8
	VMASKMOVPS (R8)(R13*1), Y15, Y2
	LEAQ       (SI)(R13*1), R8
	LEAQ       (DI)(R13*1), R9
	LEAQ       (R10)(R13*1), R12
	MOVQ       rows+96(FP), BX
	MOVQ       ldg+56(FP), R15
	SHLQ       $2, R15
	CMPB       add+176(FP), $0
	JNE        row
	TESTQ      R11, R11
	JNZ        row

whole:
	VMOVUPS     (R8), Y3
	VFMADD213PS Y2, Y1, Y3
	VFMADD231PS (R12), Y0, Y3
	VMOVUPS     Y3, (R9)
	ADDQ        AX, R8
	ADDQ        R15, R12
	ADDQ        DX, R9
	DECQ        BX
	JNZ         whole
	JMP         nextBlock

row:
	VMASKMOVPS  (R8), Y15, Y3
	VMASKMOVPS  (R12), Y15, Y4
	VFMADD213PS Y2, Y1, Y3
	VFMADD231PS Y4, Y0, Y3
	CMPB        add+176(FP), $0
	JEQ         put
	VMASKMOVPS  (R9), Y15, Y4
	VADDPS      Y4, Y3, Y3

put:
	TESTQ   R11, R11
	JNZ     partPut
	VMOVUPS Y3, (R9)
	JMP     nextPut

partPut:
	VMASKMOVPS Y3, Y15, (R9)

nextPut:
	ADDQ AX, R8
	ADDQ DX, R9
	ADDQ R15, R12
	DECQ BX
	JNZ  row

nextBlock:
	ADDQ  $32, R13
	TESTQ CX, CX
	JGT   block

done:
	VZEROUPPER
	RET
