//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// The transforms of F(4×4, 3×3), AVX2 and FMA3: 8 channels at a time; see winograd_avx512_amd64.s. Constants are read from memory, eight
// of each, and what 16 registers cannot hold goes to a.tmp or to the stack.

// C_FOUR: 4.0
DATA eights<>+0(SB)/8, $0x4080000040800000
DATA eights<>+8(SB)/8, $0x4080000040800000
DATA eights<>+16(SB)/8, $0x4080000040800000
DATA eights<>+24(SB)/8, $0x4080000040800000
#define C_FOUR eights<>+0(SB)
// C_FIVE: 5.0
DATA eights<>+32(SB)/8, $0x40a0000040a00000
DATA eights<>+40(SB)/8, $0x40a0000040a00000
DATA eights<>+48(SB)/8, $0x40a0000040a00000
DATA eights<>+56(SB)/8, $0x40a0000040a00000
#define C_FIVE eights<>+32(SB)
// C_TWO: 2.0
DATA eights<>+64(SB)/8, $0x4000000040000000
DATA eights<>+72(SB)/8, $0x4000000040000000
DATA eights<>+80(SB)/8, $0x4000000040000000
DATA eights<>+88(SB)/8, $0x4000000040000000
#define C_TWO eights<>+64(SB)
// C_EIGHT: 8.0
DATA eights<>+96(SB)/8, $0x4100000041000000
DATA eights<>+104(SB)/8, $0x4100000041000000
DATA eights<>+112(SB)/8, $0x4100000041000000
DATA eights<>+120(SB)/8, $0x4100000041000000
#define C_EIGHT eights<>+96(SB)
// C_QUARTER: 0.25
DATA eights<>+128(SB)/8, $0x3e8000003e800000
DATA eights<>+136(SB)/8, $0x3e8000003e800000
DATA eights<>+144(SB)/8, $0x3e8000003e800000
DATA eights<>+152(SB)/8, $0x3e8000003e800000
#define C_QUARTER eights<>+128(SB)
// C_MINUSSIXTH: -1/6
DATA eights<>+160(SB)/8, $0xbe2aaaabbe2aaaab
DATA eights<>+168(SB)/8, $0xbe2aaaabbe2aaaab
DATA eights<>+176(SB)/8, $0xbe2aaaabbe2aaaab
DATA eights<>+184(SB)/8, $0xbe2aaaabbe2aaaab
#define C_MINUSSIXTH eights<>+160(SB)
// C_TWENTYFOURTH: 1/24
DATA eights<>+192(SB)/8, $0x3d2aaaab3d2aaaab
DATA eights<>+200(SB)/8, $0x3d2aaaab3d2aaaab
DATA eights<>+208(SB)/8, $0x3d2aaaab3d2aaaab
DATA eights<>+216(SB)/8, $0x3d2aaaab3d2aaaab
#define C_TWENTYFOURTH eights<>+192(SB)
// C_TWELFTH: 1/12
DATA eights<>+224(SB)/8, $0x3daaaaab3daaaaab
DATA eights<>+232(SB)/8, $0x3daaaaab3daaaaab
DATA eights<>+240(SB)/8, $0x3daaaaab3daaaaab
DATA eights<>+248(SB)/8, $0x3daaaaab3daaaaab
#define C_TWELFTH eights<>+224(SB)
// C_SIXTH: 1/6
DATA eights<>+256(SB)/8, $0x3e2aaaab3e2aaaab
DATA eights<>+264(SB)/8, $0x3e2aaaab3e2aaaab
DATA eights<>+272(SB)/8, $0x3e2aaaab3e2aaaab
DATA eights<>+280(SB)/8, $0x3e2aaaab3e2aaaab
#define C_SIXTH eights<>+256(SB)
GLOBL eights<>(SB), RODATA|NOPTR, $288

#define args      AX
#define image     BX    // this tile and block in the image
#define v         CX    // this tile and block among the points
#define pix       DX    // distances in bytes
#define row       SI
#define point     DI
#define tmp       R8
#define p         R9    // walks
#define q         R10
#define blocks    R11   // of 8 channels, left in this tile
#define tiles     R12   // left in this row
#define cnt       R13
#define tileImage 0(SP) // start of the tile
#define tileV     8(SP)


