//go:build !purego

#include "textflag.h"

// Passes over rows × channels, AVX-512. Sums take 128 or 64 channels of every row at a time, so that memory is read as it lies; what is left
// goes in blocks of 16 channels, down the rows within a block. A mask (K1) covers the channels of the last block.

// NEXTBLOCK sets K1 to the next min(16, left) channels and counts them off.
#define NEXTBLOCK(left, tmp, all) \
	MOVQ    $-1, tmp       \
	BZHIQ   left, tmp, tmp \
	MOVQ    $0xFFFF, all   \
	CMPQ    left, $16      \
	CMOVQGE all, tmp       \
	KMOVW   tmp, K1        \
	SUBQ    $16, left

// STORE writes the channels of the block.
#define STORE(reg, ptr) VMOVUPS reg, K1, (ptr)

// CLEAR8 and CLEAR16 set Z0-Z7 and Z0-Z15 to zero.
#define CLEAR8 \
	VPXORD Z0, Z0, Z0 \
	VPXORD Z1, Z1, Z1 \
	VPXORD Z2, Z2, Z2 \
	VPXORD Z3, Z3, Z3 \
	VPXORD Z4, Z4, Z4 \
	VPXORD Z5, Z5, Z5 \
	VPXORD Z6, Z6, Z6 \
	VPXORD Z7, Z7, Z7

#define CLEAR16 \
	CLEAR8               \
	VPXORD Z8, Z8, Z8    \
	VPXORD Z9, Z9, Z9    \
	VPXORD Z10, Z10, Z10 \
	VPXORD Z11, Z11, Z11 \
	VPXORD Z12, Z12, Z12 \
	VPXORD Z13, Z13, Z13 \
	VPXORD Z14, Z14, Z14 \
	VPXORD Z15, Z15, Z15

// ADDTO adds a vector to what is at mem.
#define ADDTO(z, mem) \
	VADDPS mem, z, z \
	VMOVUPS z, mem

// GATE loads the lanes of g where the activation, whose output lies at y, has a slope: 0 < y < hi, which is no bound if it is NaN.
// Z31 is zero, Z30 hi.
#define GATE(g, y, z) \
	VMOVUPS y, z                  \
	VCMPPS  $0x1e, Z31, z, K2     \
	VCMPPS  $0x19, Z30, z, K2, K2 \
	VMOVUPS.Z g, K2, z

// GATESOME is GATE for the channels of the mask.
#define GATESOME(g, y, z) \
	VMOVUPS.Z y, K1, z            \
	VCMPPS  $0x1e, Z31, z, K1, K2 \
	VCMPPS  $0x19, Z30, z, K2, K2 \
	VMOVUPS.Z g, K2, z

// OPEN and OPENSOME load g as it is.
#define OPEN(g, y, z) VMOVUPS g, z
#define OPENSOME(g, y, z) VMOVUPS.Z g, K1, z

// MOMENTS4 adds 64 channels of g, and their products with x.
#define MOMENTS4(LOAD, off, s0, s1, s2, s3, q0, q1, q2, q3) \
	LOAD((off+0)(R8), (off+0)(R14), Z16)     \
	LOAD((off+64)(R8), (off+64)(R14), Z17)   \
	LOAD((off+128)(R8), (off+128)(R14), Z18) \
	LOAD((off+192)(R8), (off+192)(R14), Z19) \
	VADDPS Z16, s0, s0                       \
	VFMADD231PS (off+0)(R12), Z16, q0        \
	VADDPS Z17, s1, s1                       \
	VFMADD231PS (off+64)(R12), Z17, q1       \
	VADDPS Z18, s2, s2                       \
	VFMADD231PS (off+128)(R12), Z18, q2      \
	VADDPS Z19, s3, s3                       \
	VFMADD231PS (off+192)(R12), Z19, q3

// MOMENTS1 adds the channels of the mask of a row.
#define MOMENTS1(LOADSOME, s, q) \
	LOADSOME((R8), (R14), Z16) \
	VMOVUPS.Z (R12), K1, Z17   \
	VADDPS Z16, s, s           \
	VFMADD231PS Z17, Z16, q    \
	NEXTROW

