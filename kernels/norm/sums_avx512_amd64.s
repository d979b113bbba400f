//go:build !purego

#include "textflag.h"
#include "gate_avx512_amd64.h"

// Sums over rows × channels, AVX-512: 128 or 64 channels of every row at a time, so that memory is read as it lies; what is left goes in
// blocks of 16 channels, down the rows within a block. A mask (K1) covers the channels of the last block.

// STORE writes the channels of the block.
#define STORE(reg, ptr) VMOVUPS reg, K1, (ptr)

// CLEAR16 sets Z0-Z15 to zero.
#define CLEAR16 \
	VPXORD Z0, Z0, Z0    \
	VPXORD Z1, Z1, Z1    \
	VPXORD Z2, Z2, Z2    \
	VPXORD Z3, Z3, Z3    \
	VPXORD Z4, Z4, Z4    \
	VPXORD Z5, Z5, Z5    \
	VPXORD Z6, Z6, Z6    \
	VPXORD Z7, Z7, Z7    \
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
	VADDPS  mem, z, z \
	VMOVUPS z, mem

// OPEN and OPENSOME load g as it is.
#define OPEN(g, y, z) VMOVUPS g, z
#define OPENSOME(g, y, z) VMOVUPS.Z g, K1, z

// MOMENTS4 adds 64 channels of g, and their products with x.
#define MOMENTS4(LOAD, off, s0, s1, s2, s3, q0, q1, q2, q3) \
	LOAD((off+0)(R8), (off+0)(R14), Z16)     \
	LOAD((off+64)(R8), (off+64)(R14), Z17)   \
	LOAD((off+128)(R8), (off+128)(R14), Z18) \
	LOAD((off+192)(R8), (off+192)(R14), Z19) \
	VADDPS      Z16, s0, s0                  \
	VFMADD231PS (off+0)(R12), Z16, q0        \
	VADDPS      Z17, s1, s1                  \
	VFMADD231PS (off+64)(R12), Z17, q1       \
	VADDPS      Z18, s2, s2                  \
	VFMADD231PS (off+128)(R12), Z18, q2      \
	VADDPS      Z19, s3, s3                  \
	VFMADD231PS (off+192)(R12), Z19, q3

// MOMENTS1 adds the channels of the mask of a row.
#define MOMENTS1(LOADSOME, s, q) \
	LOADSOME((R8), (R14), Z16) \
	VMOVUPS.Z   (R12), K1, Z17 \
	VADDPS      Z16, s, s      \
	VFMADD231PS Z17, Z16, q    \
	NEXTROW

#define NEXTROW \
	ADDQ DX, R8  \
	ADDQ AX, R12 \
	ADDQ R10, R14

// MOMENTS is the body of the kernels that sum g and its products with x: in one partial sum each for 128 channels at a time, two (row
// modulo 2) for 64, four for 16. SI, R13 and R15 point at the channels of g, x and y, R8, R12 and R14 at their rows, DX, AX and R10 apart.
#define MOMENTS(LOAD, LOADSOME) \
strip:                                                      \
	MOVQ SI, R8                                             \
	MOVQ R13, R12                                           \
	MOVQ R15, R14                                           \
	CLEAR16                                                 \
	CMPQ CX, $64                                            \
	JLT  block                                              \
	CMPQ CX, $128                                           \
	JLT  rows64                                             \
rows128:                                                    \
	MOMENTS4(LOAD, 0, Z0, Z1, Z2, Z3, Z8, Z9, Z10, Z11)     \
	MOMENTS4(LOAD, 256, Z4, Z5, Z6, Z7, Z12, Z13, Z14, Z15) \
	NEXTROW                                                 \
	DECQ BX                                                 \
	JNZ  rows128                                            \
	ADDTO(Z4, 256(DI))                                      \
	ADDTO(Z5, 320(DI))                                      \
	ADDTO(Z6, 384(DI))                                      \
	ADDTO(Z7, 448(DI))                                      \
	ADDTO(Z12, 256(R9))                                     \
	ADDTO(Z13, 320(R9))                                     \
	ADDTO(Z14, 384(R9))                                     \
	ADDTO(Z15, 448(R9))                                     \
	MOVQ $512, R11                                          \
	JMP  sum4                                               \
rows64:                                                     \
	MOMENTS4(LOAD, 0, Z0, Z1, Z2, Z3, Z8, Z9, Z10, Z11)     \
	NEXTROW                                                 \
	DECQ BX                                                 \
	JZ   pairs                                              \
	MOMENTS4(LOAD, 0, Z4, Z5, Z6, Z7, Z12, Z13, Z14, Z15)   \
	NEXTROW                                                 \
	DECQ BX                                                 \
	JNZ  rows64                                             \