#define SETUP \
	MOVQ a+0(FP), args                   \
	MOVQ winogradArgs_image(args), image \
	MOVQ winogradArgs_v(args), v         \
	MOVQ winogradArgs_tmp(args), tmp     \
	MOVQ winogradArgs_pix(args), pix     \
	SHLQ $2, pix                         \
	MOVQ winogradArgs_row(args), row     \
	SHLQ $2, row                         \
	MOVQ winogradArgs_point(args), point \
	SHLQ $2, point                       \
	MOVQ winogradArgs_tiles(args), tiles

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

// INPUT6 is Bᵀ of Y0-Y5, left in Y6-Y11.
#define INPUT6 \
	VMOVAPS      Y4, Y12         \
	VFNMADD231PS C_FOUR, Y2, Y12 \
	VMOVAPS      Y3, Y13         \
	VFNMADD231PS C_FOUR, Y1, Y13 \
	VSUBPS       Y2, Y4, Y14     \
	VSUBPS       Y1, Y3, Y15     \
	VMOVAPS      Y4, Y6          \
	VFNMADD231PS C_FIVE, Y2, Y6  \
	VFMADD231PS  C_FOUR, Y0, Y6  \
	VADDPS       Y13, Y12, Y7    \
	VSUBPS       Y13, Y12, Y8    \
	VMOVAPS      Y14, Y9         \
	VFMADD231PS  C_TWO, Y15, Y9  \
	VMOVAPS      Y14, Y10        \
	VFNMADD231PS C_TWO, Y15, Y10 \
	VMOVAPS      Y5, Y11         \
	VFNMADD231PS C_FIVE, Y3, Y11 \
	VFMADD231PS  C_FOUR, Y1, Y11

// func winogradInputAVX2(a *winogradArgs)
TEXT ·winogradInputAVX2(SB), NOSPLIT, $16-8
	SETUP

tile:
	MOVQ image, tileImage
	MOVQ v, tileV
	MOVQ winogradArgs_blocks(args), blocks
	SHLQ $1, blocks

block:
	// Columns: tmp[i][j] = (Bᵀ d)[i][j].
	MOVQ image, p
	MOVQ tmp, q
	MOVQ $6, cnt

column:
	MOVQ    p, R15
	VMOVUPS (R15), Y0
	VMOVUPS (R15)(row*1), Y1
	VMOVUPS (R15)(row*2), Y2
	LEAQ    (R15)(row*2), R15
	VMOVUPS (R15)(row*1), Y3
	VMOVUPS (R15)(row*2), Y4
	LEAQ    (R15)(row*2), R15
	VMOVUPS (R15)(row*1), Y5
	INPUT6
	VMOVUPS Y6, (q)
	VMOVUPS Y7, 192(q)
	VMOVUPS Y8, 384(q)
	VMOVUPS Y9, 576(q)
	VMOVUPS Y10, 768(q)
	VMOVUPS Y11, 960(q)
	ADDQ    pix, p
	ADDQ    $32, q
	DECQ    cnt
	JNZ     column

	// Rows: v[6i+j] = (tmp B)[i][j].
	MOVQ v, p
	MOVQ tmp, q
	MOVQ $6, cnt

rows:
	VMOVUPS (q), Y0
	VMOVUPS 32(q), Y1
	VMOVUPS 64(q), Y2
	VMOVUPS 96(q), Y3
	VMOVUPS 128(q), Y4
	VMOVUPS 160(q), Y5
	INPUT6
	POINTS6(Y6, Y7, Y8, Y9, Y10, Y11)
	ADDQ    $192, q
	DECQ    cnt
	JNZ     rows

	ADDQ $32, image
	ADDQ $32, v
	DECQ blocks
	JNZ  block
	NEXTTILE
	JNZ  tile
	VZEROUPPER
	RET