#define NEXTROW \
	ADDQ DX, R8  \
	ADDQ AX, R12 \
	ADDQ R10, R14

// MOMENTS is the body of the kernels that sum g and its products with x: in one partial sum each for 128 channels at a time, two (row
// modulo 2) for 64, four for 16. SI, R13 and R15 point at the channels of g, x and y, R8, R12 and R14 at their rows, DX, AX and R10 apart.
#define MOMENTS(LOAD, LOADSOME) \
strip:                      \
	MOVQ SI, R8             \
	MOVQ R13, R12           \
	MOVQ R15, R14           \
	CLEAR16                 \
	CMPQ CX, $64            \
	JLT  block              \
	CMPQ CX, $128           \
	JLT  rows64             \
rows128:                    \
	MOMENTS4(LOAD, 0, Z0, Z1, Z2, Z3, Z8, Z9, Z10, Z11)       \
	MOMENTS4(LOAD, 256, Z4, Z5, Z6, Z7, Z12, Z13, Z14, Z15)   \
	NEXTROW                 \
	DECQ BX                 \
	JNZ  rows128            \
	ADDTO(Z4, 256(DI))      \
	ADDTO(Z5, 320(DI))      \
	ADDTO(Z6, 384(DI))      \
	ADDTO(Z7, 448(DI))      \
	ADDTO(Z12, 256(R9))     \
	ADDTO(Z13, 320(R9))     \
	ADDTO(Z14, 384(R9))     \
	ADDTO(Z15, 448(R9))     \
	MOVQ $512, R11          \
	JMP  sum4               \
rows64:                     \
	MOMENTS4(LOAD, 0, Z0, Z1, Z2, Z3, Z8, Z9, Z10, Z11)       \
	NEXTROW                 \
	DECQ BX                 \
	JZ   pairs              \
	MOMENTS4(LOAD, 0, Z4, Z5, Z6, Z7, Z12, Z13, Z14, Z15)     \
	NEXTROW                 \
	DECQ BX                 \
	JNZ  rows64             \
pairs:                      \
	VADDPS Z4, Z0, Z0       \
	VADDPS Z5, Z1, Z1       \
	VADDPS Z6, Z2, Z2       \
	VADDPS Z7, Z3, Z3       \
	VADDPS Z12, Z8, Z8      \
	VADDPS Z13, Z9, Z9      \
	VADDPS Z14, Z10, Z10    \
	VADDPS Z15, Z11, Z11    \
	MOVQ $256, R11          \
sum4:                       \
	ADDTO(Z0, (DI))         \
	ADDTO(Z1, 64(DI))       \
	ADDTO(Z2, 128(DI))      \
	ADDTO(Z3, 192(DI))      \
	ADDTO(Z8, (R9))         \
	ADDTO(Z9, 64(R9))       \
	ADDTO(Z10, 128(R9))     \
	ADDTO(Z11, 192(R9))     \
	JMP  nextStrip          \
block:                      \
	MOVQ $-1, R11           \
	BZHIQ CX, R11, R11      \
	KMOVW R11, K1           \
	SUBQ $4, BX             \
	JLT  rest               \
rows4:                      \
	MOMENTS1(LOADSOME, Z0, Z8)  \
	MOMENTS1(LOADSOME, Z1, Z9)  \
	MOMENTS1(LOADSOME, Z2, Z10) \
	MOMENTS1(LOADSOME, Z3, Z11) \
	SUBQ $4, BX             \
	JGE  rows4              \
rest:                       \
	ADDQ $4, BX             \
	JZ   sum1               \
	MOMENTS1(LOADSOME, Z0, Z8)  \
	DECQ BX                 \
	JZ   sum1               \
	MOMENTS1(LOADSOME, Z1, Z9)  \
	DECQ BX                 \
	JZ   sum1               \
	MOMENTS1(LOADSOME, Z2, Z10) \
