//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// The transforms of F(4×4, 3×3), AVX-512: 16 channels at a time, in two passes over rows and columns of a tile with the
// result of the first in a.tmp. See winograd.go for the matrices.

DATA winograd<>+0(SB)/4, $4.0
DATA winograd<>+4(SB)/4, $5.0
DATA winograd<>+8(SB)/4, $2.0
DATA winograd<>+12(SB)/4, $8.0
DATA winograd<>+16(SB)/4, $0.25
DATA winograd<>+20(SB)/4, $-0.16666666666666666
DATA winograd<>+24(SB)/4, $0.041666666666666664
DATA winograd<>+28(SB)/4, $0.083333333333333333
DATA winograd<>+32(SB)/4, $0.16666666666666666
GLOBL winograd<>(SB), RODATA|NOPTR, $36

#define args      AX
#define image     BX    // this tile and block in the image
#define v         CX    // this tile and block among the points
#define pix       DX    // distances in bytes
#define row       SI
#define point     DI
#define tmp       R8
#define p         R9    // walks
#define q         R10
#define blocks    R11   // left in this tile
#define tiles     R12   // left in this row
#define cnt       R13
#define tileImage 0(SP) // start of the tile
#define tileV     8(SP)

#define C_FOUR  Z31
#define C_FIVE  Z30
#define C_TWO   Z29
#define C_EIGHT Z28

#define SETUP \
	MOVQ         a+0(FP), args                   \
	MOVQ         winogradArgs_image(args), image \
	MOVQ         winogradArgs_v(args), v         \
	MOVQ         winogradArgs_tmp(args), tmp     \
	MOVQ         winogradArgs_pix(args), pix     \
	SHLQ         $2, pix                         \
	MOVQ         winogradArgs_row(args), row     \
	SHLQ         $2, row                         \
	MOVQ         winogradArgs_point(args), point \
	SHLQ         $2, point                       \
	MOVQ         winogradArgs_tiles(args), tiles \
	VBROADCASTSS winograd<>+0(SB), C_FOUR        \
	VBROADCASTSS winograd<>+4(SB), C_FIVE        \
	VBROADCASTSS winograd<>+8(SB), C_TWO         \
	VBROADCASTSS winograd<>+12(SB), C_EIGHT

// NEXTTILE steps to the next tile, four pixels on, and counts it.
#define NEXTTILE \
	MOVQ tileImage, image           \
	LEAQ (image)(pix*4), image      \
	MOVQ tileV, v                   \
	MOVQ winogradArgs_tile(args), p \
	LEAQ (v)(p*4), v                \
	DECQ tiles

// POINTS6 stores a row of six points at p, and moves p to the next.
#define POINTS6(a, b, c, d, e, f) \
	VMOVUPS a, (p)          \
	VMOVUPS b, (p)(point*1) \
	LEAQ    (p)(point*2), p \
	VMOVUPS c, (p)          \
	VMOVUPS d, (p)(point*1) \
	LEAQ    (p)(point*2), p \
	VMOVUPS e, (p)          \
	VMOVUPS f, (p)(point*1) \
	LEAQ    (p)(point*2), p

// INPUT6 is Bᵀ of Z0-Z5, left in Z6-Z11.
#define INPUT6 \
	VMOVAPS      Z4, Z12         \
	VFNMADD231PS Z2, C_FOUR, Z12 \
	VMOVAPS      Z3, Z13         \
	VFNMADD231PS Z1, C_FOUR, Z13 \
	VSUBPS       Z2, Z4, Z14     \
	VSUBPS       Z1, Z3, Z15     \
	VMOVAPS      Z4, Z6          \
	VFNMADD231PS Z2, C_FIVE, Z6  \
	VFMADD231PS  Z0, C_FOUR, Z6  \
	VADDPS       Z13, Z12, Z7    \
	VSUBPS       Z13, Z12, Z8    \
	VMOVAPS      Z14, Z9         \
	VFMADD231PS  Z15, C_TWO, Z9  \
	VMOVAPS      Z14, Z10        \
	VFNMADD231PS Z15, C_TWO, Z10 \
	VMOVAPS      Z5, Z11         \
	VFNMADD231PS Z3, C_FIVE, Z11 \
	VFMADD231PS  Z1, C_FOUR, Z11