// OUTPUT6 is Aᵀ of Y0-Y5, left in Y6-Y9.
#define OUTPUT6 \
	VADDPS      Y2, Y1, Y12     \
	VSUBPS      Y2, Y1, Y13     \
	VADDPS      Y4, Y3, Y14     \
	VSUBPS      Y4, Y3, Y15     \
	VADDPS      Y12, Y0, Y6     \
	VADDPS      Y14, Y6, Y6     \
	VMOVAPS     Y13, Y7         \
	VFMADD231PS C_TWO, Y15, Y7  \
	VMOVAPS     Y12, Y8         \
	VFMADD231PS C_FOUR, Y14, Y8 \
	VADDPS      Y5, Y13, Y9     \
	VFMADD231PS C_EIGHT, Y15, Y9

#define PUT(reg) \
	VMOVUPS reg, (q) \
	ADDQ    pix, q

#define ADDPUT(reg) \
	VADDPS  (q), reg, reg \
	VMOVUPS reg, (q)      \
	ADDQ    pix, q

// func winogradOutputAVX2(a *winogradArgs)
TEXT ·winogradOutputAVX2(SB), NOSPLIT, $16-8
	SETUP

tile:
	MOVQ image, tileImage
	MOVQ v, tileV
	MOVQ winogradArgs_blocks(args), blocks
	SHLQ $1, blocks

block:
	// Columns: tmp[i][j] = (Aᵀ m)[i][j]; row i of m starts 6·i points on.
	MOVQ v, p
	MOVQ tmp, q
	LEAQ (point)(point*2), R15 // 6 points
	ADDQ R15, R15
	MOVQ $6, cnt

column:
	VMOVUPS (p), Y0
	VMOVUPS (p)(R15*1), Y1
	VMOVUPS (p)(R15*2), Y2
	LEAQ    (p)(R15*2), image
	VMOVUPS (image)(R15*1), Y3
	VMOVUPS (image)(R15*2), Y4
	LEAQ    (image)(R15*2), image
	VMOVUPS (image)(R15*1), Y5
	OUTPUT6
	VMOVUPS Y6, (q)
	VMOVUPS Y7, 192(q)
	VMOVUPS Y8, 384(q)
	VMOVUPS Y9, 576(q)
	ADDQ    point, p
	ADDQ    $32, q
	DECQ    cnt
	JNZ     column

	// Rows: dst[i][j] (+)= (tmp A)[i][j].
	MOVQ winogradArgs_blocks(args), image // vectors done so far
	SHLQ $1, image
	SUBQ blocks, image
	SHLQ $5, image
	ADDQ tileImage, image
	MOVQ tmp, p
	MOVQ $4, cnt

rows:
	VMOVUPS (p), Y0
	VMOVUPS 32(p), Y1
	VMOVUPS 64(p), Y2
	VMOVUPS 96(p), Y3
	VMOVUPS 128(p), Y4
	VMOVUPS 160(p), Y5
	OUTPUT6
	MOVQ    image, q
	CMPQ    winogradArgs_add(args), $0
	JNE     more
	PUT(Y6)
	PUT(Y7)
	PUT(Y8)
	PUT(Y9)
	JMP     stored

more:
	ADDPUT(Y6)
	ADDPUT(Y7)
	ADDPUT(Y8)
	ADDPUT(Y9)

stored:
	ADDQ row, image
	ADDQ $192, p
	DECQ cnt
	JNZ  rows

	ADDQ $32, v
	DECQ blocks
	JNZ  block
	NEXTTILE
	JNZ  tile
	VZEROUPPER
	RET

// WEIGHT3 is G of (Y0, Y1, Y2) in Y3-Y7; the last element of the result is Y2 itself.
#define WEIGHT3 \
	VADDPS       Y2, Y0, Y8             \
	VMULPS       C_QUARTER, Y0, Y3      \
	VADDPS       Y1, Y8, Y4             \
	VMULPS       C_MINUSSIXTH, Y4, Y4   \
	VSUBPS       Y1, Y8, Y5             \
	VMULPS       C_MINUSSIXTH, Y5, Y5   \
	VMULPS       C_TWENTYFOURTH, Y0, Y9 \
	VFMADD231PS  C_SIXTH, Y2, Y9        \
	VMOVAPS      Y9, Y6                 \
	VFMADD231PS  C_TWELFTH, Y1, Y6      \
	VMOVAPS      Y9, Y7                 \
	VFNMADD231PS C_TWELFTH, Y1, Y7