sum1:                       \
	VADDPS Z1, Z0, Z0       \
	VADDPS Z3, Z2, Z2       \
	VADDPS Z2, Z0, Z0       \
	VADDPS Z9, Z8, Z8       \
	VADDPS Z11, Z10, Z10    \
	VADDPS Z10, Z8, Z8      \
	VMOVUPS.Z (DI), K1, Z16 \
	VMOVUPS.Z (R9), K1, Z17 \
	VADDPS Z16, Z0, Z0      \
	VADDPS Z17, Z8, Z8      \
	STORE(Z0, DI)           \
	STORE(Z8, R9)           \
	MOVQ $64, R11           \
nextStrip:                  \
	ADDQ R11, SI            \
	ADDQ R11, R13           \
	ADDQ R11, R15           \
	ADDQ R11, DI            \
	ADDQ R11, R9            \
	SHRQ $2, R11            \
	SUBQ R11, CX

// func momentsAVX512(g []float32, ldg int, x []float32, ldx int, rows int, sum, dot []float32)
//
//	sum += Σ g, dot += Σ g·x
TEXT ·momentsAVX512(SB), NOSPLIT, $0-120
	MOVQ g_base+0(FP), SI
	MOVQ ldg+24(FP), DX
	SHLQ $2, DX
	MOVQ x_base+32(FP), R13
	MOVQ ldx+56(FP), AX
	SHLQ $2, AX
	XORL R10, R10
	MOVQ sum_base+72(FP), DI
	MOVQ sum_len+80(FP), CX
	MOVQ dot_base+96(FP), R9
	TESTQ CX, CX
	JZ   done

more:
	MOVQ rows+64(FP), BX
	TESTQ BX, BX
	JZ   done
	MOMENTS(OPEN, OPENSOME)
	JG   more

done:
	VZEROUPPER
	RET

// func momentsGateAVX512(g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, sum, dot []float32, hi float32)
//
//	sum += Σ g', dot += Σ g'·x, with g' = 0 < y < hi ? g : 0
TEXT ·momentsGateAVX512(SB), NOSPLIT, $0-156
	MOVQ g_base+0(FP), SI
	MOVQ ldg+24(FP), DX
	SHLQ $2, DX
	MOVQ x_base+32(FP), R13
	MOVQ ldx+56(FP), AX
	SHLQ $2, AX
	MOVQ y_base+64(FP), R15
	MOVQ ldy+88(FP), R10
	SHLQ $2, R10
	MOVQ sum_base+104(FP), DI
	MOVQ sum_len+112(FP), CX
	MOVQ dot_base+128(FP), R9
	VBROADCASTSS hi+152(FP), Z30
	VPXORD Z31, Z31, Z31
	TESTQ CX, CX
	JZ   done

more:
	MOVQ rows+96(FP), BX
	TESTQ BX, BX
	JZ   done
	MOMENTS(GATE, GATESOME)
	JG   more

done:
	VZEROUPPER
	RET

// DOT4 adds the products of 64 channels.
#define DOT4(g, x, off, s0, s1, s2, s3) \
	VMOVUPS (off+0)(g), Z16           \
	VMOVUPS (off+64)(g), Z17          \
	VMOVUPS (off+128)(g), Z18         \
	VMOVUPS (off+192)(g), Z19         \
	VFMADD231PS (off+0)(x), Z16, s0   \
	VFMADD231PS (off+64)(x), Z17, s1  \
	VFMADD231PS (off+128)(x), Z18, s2 \
	VFMADD231PS (off+192)(x), Z19, s3

// func dotAVX512(g []float32, ldg int, x []float32, ldx int, rows int, sum []float32)
//
//	sum += Σ g·x: in one partial sum for 128 channels at a time, two (row modulo 2) for 64, four for 16
TEXT ·dotAVX512(SB), NOSPLIT, $0-96
	MOVQ g_base+0(FP), SI
	MOVQ ldg+24(FP), DX
	SHLQ $2, DX
	LEAQ (DX)(DX*2), R10
	MOVQ x_base+32(FP), R13
	MOVQ ldx+56(FP), AX
	SHLQ $2, AX
	LEAQ (AX)(AX*2), R12
	MOVQ sum_base+72(FP), DI
	MOVQ sum_len+80(FP), CX
	TESTQ CX, CX
	JZ   done

	CMPQ rows+64(FP), $0
	JEQ  done