// func winogradInputAVX512(a *winogradArgs)
TEXT ·winogradInputAVX512(SB), NOSPLIT, $16-8
	SETUP

tile:
	MOVQ image, tileImage
	MOVQ v, tileV
	MOVQ winogradArgs_blocks(args), blocks

block:
	// Columns: tmp[i][j] = (Bᵀ d)[i][j].
	MOVQ image, p
	MOVQ tmp, q
	MOVQ $6, cnt

column:
	MOVQ    p, R15
	VMOVUPS (R15), Z0
	VMOVUPS (R15)(row*1), Z1
	VMOVUPS (R15)(row*2), Z2
	LEAQ    (R15)(row*2), R15
	VMOVUPS (R15)(row*1), Z3
	VMOVUPS (R15)(row*2), Z4
	LEAQ    (R15)(row*2), R15
	VMOVUPS (R15)(row*1), Z5
	INPUT6
	VMOVUPS Z6, (q)
	VMOVUPS Z7, 384(q)
	VMOVUPS Z8, 768(q)
	VMOVUPS Z9, 1152(q)
	VMOVUPS Z10, 1536(q)
	VMOVUPS Z11, 1920(q)
	ADDQ    pix, p
	ADDQ    $64, q
	DECQ    cnt
	JNZ     column

	// Rows: v[6i+j] = (tmp B)[i][j].
	MOVQ v, p
	MOVQ tmp, q
	MOVQ $6, cnt

rows:
	VMOVUPS (q), Z0
	VMOVUPS 64(q), Z1
	VMOVUPS 128(q), Z2
	VMOVUPS 192(q), Z3
	VMOVUPS 256(q), Z4
	VMOVUPS 320(q), Z5
	INPUT6
	POINTS6(Z6, Z7, Z8, Z9, Z10, Z11)
	ADDQ    $384, q
	DECQ    cnt
	JNZ     rows

	ADDQ $64, image
	ADDQ $64, v
	DECQ blocks
	JNZ  block
	NEXTTILE
	JNZ  tile
	VZEROUPPER
	RET

// OUTPUT6 is Aᵀ of Z0-Z5, left in Z6-Z9.
#define OUTPUT6 \
	VADDPS      Z2, Z1, Z12     \
	VSUBPS      Z2, Z1, Z13     \
	VADDPS      Z4, Z3, Z14     \
	VSUBPS      Z4, Z3, Z15     \
	VADDPS      Z12, Z0, Z6     \
	VADDPS      Z14, Z6, Z6     \
	VMOVAPS     Z13, Z7         \
	VFMADD231PS Z15, C_TWO, Z7  \
	VMOVAPS     Z12, Z8         \
	VFMADD231PS Z14, C_FOUR, Z8 \
	VADDPS      Z5, Z13, Z9     \
	VFMADD231PS Z15, C_EIGHT, Z9

#define PUT(reg) \
	VMOVUPS reg, (q) \
	ADDQ    pix, q

#define ADDPUT(reg) \
	VADDPS  (q), reg, reg \
	VMOVUPS reg, (q)      \
	ADDQ    pix, q

// func winogradOutputAVX512(a *winogradArgs)
TEXT ·winogradOutputAVX512(SB), NOSPLIT, $16-8
	SETUP

tile:
	MOVQ image, tileImage
	MOVQ v, tileV
	MOVQ winogradArgs_blocks(args), blocks

block:
	// Columns: tmp[i][j] = (Aᵀ m)[i][j]; row i of m starts 6·i points on.
	MOVQ v, p
	MOVQ tmp, q
	LEAQ (point)(point*2), R15 // 6 points
	ADDQ R15, R15
	MOVQ $6, cnt