// COLUMN3 loads column j of the 3×3 weights and puts G of it on the stack, [i][j] at 96·i + 32·j.
#define COLUMN3(j) \
	VMOVUPS (q), Y0            \
	VMOVUPS (q)(R15*1), Y1     \
	VMOVUPS (q)(R15*2), Y2     \
	WEIGHT3                    \
	VMOVUPS Y3, (32*j)(SP)     \
	VMOVUPS Y4, (32*j+96)(SP)  \
	VMOVUPS Y5, (32*j+192)(SP) \
	VMOVUPS Y6, (32*j+288)(SP) \
	VMOVUPS Y7, (32*j+384)(SP) \
	VMOVUPS Y2, (32*j+480)(SP) \
	ADDQ    row, q

// ROW6 stores row i of the result: G of what is on the stack.
#define ROW6(i) \
	VMOVUPS (96*i)(SP), Y0    \
	VMOVUPS (96*i+32)(SP), Y1 \
	VMOVUPS (96*i+64)(SP), Y2 \
	WEIGHT3                   \
	POINTS6(Y3, Y4, Y5, Y6, Y7, Y2)

// func winogradWeightAVX2(u []float32, uPoint int, w []float32, wTap, n int)
TEXT ·winogradWeightAVX2(SB), 0, $576-72
	MOVQ u_base+0(FP), v
	MOVQ uPoint+24(FP), point
	SHLQ $2, point
	MOVQ w_base+32(FP), image
	MOVQ wTap+56(FP), row // one tap
	SHLQ $2, row
	LEAQ (row)(row*2), R15 // three taps: a row of the kernel
	MOVQ n+64(FP), cnt

block:
	MOVQ image, q
	COLUMN3(0)
	COLUMN3(1)
	COLUMN3(2)
	MOVQ v, p
	ROW6(0)
	ROW6(1)
	ROW6(2)
	ROW6(3)
	ROW6(4)
	ROW6(5)
	ADDQ $32, image
	ADDQ $32, v
	SUBQ $8, cnt
	JGT  block
	VZEROUPPER
	RET

// GRADIENT4 is A of Y0-Y3: Y0, Y7-Y10 and Y3.
#define GRADIENT4 \
	VADDPS      Y2, Y0, Y12      \
	VADDPS      Y3, Y1, Y13      \
	VADDPS      Y13, Y12, Y7     \
	VSUBPS      Y13, Y12, Y8     \
	VMOVAPS     Y0, Y14          \
	VFMADD231PS C_FOUR, Y2, Y14  \
	VMULPS      C_TWO, Y1, Y15   \
	VFMADD231PS C_EIGHT, Y3, Y15 \
	VADDPS      Y15, Y14, Y9     \
	VSUBPS      Y15, Y14, Y10

// func winogradGradientAVX2(a *winogradArgs)
TEXT ·winogradGradientAVX2(SB), NOSPLIT, $16-8
	SETUP

tile:
	MOVQ image, tileImage
	MOVQ v, tileV
	MOVQ winogradArgs_blocks(args), blocks
	SHLQ $1, blocks

block:
	// Columns: tmp[i][j] = (A d)[i][j].
	MOVQ image, p
	MOVQ tmp, q
	MOVQ $4, cnt

column:
	LEAQ    (p)(row*2), R15
	VMOVUPS (p), Y0
	VMOVUPS (p)(row*1), Y1
	VMOVUPS (R15), Y2
	VMOVUPS (R15)(row*1), Y3
	GRADIENT4
	VMOVUPS Y0, (q)
	VMOVUPS Y7, 128(q)
	VMOVUPS Y8, 256(q)
	VMOVUPS Y9, 384(q)
	VMOVUPS Y10, 512(q)
	VMOVUPS Y3, 640(q)
	ADDQ    pix, p
	ADDQ    $32, q
	DECQ    cnt
	JNZ     column

	// Rows: v[6i+j] = (tmp Aᵀ)[i][j].
	MOVQ v, p
	MOVQ tmp, q
	MOVQ $6, cnt