wide:
	MOVQ SI, R8
	MOVQ R13, R9
	MOVQ rows+64(FP), BX
	CMPQ CX, $64
	JLT  block
	CLEAR8
	CMPQ CX, $128
	JLT  wide64

rows128:
	DOT4(R8, R9, 0, Z0, Z1, Z2, Z3)
	DOT4(R8, R9, 256, Z4, Z5, Z6, Z7)
	ADDQ DX, R8
	ADDQ AX, R9
	DECQ BX
	JNZ  rows128
	ADDTO(Z4, 256(DI))
	ADDTO(Z5, 320(DI))
	ADDTO(Z6, 384(DI))
	ADDTO(Z7, 448(DI))
	MOVQ $512, R11
	JMP  widesum

wide64:
	DOT4(R8, R9, 0, Z0, Z1, Z2, Z3)
	ADDQ DX, R8
	ADDQ AX, R9
	DECQ BX
	JZ   pairs
	DOT4(R8, R9, 0, Z4, Z5, Z6, Z7)
	ADDQ DX, R8
	ADDQ AX, R9
	DECQ BX
	JNZ  wide64

pairs:
	VADDPS Z4, Z0, Z0
	VADDPS Z5, Z1, Z1
	VADDPS Z6, Z2, Z2
	VADDPS Z7, Z3, Z3
	MOVQ $256, R11

widesum:
	ADDTO(Z0, (DI))
	ADDTO(Z1, 64(DI))
	ADDTO(Z2, 128(DI))
	ADDTO(Z3, 192(DI))
	ADDQ R11, SI
	ADDQ R11, R13
	ADDQ R11, DI
	SHRQ $2, R11
	SUBQ R11, CX
	JZ   done
	JMP  wide

block:
	NEXTBLOCK(CX, R11, R8)
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	MOVQ SI, R8
	MOVQ R13, R9
	MOVQ rows+64(FP), BX
	SUBQ $4, BX
	JLT  rest

rows4:
	VMOVUPS.Z (R8), K1, Z4
	VMOVUPS.Z (R9), K1, Z8
	VFMADD231PS Z8, Z4, Z0
	VMOVUPS.Z (R8)(DX*1), K1, Z5
	VMOVUPS.Z (R9)(AX*1), K1, Z9
	VFMADD231PS Z9, Z5, Z1
	VMOVUPS.Z (R8)(DX*2), K1, Z6
	VMOVUPS.Z (R9)(AX*2), K1, Z10
	VFMADD231PS Z10, Z6, Z2
	VMOVUPS.Z (R8)(R10*1), K1, Z7
	VMOVUPS.Z (R9)(R12*1), K1, Z11
	VFMADD231PS Z11, Z7, Z3
	LEAQ (R8)(DX*4), R8
	LEAQ (R9)(AX*4), R9
	SUBQ $4, BX
	JGE  rows4

rest:
	ADDQ $4, BX
	JZ   sum
	VMOVUPS.Z (R8), K1, Z4
	VMOVUPS.Z (R9), K1, Z8
	VFMADD231PS Z8, Z4, Z0
	ADDQ DX, R8
	ADDQ AX, R9
	ADDQ $-1, BX
	JZ   sum
	VMOVUPS.Z (R8), K1, Z4
	VMOVUPS.Z (R9), K1, Z8
	VFMADD231PS Z8, Z4, Z1
	ADDQ DX, R8
	ADDQ AX, R9
	ADDQ $-1, BX
	JZ   sum
	VMOVUPS.Z (R8), K1, Z4
	VMOVUPS.Z (R9), K1, Z8
	VFMADD231PS Z8, Z4, Z2
	ADDQ DX, R8
	ADDQ AX, R9

