//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"
#include "blocks_avx2_amd64.h"

// Sums over rows × channels, AVX2 and FMA3: in blocks of 8 channels, down the rows within a block. A mask (Y15) covers the channels of the
// last block. Of what comes from memory, the rows of the next call, which follow these, are fetched meanwhile, in the order in which they
// lie: for every four rows of a block two lines, of which a block has as many.

// FETCHSTEP sets step to how far one line to fetch is from the next, for rows of c channels that lie ld bytes apart: 64 bytes where the rows
// have no gaps, otherwise a row.
#define FETCHSTEP(ld, c, step, tmp) \
	MOVQ    $64, step    \
	LEAQ    (c*4), tmp   \
	CMPQ    ld, tmp      \
	CMOVQNE ld, step

// FETCHFROM lets at be where to fetch during the block done bytes into rows that begin at row: where the next rows begin, at first, and
// further on from there. In rows with gaps, a column of lines is two blocks.
#define FETCHFROM(done, row, ld, rows, step, at, set, keep) \
	TESTQ $63, done  \
	JNZ   keep       \
	TESTQ done, done \
	JZ    set        \
	CMPQ  step, $64  \
	JEQ   keep       \
set:                 \
	MOVQ  rows, at   \
	IMULQ ld, at     \
	ADDQ  row, at    \
keep:

#define FETCH2(at, step) \
	PREFETCHT0 (at)       \
	ADDQ       step, at   \
	PREFETCHT0 (at)       \
	ADDQ       step, at

// func statsAVX2(x []float32, rows, ld int, sum, sumsq []float32)
//
//	sum += Σ x, sumsq += Σ x², in four partial sums each (row modulo 4)
TEXT ·statsAVX2(SB), NOSPLIT, $8-88
	MOVQ  x_base+0(FP), SI
	MOVQ  ld+32(FP), DX
	SHLQ  $2, DX
	LEAQ  (DX)(DX*2), R10 // 3·ld
	MOVQ  sum_base+40(FP), DI
	MOVQ  sum_len+48(FP), CX
	MOVQ  sumsq_base+64(FP), R9
	FETCHSTEP(DX, CX, R11, R12)
	MOVQ  R11, step-8(SP)
	TESTQ CX, CX
	JZ    done

block:
	MOVQ DI, R15
	SUBQ sum_base+40(FP), R15
	FETCHFROM(R15, SI, DX, rows+24(FP), step-8(SP), R14, set, keep)
	NEXTBLOCK(CX, R11, R12)
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	MOVQ   SI, R8
	MOVQ   rows+24(FP), BX
	SUBQ   $4, BX
	JLT    rest

rows4:
	FETCH2(R14, step-8(SP))
	VMASKMOVPS  (R8), Y15, Y8
	VMASKMOVPS  (R8)(DX*1), Y15, Y9
	VMASKMOVPS  (R8)(DX*2), Y15, Y10
	VMASKMOVPS  (R8)(R10*1), Y15, Y11
	VADDPS      Y8, Y0, Y0
	VFMADD231PS Y8, Y8, Y4
	VADDPS      Y9, Y1, Y1
	VFMADD231PS Y9, Y9, Y5
	VADDPS      Y10, Y2, Y2
	VFMADD231PS Y10, Y10, Y6
	VADDPS      Y11, Y3, Y3
	VFMADD231PS Y11, Y11, Y7
	LEAQ        (R8)(DX*4), R8
	SUBQ        $4, BX
	JGE         rows4

rest:
	ADDQ        $4, BX
	JZ          sum
	FETCH2(R14, step-8(SP))
	VMASKMOVPS  (R8), Y15, Y8
	VADDPS      Y8, Y0, Y0
	VFMADD231PS Y8, Y8, Y4
	ADDQ        DX, R8
	ADDQ        $-1, BX
	JZ          sum
	VMASKMOVPS  (R8), Y15, Y8
	VADDPS      Y8, Y1, Y1
	VFMADD231PS Y8, Y8, Y5
	ADDQ        DX, R8
	ADDQ        $-1, BX
	JZ          sum
	VMASKMOVPS  (R8), Y15, Y8
	VADDPS      Y8, Y2, Y2
	VFMADD231PS Y8, Y8, Y6
	ADDQ        DX, R8

sum:
	VADDPS     Y1, Y0, Y0
	VADDPS     Y3, Y2, Y2
	VADDPS     Y2, Y0, Y0
	VADDPS     Y5, Y4, Y4
	VADDPS     Y7, Y6, Y6
	VADDPS     Y6, Y4, Y4
	VMASKMOVPS (DI), Y15, Y8
	VMASKMOVPS (R9), Y15, Y9
	VADDPS     Y8, Y0, Y0
	VADDPS     Y9, Y4, Y4
	VMASKMOVPS Y0, Y15, (DI)
	VMASKMOVPS Y4, Y15, (R9)
	ADDQ       $32, SI
	ADDQ       $32, DI
	ADDQ       $32, R9
	TESTQ      CX, CX
	JGT        block

done:
	VZEROUPPER
	RET