column:
	VMOVUPS (p), Z0
	VMOVUPS (p)(R15*1), Z1
	VMOVUPS (p)(R15*2), Z2
	LEAQ    (p)(R15*2), image
	VMOVUPS (image)(R15*1), Z3
	VMOVUPS (image)(R15*2), Z4
	LEAQ    (image)(R15*2), image
	VMOVUPS (image)(R15*1), Z5
	OUTPUT6
	VMOVUPS Z6, (q)
	VMOVUPS Z7, 384(q)
	VMOVUPS Z8, 768(q)
	VMOVUPS Z9, 1152(q)
	ADDQ    point, p
	ADDQ    $64, q
	DECQ    cnt
	JNZ     column

	// Rows: dst[i][j] (+)= (tmp A)[i][j].
	MOVQ winogradArgs_blocks(args), image // blocks done so far, 64 bytes each
	SUBQ blocks, image
	SHLQ $6, image
	ADDQ tileImage, image
	MOVQ tmp, p
	MOVQ $4, cnt

rows:
	VMOVUPS (p), Z0
	VMOVUPS 64(p), Z1
	VMOVUPS 128(p), Z2
	VMOVUPS 192(p), Z3
	VMOVUPS 256(p), Z4
	VMOVUPS 320(p), Z5
	OUTPUT6
	MOVQ    image, q
	CMPQ    winogradArgs_add(args), $0
	JNE     more
	PUT(Z6)
	PUT(Z7)
	PUT(Z8)
	PUT(Z9)
	JMP     stored

more:
	ADDPUT(Z6)
	ADDPUT(Z7)
	ADDPUT(Z8)
	ADDPUT(Z9)

stored:
	ADDQ row, image
	ADDQ $384, p
	DECQ cnt
	JNZ  rows

	ADDQ $64, v
	DECQ blocks
	JNZ  block
	NEXTTILE
	JNZ  tile
	VZEROUPPER
	RET

// WEIGHT3 is G of (g0, g1, g2): s and t are scratch; Z27-Z23 hold 1/4, -1/6, 1/24, 1/12, 1/6. r5 = g2 is left to the caller.
#define WEIGHT3(g0, g1, g2, r0, r1, r2, r3, r4, s, t) \
	VADDPS       g2, g0, s   \
	VMULPS       Z27, g0, r0 \
	VADDPS       g1, s, r1   \
	VMULPS       Z26, r1, r1 \
	VSUBPS       g1, s, r2   \
	VMULPS       Z26, r2, r2 \
	VMULPS       Z25, g0, t  \
	VFMADD231PS  Z23, g2, t  \
	VMOVAPS      t, r3       \
	VFMADD231PS  Z24, g1, r3 \
	VMOVAPS      t, r4       \
	VFNMADD231PS Z24, g1, r4

// ROW6 stores row i of the result: G of (a, b, c).
#define ROW6(a, b, c) \
	WEIGHT3(a, b, c, Z18, Z19, Z20, Z21, Z22, Z28, Z29) \
	POINTS6(Z18, Z19, Z20, Z21, Z22, c)

// COLUMN3 loads one column of the 3×3 weights, at offset off taps, and leaves G of it in r0-r4 and g2.
#define COLUMN3(r0, r1, r2, r3, r4, g2) \
	VMOVUPS (q), Z18                                    \
	VMOVUPS (q)(R15*1), Z19                             \
	VMOVUPS (q)(R15*2), g2                              \
	WEIGHT3(Z18, Z19, g2, r0, r1, r2, r3, r4, Z28, Z29) \
	ADDQ    row, q

