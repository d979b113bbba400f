//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"

// Passes over rows × channels, AVX2 and FMA3: the channels in blocks of 8, and down the rows within a block. A mask
// (Y15) covers the channels of the last block. What sums nothing goes along rows of many channels: the processor then foresees what it
// reads from memory. What sums goes down rows that may be far apart, and asks for what the blocks to come will read of them itself.

// AHEAD is how many bytes further along a row.
#define AHEAD 256

// NEXTBLOCK sets Y15 to the next n = min(8, left) channels and counts them off; tmp holds 8−n afterwards.
#define NEXTBLOCK(left, tmp, all) \
	LEAQ    existing<>+32(SB), all \
	MOVQ    $8, tmp                \
	SUBQ    left, tmp              \
	MOVQ    $0, R15                \
	CMOVQLT R15, tmp               \
	VMOVUPS (all)(tmp*4), Y15      \
	SUBQ    $8, left

// func statsAVX2(x []float32, rows, ld int, sum, sumsq []float32)
//
//	sum += Σ x, sumsq += Σ x², in four partial sums each (row modulo 4)
TEXT ·statsAVX2(SB), NOSPLIT, $0-88
	MOVQ  x_base+0(FP), SI
	MOVQ  ld+32(FP), DX
	SHLQ  $2, DX
	LEAQ  (DX)(DX*2), R10 // 3·ld
	MOVQ  sum_base+40(FP), DI
	MOVQ  sum_len+48(FP), CX
	MOVQ  sumsq_base+64(FP), R9
	TESTQ CX, CX
	JZ    done

block:
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
	PREFETCHT0  AHEAD(R8)
	PREFETCHT0  AHEAD(R8)(DX*1)
	PREFETCHT0  AHEAD(R8)(DX*2)
	PREFETCHT0  AHEAD(R8)(R10*1)
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
TEXT ·gradSumsAVX2(SB), NOSPLIT, $0-120
	MOVQ  g_base+0(FP), SI
	MOVQ  ldg+24(FP), DX
	SHLQ  $2, DX
	MOVQ  x_base+32(FP), R13
	MOVQ  ldx+56(FP), AX
	SHLQ  $2, AX
	LEAQ  (AX)(AX*2), R12
	MOVQ  sum_base+72(FP), DI
	MOVQ  sum_len+80(FP), CX
	TESTQ CX, CX
	JZ    done

block:
	NEXTBLOCK(CX, R11, R8)
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
	PREFETCHT0 AHEAD(R8)
	PREFETCHT0 AHEAD(R8)(DX*1)
	PREFETCHT0 AHEAD(R8)(DX*2)
	PREFETCHT0 AHEAD(R8)(R10*1)
	PREFETCHT0 AHEAD(R9)
	PREFETCHT0 AHEAD(R9)(AX*1)
	PREFETCHT0 AHEAD(R9)(AX*2)
	PREFETCHT0 AHEAD(R9)(R12*1)
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

// func scaleAVX2(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, add bool)
//
//	dst = [add: dst +] scale·x + shift
TEXT ·scaleAVX2(SB), NOSPLIT, $0-121
	MOVQ  dst_base+0(FP), DI
	MOVQ  ldd+24(FP), DX
	SHLQ  $2, DX
	MOVQ  x_base+32(FP), SI
	MOVQ  ldx+56(FP), AX
	SHLQ  $2, AX
	MOVQ  scale_base+72(FP), R10
	MOVQ  scale_len+80(FP), CX
	MOVQ  shift_base+96(FP), R13
	CMPQ  rows+64(FP), $0
	JEQ   done
	TESTQ CX, CX
	JZ    done
	CMPQ  CX, $32
	JLT   block
	TESTQ $7, CX
	JNZ   block
	CMPB  add+120(FP), $0
	JNE   block

	// Rows of many channels, and whole vectors, as they lie.
	MOVQ rows+64(FP), BX

line:
	MOVQ $0, R12

vector:
	VMOVUPS     (SI)(R12*4), Y2
	VMOVUPS     (R10)(R12*4), Y0
	VFMADD213PS (R13)(R12*4), Y0, Y2
	VMOVUPS     Y2, (DI)(R12*4)
	ADDQ        $8, R12
	CMPQ        R12, CX
	JLT         vector
	ADDQ        AX, SI
	ADDQ        DX, DI
	DECQ        BX
	JNZ         line
	JMP         done

block:
	NEXTBLOCK(CX, R11, R12)
	VMASKMOVPS (R10), Y15, Y0
	VMASKMOVPS (R13), Y15, Y1
	MOVQ       SI, R8
	MOVQ       DI, R9
	MOVQ       rows+64(FP), BX
	CMPB       add+120(FP), $0
	JNE        more
	TESTQ      R11, R11
	JNZ        set

whole:
	VMOVUPS     (R8), Y2
	VFMADD213PS Y1, Y0, Y2
	VMOVUPS     Y2, (R9)
	ADDQ        AX, R8
	ADDQ        DX, R9
	DECQ        BX
	JNZ         whole
	JMP         advance

set:
	VMASKMOVPS  (R8), Y15, Y2
	VFMADD213PS Y1, Y0, Y2
	VMASKMOVPS  Y2, Y15, (R9)
	ADDQ        AX, R8
	ADDQ        DX, R9
	DECQ        BX
	JNZ         set
	JMP         advance

more:
	VMASKMOVPS  (R8), Y15, Y2
	VMASKMOVPS  (R9), Y15, Y3
	VFMADD213PS Y1, Y0, Y2
	VADDPS      Y3, Y2, Y2
	TESTQ       R11, R11
	JNZ         partMore
	VMOVUPS     Y2, (R9)
	JMP         nextMore

partMore:
	VMASKMOVPS Y2, Y15, (R9)

nextMore:
	ADDQ AX, R8
	ADDQ DX, R9
	DECQ BX
	JNZ  more

advance:
	ADDQ  $32, SI
	ADDQ  $32, DI
	ADDQ  $32, R10
	ADDQ  $32, R13
	TESTQ CX, CX
	JGT   block

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
	CMPQ  CX, $32
	JLT   block
	TESTQ $7, CX
	JNZ   block
	CMPB  add+176(FP), $0
	JNE   block

	// Rows of many channels, and whole vectors, as they lie.
	MOVQ a_base+104(FP), R8
	MOVQ b_base+128(FP), R9
	MOVQ c_base+152(FP), R11
	MOVQ ldg+56(FP), R15
	SHLQ $2, R15
	MOVQ rows+96(FP), BX

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