rows:
	VMOVUPS (q), Y0
	VMOVUPS 32(q), Y1
	VMOVUPS 64(q), Y2
	VMOVUPS 96(q), Y3
	GRADIENT4
	POINTS6(Y0, Y7, Y8, Y9, Y10, Y3)
	ADDQ    $128, q
	DECQ    cnt
	JNZ     rows

	ADDQ $32, image
	ADDQ $32, v
	DECQ blocks
	JNZ  block
	NEXTTILE
	JNZ  tile
	VZEROUPPER
	RET

// FILTER6 is Gᵀ of Y0-Y5, which are used up, in Y6-Y8.
#define FILTER6 \
	VADDPS      Y2, Y1, Y9              \
	VSUBPS      Y2, Y1, Y1              \
	VADDPS      Y4, Y3, Y10             \
	VSUBPS      Y4, Y3, Y3              \
	VMULPS      C_QUARTER, Y0, Y6       \
	VFMADD231PS C_MINUSSIXTH, Y9, Y6    \
	VFMADD231PS C_TWENTYFOURTH, Y10, Y6 \
	VMULPS      C_MINUSSIXTH, Y1, Y7    \
	VFMADD231PS C_TWELFTH, Y3, Y7       \
	VSUBPS      Y9, Y10, Y8             \
	VFMADD132PS C_SIXTH, Y5, Y8

// FILTERCOLUMN loads column j of the points, which lie six points apart, and puts Gᵀ of it on the stack, [i][j] at 192·i + 32·j.
#define FILTERCOLUMN(j) \
	VMOVUPS (p), Y0            \
	VMOVUPS (p)(R15*1), Y1     \
	VMOVUPS (p)(R15*2), Y2     \
	LEAQ    (p)(R15*2), q      \
	VMOVUPS (q)(R15*1), Y3     \
	VMOVUPS (q)(R15*2), Y4     \
	LEAQ    (q)(R15*2), q      \
	VMOVUPS (q)(R15*1), Y5     \
	ADDQ    point, p           \
	FILTER6                    \
	VMOVUPS Y6, (32*j)(SP)     \
	VMOVUPS Y7, (32*j+192)(SP) \
	VMOVUPS Y8, (32*j+384)(SP)

// ADDTAP adds to a tap at q, and moves q to the next.
#define ADDTAP(r) \
	VADDPS  (q), r, r \
	VMOVUPS r, (q)    \
	ADDQ    row, q

// FILTERROW adds Gᵀ of row i on the stack to three taps.
#define FILTERROW(i) \
	VMOVUPS (192*i)(SP), Y0     \
	VMOVUPS (192*i+32)(SP), Y1  \
	VMOVUPS (192*i+64)(SP), Y2  \
	VMOVUPS (192*i+96)(SP), Y3  \
	VMOVUPS (192*i+128)(SP), Y4 \
	VMOVUPS (192*i+160)(SP), Y5 \
	FILTER6                     \
	ADDTAP(Y6)                  \
	ADDTAP(Y7)                  \
	ADDTAP(Y8)

// func winogradWeightGradientAVX2(dw []float32, wTap int, u []float32, uPoint, n int)
TEXT ·winogradWeightGradientAVX2(SB), 0, $576-72
	MOVQ dw_base+0(FP), image
	MOVQ wTap+24(FP), row // one tap
	SHLQ $2, row
	MOVQ u_base+32(FP), v
	MOVQ uPoint+56(FP), point
	SHLQ $2, point
	MOVQ n+64(FP), cnt
	LEAQ (point)(point*2), R15 // 6 points: a row of the transform
	ADDQ R15, R15

block:
	MOVQ v, p
	FILTERCOLUMN(0)
	FILTERCOLUMN(1)
	FILTERCOLUMN(2)
	FILTERCOLUMN(3)
	FILTERCOLUMN(4)
	FILTERCOLUMN(5)
	MOVQ image, q
	FILTERROW(0)
	FILTERROW(1)
	FILTERROW(2)
	ADDQ $32, image
	ADDQ $32, v
	SUBQ $8, cnt
	JGT  block
	VZEROUPPER
	RET