sum:
	VADDPS Z1, Z0, Z0
	VADDPS Z3, Z2, Z2
	VADDPS Z2, Z0, Z0
	VMOVUPS.Z (DI), K1, Z8
	VADDPS Z8, Z0, Z0
	STORE(Z0, DI)
	ADDQ $64, SI
	ADDQ $64, R13
	ADDQ $64, DI
	TESTQ CX, CX
	JGT  block

done:
	VZEROUPPER
	RET

// LASTMASK sets K1 to the channels behind the last whole block of n, and n to the bytes of the whole blocks; all is scratch.
#define LASTMASK(n, all) \
	MOVQ  $-1, all     \
	ANDQ  $15, CX      \
	BZHIQ CX, all, all \
	KMOVW all, K1      \
	ANDQ  $~15, n      \
	SHLQ  $2, n

// func scaleAVX512(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, add bool)
//
//	dst = [add: dst +] scale·x + shift
//
// Row by row, so that memory is read as it lies.
TEXT ·scaleAVX512(SB), NOSPLIT, $0-121
	MOVQ dst_base+0(FP), DI
	MOVQ ldd+24(FP), DX
	SHLQ $2, DX
	MOVQ x_base+32(FP), SI
	MOVQ ldx+56(FP), AX
	SHLQ $2, AX
	MOVQ scale_base+72(FP), R10
	MOVQ scale_len+80(FP), R11
	MOVQ shift_base+96(FP), R13
	MOVQ rows+64(FP), BX
	TESTQ BX, BX
	JEQ  done
	MOVQ R11, CX
	LASTMASK(R11, R12)
	CMPB add+120(FP), $0
	JNE  addRow

setRow:
	XORQ R8, R8 // bytes into the row
	CMPQ R8, R11
	JEQ  setLast

set:
	VMOVUPS (R10)(R8*1), Z0
	VMOVUPS (SI)(R8*1), Z2
	VFMADD213PS (R13)(R8*1), Z0, Z2
	VMOVUPS Z2, (DI)(R8*1)
	ADDQ $64, R8
	CMPQ R8, R11
	JNE  set

setLast:
	TESTQ CX, CX
	JEQ   setNext
	VMOVUPS.Z (R10)(R8*1), K1, Z0
	VMOVUPS.Z (R13)(R8*1), K1, Z1
	VMOVUPS.Z (SI)(R8*1), K1, Z2
	VFMADD213PS Z1, Z0, Z2
	VMOVUPS Z2, K1, (DI)(R8*1)

setNext:
	ADDQ AX, SI
	ADDQ DX, DI
	DECQ BX
	JNZ  setRow
	VZEROUPPER
	RET

addRow:
	XORQ R8, R8
	CMPQ R8, R11
	JEQ  addLast

add:
	VMOVUPS (R10)(R8*1), Z0
	VMOVUPS (SI)(R8*1), Z2
	VFMADD213PS (R13)(R8*1), Z0, Z2
	VADDPS  (DI)(R8*1), Z2, Z2
	VMOVUPS Z2, (DI)(R8*1)
	ADDQ $64, R8
	CMPQ R8, R11
	JNE  add

addLast:
	TESTQ CX, CX
	JEQ   addNext
	VMOVUPS.Z (R10)(R8*1), K1, Z0
	VMOVUPS.Z (R13)(R8*1), K1, Z1
	VMOVUPS.Z (SI)(R8*1), K1, Z2
	VMOVUPS.Z (DI)(R8*1), K1, Z3
	VFMADD213PS Z1, Z0, Z2
	VADDPS  Z3, Z2, Z2
	VMOVUPS Z2, K1, (DI)(R8*1)

addNext:
	ADDQ AX, SI
	ADDQ DX, DI
	DECQ BX
	JNZ  addRow

done:
	VZEROUPPER
	RET