// MOMENTSROW adds a row of gradients g and of inputs x to partial sums.
#define MOMENTSROW(g, x, sum, dot) \
	VMASKMOVPS  g, Y15, Y8   \
	VMASKMOVPS  x, Y15, Y9   \
	VADDPS      Y8, sum, sum \
	VFMADD231PS Y9, Y8, dot

// func gradSumsAVX2(g []float32, ldg int, x []float32, ldx int, rows int, sum, dot []float32)
//
//	sum += Σ g, dot += Σ g·x, in four partial sums each (row modulo 4)
TEXT ·gradSumsAVX2(SB), NOSPLIT, $16-120
	MOVQ  g_base+0(FP), SI
	MOVQ  ldg+24(FP), DX
	SHLQ  $2, DX
	MOVQ  x_base+32(FP), R13
	MOVQ  ldx+56(FP), AX
	SHLQ  $2, AX
	LEAQ  (AX)(AX*2), R12
	MOVQ  sum_base+72(FP), DI
	MOVQ  sum_len+80(FP), CX
	FETCHSTEP(DX, CX, R11, R8)
	MOVQ  R11, gstep-8(SP)
	FETCHSTEP(AX, CX, R11, R8)
	MOVQ  R11, xstep-16(SP)
	TESTQ CX, CX
	JZ    done

block:
	MOVQ DI, R15
	SUBQ sum_base+72(FP), R15
	FETCHFROM(R15, SI, DX, rows+64(FP), gstep-8(SP), R11, setG, keepG)
	FETCHFROM(R15, R13, AX, rows+64(FP), xstep-16(SP), R14, setX, keepX)
	NEXTBLOCK(CX, R10, R8)
	LEAQ   (DX)(DX*2), R10
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
	MOVQ   rows+64(FP), BX
	SUBQ   $4, BX
	JLT    rest

rows4:
	FETCH2(R11, gstep-8(SP))
	FETCH2(R14, xstep-16(SP))
	MOMENTSROW((R8), (R9), Y4, Y0)
	MOMENTSROW((R8)(DX*1), (R9)(AX*1), Y5, Y1)
	MOMENTSROW((R8)(DX*2), (R9)(AX*2), Y6, Y2)
	MOMENTSROW((R8)(R10*1), (R9)(R12*1), Y7, Y3)
	LEAQ (R8)(DX*4), R8
	LEAQ (R9)(AX*4), R9
	SUBQ $4, BX
	JGE  rows4

rest:
	ADDQ $4, BX
	JZ   sum
	FETCH2(R11, gstep-8(SP))
	FETCH2(R14, xstep-16(SP))
	MOMENTSROW((R8), (R9), Y4, Y0)
	ADDQ $-1, BX
	JZ   sum
	MOMENTSROW((R8)(DX*1), (R9)(AX*1), Y5, Y1)
	ADDQ $-1, BX
	JZ   sum
	MOMENTSROW((R8)(DX*2), (R9)(AX*2), Y6, Y2)

sum:
	MOVQ       dot_base+96(FP), R10
	VADDPS     Y1, Y0, Y0
	VADDPS     Y3, Y2, Y2
	VADDPS     Y2, Y0, Y0
	VADDPS     Y5, Y4, Y4
	VADDPS     Y7, Y6, Y6
	VADDPS     Y6, Y4, Y4
	VMASKMOVPS (DI), Y15, Y8
	VADDPS     Y8, Y4, Y4
	VMASKMOVPS Y4, Y15, (DI)
	LEAQ       (R10)(DI*1), R10
	SUBQ       sum_base+72(FP), R10
	VMASKMOVPS (R10), Y15, Y8
	VADDPS     Y8, Y0, Y0
	VMASKMOVPS Y0, Y15, (R10)
	ADDQ       $32, SI
	ADDQ       $32, R13
	ADDQ       $32, DI
	TESTQ      CX, CX
	JGT        block

done:
	VZEROUPPER
	RET

// THROUGHROW replaces the gradients g at (R8) by zero where not 0 < y < hi, for outputs y at (R10), and adds them, and their products with
// the inputs at (R9), to partial sums. Y14 is zero, Y13 hi.
#define THROUGHROW(sum, dot) \
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
//
// Channels are a multiple of 8. g and y have just been computed: of the next rows, only x is not in cache.
TEXT ·gradSumsThroughAVX2(SB), NOSPLIT, $8-156
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
	FETCHSTEP(AX, CX, R14, R8)
	MOVQ         R14, step-8(SP)
	TESTQ        CX, CX
	JZ           done

block:
	MOVQ   DI, R8
	SUBQ   sum_base+104(FP), R8
	FETCHFROM(R8, R13, AX, rows+96(FP), step-8(SP), R14, set, keep)
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
	FETCH2(R14, step-8(SP))
	THROUGHROW(Y4, Y0)
	THROUGHROW(Y5, Y1)
	THROUGHROW(Y6, Y2)
	THROUGHROW(Y7, Y3)
	SUBQ $4, BX
	JGE  rows4

rest:
	ADDQ $4, BX
	JZ   sum
	FETCH2(R14, step-8(SP))
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