pairs:                                                      \
	VADDPS Z4, Z0, Z0                                       \
	VADDPS Z5, Z1, Z1                                       \
	VADDPS Z6, Z2, Z2                                       \
	VADDPS Z7, Z3, Z3                                       \
	VADDPS Z12, Z8, Z8                                      \
	VADDPS Z13, Z9, Z9                                      \
	VADDPS Z14, Z10, Z10                                    \
	VADDPS Z15, Z11, Z11                                    \
	MOVQ   $256, R11                                        \
sum4:                                                       \
	ADDTO(Z0, (DI))                                         \
	ADDTO(Z1, 64(DI))                                       \
	ADDTO(Z2, 128(DI))                                      \
	ADDTO(Z3, 192(DI))                                      \
	ADDTO(Z8, (R9))                                         \
	ADDTO(Z9, 64(R9))                                       \
	ADDTO(Z10, 128(R9))                                     \
	ADDTO(Z11, 192(R9))                                     \
	JMP nextStrip                                           \
block:                                                      \
	MOVQ  $-1, R11                                          \
	BZHIQ CX, R11, R11                                      \
	KMOVW R11, K1                                           \
	SUBQ  $4, BX                                            \
	JLT   rest                                              \
rows4:                                                      \
	MOMENTS1(LOADSOME, Z0, Z8)                              \
	MOMENTS1(LOADSOME, Z1, Z9)                              \
	MOMENTS1(LOADSOME, Z2, Z10)                             \
	MOMENTS1(LOADSOME, Z3, Z11)                             \
	SUBQ $4, BX                                             \
	JGE  rows4                                              \
rest:                                                       \
	ADDQ $4, BX                                             \
	JZ   sum1                                               \
	MOMENTS1(LOADSOME, Z0, Z8)                              \
	DECQ BX                                                 \
	JZ   sum1                                               \
	MOMENTS1(LOADSOME, Z1, Z9)                              \
	DECQ BX                                                 \
	JZ   sum1                                               \
	MOMENTS1(LOADSOME, Z2, Z10)                             \
sum1:                                                       \
	VADDPS    Z1, Z0, Z0                                    \
	VADDPS    Z3, Z2, Z2                                    \
	VADDPS    Z2, Z0, Z0                                    \
	VADDPS    Z9, Z8, Z8                                    \
	VADDPS    Z11, Z10, Z10                                 \
	VADDPS    Z10, Z8, Z8                                   \
	VMOVUPS.Z (DI), K1, Z16                                 \
	VMOVUPS.Z (R9), K1, Z17                                 \
	VADDPS    Z16, Z0, Z0                                   \
	VADDPS    Z17, Z8, Z8                                   \
	STORE(Z0, DI)                                           \
	STORE(Z8, R9)                                           \
	MOVQ      $64, R11                                      \
nextStrip:                                                  \
	ADDQ R11, SI                                            \
	ADDQ R11, R13                                           \
	ADDQ R11, R15                                           \
	ADDQ R11, DI                                            \
	ADDQ R11, R9                                            \
	SHRQ $2, R11                                            \
	SUBQ R11, CX

// func gradSumsAVX512(g []float32, ldg int, x []float32, ldx int, rows int, sum, dot []float32)
//
//	sum += Σ g, dot += Σ g·x
TEXT ·gradSumsAVX512(SB), NOSPLIT, $0-120
	MOVQ  g_base+0(FP), SI
	MOVQ  ldg+24(FP), DX
	SHLQ  $2, DX
	MOVQ  x_base+32(FP), R13
	MOVQ  ldx+56(FP), AX
	SHLQ  $2, AX
	XORL  R10, R10
	MOVQ  sum_base+72(FP), DI
	MOVQ  sum_len+80(FP), CX
	MOVQ  dot_base+96(FP), R9
	TESTQ CX, CX
	JZ    done

more:
	MOVQ  rows+64(FP), BX
	TESTQ BX, BX
	JZ    done
	MOMENTS(OPEN, OPENSOME)
	JG    more

done:
	VZEROUPPER
	RET

// func gradSumsGateAVX512(g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, sum, dot []float32, hi float32)
//
//	sum += Σ g', dot += Σ g'·x, with g' = 0 < y < hi ? g : 0
TEXT ·gradSumsGateAVX512(SB), NOSPLIT, $0-156
	MOVQ         g_base+0(FP), SI
	MOVQ         ldg+24(FP), DX
	SHLQ         $2, DX
	MOVQ         x_base+32(FP), R13
	MOVQ         ldx+56(FP), AX
	SHLQ         $2, AX
	MOVQ         y_base+64(FP), R15
	MOVQ         ldy+88(FP), R10
	SHLQ         $2, R10
	MOVQ         sum_base+104(FP), DI
	MOVQ         sum_len+112(FP), CX
	MOVQ         dot_base+128(FP), R9
	VBROADCASTSS hi+152(FP), Z30
	VPXORD       Z31, Z31, Z31
	TESTQ        CX, CX
	JZ           done

more:
	MOVQ  rows+96(FP), BX
	TESTQ BX, BX
	JZ    done
	MOMENTS(GATE, GATESOME)
	JG    more

done:
	VZEROUPPER
	RET