// func affineAVX512(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32, add bool)
//
//	dst = [add: dst +] a·g + (b·x + c)
//
// Row by row, as scaleAVX512.
TEXT ·affineAVX512(SB), NOSPLIT, $0-177
	MOVQ dst_base+0(FP), DI
	MOVQ g_base+32(FP), DX
	MOVQ x_base+64(FP), SI
	MOVQ rows+96(FP), BX
	MOVQ a_base+104(FP), R9
	MOVQ a_len+112(FP), R11
	MOVQ b_base+128(FP), R10
	MOVQ c_base+152(FP), R13
	TESTQ BX, BX
	JEQ  done
	MOVQ R11, CX
	LASTMASK(R11, R12)
	MOVBLZX add+176(FP), R12
	NEGQ R12
	KMOVW R12, K2 // all of dst, or nothing
	KANDW K1, K2, K3

row:
	XORQ R8, R8 // bytes into the row
	CMPQ R8, R11
	JEQ  last

block:
	VMOVUPS (R10)(R8*1), Z3
	VMOVUPS (R9)(R8*1), Z0
	VMOVUPS (SI)(R8*1), Z1
	VFMADD213PS (R13)(R8*1), Z1, Z3
	VFMADD231PS (DX)(R8*1), Z0, Z3
	VMOVUPS.Z (DI)(R8*1), K2, Z4
	VADDPS  Z4, Z3, Z3
	VMOVUPS Z3, (DI)(R8*1)
	ADDQ $64, R8
	CMPQ R8, R11
	JNE  block

last:
	TESTQ CX, CX
	JEQ   next
	VMOVUPS.Z (R10)(R8*1), K1, Z1
	VMOVUPS.Z (R13)(R8*1), K1, Z2
	VMOVUPS.Z (R9)(R8*1), K1, Z0
	VMOVUPS.Z (SI)(R8*1), K1, Z3
	VMOVUPS.Z (DX)(R8*1), K1, Z4
	VFMADD213PS Z2, Z1, Z3
	VFMADD231PS Z4, Z0, Z3
	VMOVUPS.Z (DI)(R8*1), K3, Z4
	VADDPS  Z4, Z3, Z3
	VMOVUPS Z3, K1, (DI)(R8*1)

next:
	MOVQ ldd+24(FP), R12
	LEAQ (DI)(R12*4), DI
	MOVQ ldg+56(FP), R12
	LEAQ (DX)(R12*4), DX
	MOVQ ldx+88(FP), R12
	LEAQ (SI)(R12*4), SI
	DECQ BX
	JNZ  row

done:
	VZEROUPPER
	RET

// func scalePastAVX512(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, lo, hi float32)
//
//	dst = min(max(scale·x + shift, lo), hi), past the caches: whole lines only
//
// A NaN stays one: the bounds are the first operands.
TEXT ·scalePastAVX512(SB), NOSPLIT, $0-128
	MOVQ dst_base+0(FP), DI
	MOVQ ldd+24(FP), DX
	SHLQ $2, DX
	MOVQ x_base+32(FP), SI
	MOVQ ldx+56(FP), AX
	SHLQ $2, AX
	MOVQ rows+64(FP), BX
	MOVQ scale_base+72(FP), R10
	MOVQ scale_len+80(FP), R11
	SHLQ $2, R11
	MOVQ shift_base+96(FP), R13
	VBROADCASTSS lo+120(FP), Z30
	VBROADCASTSS hi+124(FP), Z31
	TESTQ BX, BX
	JEQ  done

row:
	XORQ R8, R8 // bytes into the row

block:
	VMOVUPS (R10)(R8*1), Z0
	VMOVUPS (SI)(R8*1), Z2
	VFMADD213PS (R13)(R8*1), Z0, Z2
	VMAXPS Z2, Z30, Z2
	VMINPS Z2, Z31, Z2
	VMOVNTPS Z2, (DI)(R8*1)
	ADDQ $64, R8
	CMPQ R8, R11
	JNE  block
	ADDQ AX, SI
	ADDQ DX, DI
	DECQ BX
	JNZ  row

done:
	SFENCE
	VZEROUPPER
	RET