// func winogradWeightAVX512(u []float32, uPoint int, w []float32, wTap, n int)
TEXT ·winogradWeightAVX512(SB), NOSPLIT, $0-72
	MOVQ         u_base+0(FP), v
	MOVQ         uPoint+24(FP), point
	SHLQ         $2, point
	MOVQ         w_base+32(FP), image
	MOVQ         wTap+56(FP), row // one tap
	SHLQ         $2, row
	LEAQ         (row)(row*2), R15 // three taps: a row of the kernel
	MOVQ         n+64(FP), cnt
	VBROADCASTSS winograd<>+16(SB), Z27
	VBROADCASTSS winograd<>+20(SB), Z26
	VBROADCASTSS winograd<>+24(SB), Z25
	VBROADCASTSS winograd<>+28(SB), Z24
	VBROADCASTSS winograd<>+32(SB), Z23

block:
	MOVQ image, q
	COLUMN3(Z0, Z3, Z6, Z9, Z12, Z15)
	COLUMN3(Z1, Z4, Z7, Z10, Z13, Z16)
	COLUMN3(Z2, Z5, Z8, Z11, Z14, Z17)
	MOVQ v, p
	ROW6(Z0, Z1, Z2)
	ROW6(Z3, Z4, Z5)
	ROW6(Z6, Z7, Z8)
	ROW6(Z9, Z10, Z11)
	ROW6(Z12, Z13, Z14)
	ROW6(Z15, Z16, Z17)
	ADDQ $64, image
	ADDQ $64, v
	SUBQ $16, cnt
	JGT  block
	VZEROUPPER
	RET

// GRADIENT4 is A of Z0-Z3: Z0, Z7-Z10 and Z3.
#define GRADIENT4 \
	VADDPS      Z2, Z0, Z12      \
	VADDPS      Z3, Z1, Z13      \
	VADDPS      Z13, Z12, Z7     \
	VSUBPS      Z13, Z12, Z8     \
	VMOVAPS     Z0, Z14          \
	VFMADD231PS Z2, C_FOUR, Z14  \
	VMULPS      Z1, C_TWO, Z15   \
	VFMADD231PS Z3, C_EIGHT, Z15 \
	VADDPS      Z15, Z14, Z9     \
	VSUBPS      Z15, Z14, Z10

// func winogradGradientAVX512(a *winogradArgs)
TEXT ·winogradGradientAVX512(SB), NOSPLIT, $16-8
	SETUP

tile:
	MOVQ image, tileImage
	MOVQ v, tileV
	MOVQ winogradArgs_blocks(args), blocks

block:
	// Columns: tmp[i][j] = (A d)[i][j].
	MOVQ image, p
	MOVQ tmp, q
	MOVQ $4, cnt

column:
	LEAQ    (p)(row*2), R15
	VMOVUPS (p), Z0
	VMOVUPS (p)(row*1), Z1
	VMOVUPS (R15), Z2
	VMOVUPS (R15)(row*1), Z3
	GRADIENT4
	VMOVUPS Z0, (q)
	VMOVUPS Z7, 256(q)
	VMOVUPS Z8, 512(q)
	VMOVUPS Z9, 768(q)
	VMOVUPS Z10, 1024(q)
	VMOVUPS Z3, 1280(q)
	ADDQ    pix, p
	ADDQ    $64, q
	DECQ    cnt
	JNZ     column

	// Rows: v[6i+j] = (tmp Aᵀ)[i][j].
	MOVQ v, p
	MOVQ tmp, q
	MOVQ $6, cnt

rows:
	VMOVUPS (q), Z0
	VMOVUPS 64(q), Z1
	VMOVUPS 128(q), Z2
	VMOVUPS 192(q), Z3
	GRADIENT4
	POINTS6(Z0, Z7, Z8, Z9, Z10, Z3)
	ADDQ    $256, q
	DECQ    cnt
	JNZ     rows

	ADDQ $64, image
	ADDQ $64, v
	DECQ blocks
	JNZ  block
	NEXTTILE
	JNZ  tile
	VZEROUPPER
	RET