// func affinePastAVX512(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32)
//
//	dst = a·g + (b·x + c), past the caches: whole lines only
TEXT ·affinePastAVX512(SB), NOSPLIT, $0-176
	MOVQ dst_base+0(FP), DI
	MOVQ g_base+32(FP), DX
	MOVQ x_base+64(FP), SI
	MOVQ rows+96(FP), BX
	MOVQ a_base+104(FP), R9
	MOVQ a_len+112(FP), R11
	SHLQ $2, R11
	MOVQ b_base+128(FP), R10
	MOVQ c_base+152(FP), R13
	TESTQ BX, BX
	JEQ  done

row:
	XORQ R8, R8 // bytes into the row

block:
	VMOVUPS (R10)(R8*1), Z3
	VMOVUPS (R9)(R8*1), Z0
	VMOVUPS (SI)(R8*1), Z1
	VFMADD213PS (R13)(R8*1), Z1, Z3
	VFMADD231PS (DX)(R8*1), Z0, Z3
	VMOVNTPS Z3, (DI)(R8*1)
	ADDQ $64, R8
	CMPQ R8, R11
	JNE  block
	MOVQ ldd+24(FP), CX
	LEAQ (DI)(CX*4), DI
	MOVQ ldg+56(FP), CX
	LEAQ (DX)(CX*4), DX
	MOVQ ldx+88(FP), CX
	LEAQ (SI)(CX*4), SI
	DECQ BX
	JNZ  row

done:
	SFENCE
	VZEROUPPER
	RET

// func affineGateAVX512(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, a, b, c []float32, hi float32, mode int)
//
//	dst = [mode 1: dst +] a·g' + (b·x + c), with g' = 0 < y < hi ? g : 0; mode 2: past the caches, whole lines only
TEXT ·affineGateAVX512(SB), NOSPLIT, $0-224
	MOVQ dst_base+0(FP), DI
	MOVQ g_base+32(FP), DX
	MOVQ x_base+64(FP), SI
	MOVQ y_base+96(FP), R15
	MOVQ rows+128(FP), BX
	MOVQ a_base+136(FP), R9
	MOVQ a_len+144(FP), R11
	MOVQ b_base+160(FP), R10
	MOVQ c_base+184(FP), R13
	MOVQ mode+216(FP), R14
	VBROADCASTSS hi+208(FP), Z30
	VPXORD Z31, Z31, Z31
	TESTQ BX, BX
	JEQ  done

row:
	XORQ R8, R8 // channels of the row

block:
	MOVQ R11, CX
	SUBQ R8, CX
	JLE  next
	MOVQ $-1, R12
	BZHIQ CX, R12, R12
	KMOVW R12, K1 // at most 16 of the channels left
	GATESOME((DX)(R8*4), (R15)(R8*4), Z4)
	VMOVUPS.Z (R10)(R8*4), K1, Z3
	VMOVUPS.Z (R9)(R8*4), K1, Z0
	VMOVUPS.Z (R13)(R8*4), K1, Z2
	VMOVUPS.Z (SI)(R8*4), K1, Z1
	VFMADD213PS Z2, Z1, Z3
	VFMADD231PS Z4, Z0, Z3
	CMPQ R14, $1
	JEQ  add
	JGT  past
	VMOVUPS Z3, K1, (DI)(R8*4)
	ADDQ $16, R8
	JMP  block

add:
	VMOVUPS.Z (DI)(R8*4), K1, Z5
	VADDPS Z5, Z3, Z3
	VMOVUPS Z3, K1, (DI)(R8*4)
	ADDQ $16, R8
	JMP  block

past:
	VMOVNTPS Z3, (DI)(R8*4)
	ADDQ $16, R8
	JMP  block

next:
	MOVQ ldd+24(FP), CX
	LEAQ (DI)(CX*4), DI
	MOVQ ldg+56(FP), CX
	LEAQ (DX)(CX*4), DX
	MOVQ ldx+88(FP), CX
	LEAQ (SI)(CX*4), SI
	MOVQ ldy+120(FP), CX
	LEAQ (R15)(CX*4), R15
	DECQ BX
	JNZ  row

done:
	SFENCE
	VZEROUPPER
	RET