// FILTER6 is Gᵀ of (u0, …, u5) in r0-r2; the sources, Z29 and Z30 are used up. Constants as for WEIGHT3.
#define FILTER6(u0, u1, u2, u3, u4, u5, r0, r1, r2) \
	VADDPS      u2, u1, Z29  \
	VSUBPS      u2, u1, u1   \
	VADDPS      u4, u3, Z30  \
	VSUBPS      u4, u3, u3   \
	VMULPS      Z27, u0, r0  \
	VFMADD231PS Z26, Z29, r0 \
	VFMADD231PS Z25, Z30, r0 \
	VMULPS      Z26, u1, r1  \
	VFMADD231PS Z24, u3, r1  \
	VSUBPS      Z29, Z30, r2 \
	VFMADD213PS u5, Z23, r2

// FILTERCOLUMN loads a column of six points, six points apart, and leaves Gᵀ of it in r0-r2.
#define FILTERCOLUMN(r0, r1, r2) \
	VMOVUPS (p), Z18        \
	VMOVUPS (p)(R15*1), Z19 \
	VMOVUPS (p)(R15*2), Z20 \
	LEAQ    (p)(R15*2), q   \
	VMOVUPS (q)(R15*1), Z21 \
	VMOVUPS (q)(R15*2), Z22 \
	LEAQ    (q)(R15*2), q   \
	VMOVUPS (q)(R15*1), Z28 \
	ADDQ    point, p        \
	FILTER6(Z18, Z19, Z20, Z21, Z22, Z28, r0, r1, r2)

// FILTERROW adds Gᵀ of a row to three taps at q.
#define FILTERROW(u0, u1, u2, u3, u4, u5) \
	FILTER6(u0, u1, u2, u3, u4, u5, Z18, Z19, Z20) \
	VADDPS  (q), Z18, Z18                          \
	VMOVUPS Z18, (q)                               \
	ADDQ    row, q                                 \
	VADDPS  (q), Z19, Z19                          \
	VMOVUPS Z19, (q)                               \
	ADDQ    row, q                                 \
	VADDPS  (q), Z20, Z20                          \
	VMOVUPS Z20, (q)                               \
	ADDQ    row, q

// func winogradWeightGradientAVX512(dw []float32, wTap int, u []float32, uPoint, n int)
TEXT ·winogradWeightGradientAVX512(SB), NOSPLIT, $0-72
	MOVQ         dw_base+0(FP), image
	MOVQ         wTap+24(FP), row // one tap
	SHLQ         $2, row
	MOVQ         u_base+32(FP), v
	MOVQ         uPoint+56(FP), point
	SHLQ         $2, point
	MOVQ         n+64(FP), cnt
	LEAQ         (point)(point*2), R15 // 6 points: a row of the transform
	ADDQ         R15, R15
	VBROADCASTSS winograd<>+16(SB), Z27
	VBROADCASTSS winograd<>+20(SB), Z26
	VBROADCASTSS winograd<>+24(SB), Z25
	VBROADCASTSS winograd<>+28(SB), Z24
	VBROADCASTSS winograd<>+32(SB), Z23

block:
	MOVQ v, p
	FILTERCOLUMN(Z0, Z6, Z12)
	FILTERCOLUMN(Z1, Z7, Z13)
	FILTERCOLUMN(Z2, Z8, Z14)
	FILTERCOLUMN(Z3, Z9, Z15)
	FILTERCOLUMN(Z4, Z10, Z16)
	FILTERCOLUMN(Z5, Z11, Z17)
	MOVQ image, q
	FILTERROW(Z0, Z1, Z2, Z3, Z4, Z5)
	FILTERROW(Z6, Z7, Z8, Z9, Z10, Z11)
	FILTERROW(Z12, Z13, Z14, Z15, Z16, Z17)
	ADDQ $64, image
	ADDQ $64, v
	SUBQ $16, cnt
	JGT  block
	VZEROUPPER
	RET
