//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "vectors_amd64.h"

// Products of pairs, AVX512-BF16: 12 or 4 rows of C times two panels of 16 columns, or one. Row r accumulates in Z(2r) and Z(2r+1); Z24 and
// Z25 hold a pair of rows of the panels, Z26 to Z31 pairs of A, each broadcast once for both. K1 and K2 mask the columns that exist.

#define call   DI
#define a      SI  // rows of A
#define lda    R8  // bytes
#define lda3   R9  // three times that
#define c      R10 // rows of C
#define ldc    R11 // bytes
#define a8     R12 // rows 8 to 11 of A at this pair
#define offset R13 // that of the block in rows of A
#define a0     R14 // rows 0 to 3
#define a4     R15 // rows 4 to 7
#define b      BX  // the pair of rows in the first panel of B; a block follows the one before
#define left   CX  // blocks left
#define panel  DX  // bytes from a panel of B to the next
#define pairs  AX  // left in this block

// Where rows are fewer than four, what is missing is the last one again.
#define row2 R15
#define row3 R9

// Stack frame: rows left.
#define rows 0(SP)

// PAIR multiplies a pair of A by those of two panels, NARROW by those of one.
#define PAIR(mem, T, t, lo, hi) \
	VBROADCASTSS mem, T  \
	VDPBF16PS(24, t, lo) \
	VDPBF16PS(25, t, hi)

#define NARROW(mem, T, t, lo, hi) \
	VBROADCASTSS mem, T \
	VDPBF16PS(24, t, lo)

#define PANELS \
	VMOVUPS (b), Z24 \
	VMOVUPS (b)(panel*1), Z25

#define PANEL VMOVUPS (b), Z24

#define ROWS12(PAIR) \
	PAIR((a0), Z26, 26, 0, 1)           \
	PAIR((a0)(lda*1), Z27, 27, 2, 3)    \
	PAIR((a0)(lda*2), Z28, 28, 4, 5)    \
	PAIR((a0)(lda3*1), Z29, 29, 6, 7)   \
	PAIR((a4), Z30, 30, 8, 9)           \
	PAIR((a4)(lda*1), Z31, 31, 10, 11)  \
	PAIR((a4)(lda*2), Z26, 26, 12, 13)  \
	PAIR((a4)(lda3*1), Z27, 27, 14, 15) \
	PAIR((a8), Z28, 28, 16, 17)         \
	PAIR((a8)(lda*1), Z29, 29, 18, 19)  \
	PAIR((a8)(lda*2), Z30, 30, 20, 21)  \
	PAIR((a8)(lda3*1), Z31, 31, 22, 23)

#define ROWS4(PAIR) \
	PAIR((a0), Z26, 26, 0, 1)         \
	PAIR((a0)(lda*1), Z27, 27, 2, 3)  \
	PAIR((a0)(row2*1), Z28, 28, 4, 5) \
	PAIR((a0)(row3*1), Z29, 29, 6, 7)

// BLOCKS begins with the first block of the inner dimension, BLOCK with the first pair of one.
#define BLOCKS \
	MOVQ tileArgs_b(call), b         \
	MOVQ tileArgs_blocks(call), left \
	LEAQ tileArgs_offsets(call), offset

#define BLOCK \
	MOVQ a, a0        \
	ADDQ (offset), a0 \
	MOVQ tileArgs_pairs(call), pairs

// MORE points at the rows below the first four.
#define MORE \
	LEAQ (a0)(lda*4), a4 \
	LEAQ (a4)(lda*4), a8

#define NEXTPAIR \
	ADDQ $64, b \
	ADDQ $4, a0 \
	DECQ pairs

#define NEXTPAIR12 \
	ADDQ $4, a4 \
	ADDQ $4, a8 \
	NEXTPAIR

#define NEXTBLOCK \
	ADDQ $8, offset \
	DECQ left

#define ZERO4(z0, z1, z2, z3) \
	VPXORD z0, z0, z0 \
	VPXORD z1, z1, z1 \
	VPXORD z2, z2, z2 \
	VPXORD z3, z3, z3

// LOAD and STORE go through rows of C, of two panels, LOADNARROW and STORENARROW of one. LOADLAST and STORELAST end with the last row.
#define LOAD(lo, hi) \
	VMOVUPS.Z (a0), K1, lo   \
	VMOVUPS.Z 64(a0), K2, hi \
	ADDQ      ldc, a0

#define STORE(lo, hi) \
	VMOVUPS lo, K1, (c)   \
	VMOVUPS hi, K2, 64(c) \
	ADDQ    ldc, c

#define LOADNARROW(lo, hi) \
	VMOVUPS.Z (a0), K1, lo \
	ADDQ      ldc, a0

#define STORENARROW(lo, hi) \
	VMOVUPS lo, K1, (c) \
	ADDQ    ldc, c

#define LOADLAST(LOAD, lo, hi, done) \
	LOAD(lo, hi)   \
	CMPQ pairs, $1 \
	JEQ  done      \
	DECQ pairs

#define STORELAST(STORE, lo, hi, done) \
	STORE(lo, hi) \
	DECQ rows     \
	JEQ  done

#define LOAD12(LOAD) \
	MOVQ c, a0     \
	LOAD(Z0, Z1)   \
	LOAD(Z2, Z3)   \
	LOAD(Z4, Z5)   \
	LOAD(Z6, Z7)   \
	LOAD(Z8, Z9)   \
	LOAD(Z10, Z11) \
	LOAD(Z12, Z13) \
	LOAD(Z14, Z15) \
	LOAD(Z16, Z17) \
	LOAD(Z18, Z19) \
	LOAD(Z20, Z21) \
	LOAD(Z22, Z23)

#define ZERO12 \
	ZERO4(Z0, Z1, Z2, Z3)     \
	ZERO4(Z4, Z5, Z6, Z7)     \
	ZERO4(Z8, Z9, Z10, Z11)   \
	ZERO4(Z12, Z13, Z14, Z15) \
	ZERO4(Z16, Z17, Z18, Z19) \
	ZERO4(Z20, Z21, Z22, Z23)

#define STORE12(STORE) \
	STORE(Z0, Z1)   \
	STORE(Z2, Z3)   \
	STORE(Z4, Z5)   \
	STORE(Z6, Z7)   \
	STORE(Z8, Z9)   \
	STORE(Z10, Z11) \
	STORE(Z12, Z13) \
	STORE(Z14, Z15) \
	STORE(Z16, Z17) \
	STORE(Z18, Z19) \
	STORE(Z20, Z21) \
	STORE(Z22, Z23)

// TILES12 computes rows of C, 12 at a time, TILES4 those that are left, 4 at a time.
#define TILES12(PAIR, PANELS, LOAD, STORE) \
tile12:                         \
	CMPQ rows, $12              \
	JLT  rest                   \
	CMPB tileArgs_add(call), $0 \
	JNE  load12                 \
	ZERO12                      \
	JMP  start12                \
load12:                         \
	LOAD12(LOAD)                \
start12:                        \
	BLOCKS                      \
block12:                        \
	BLOCK                       \
	MORE                        \
pair12:                         \
	PANELS                      \
	ROWS12(PAIR)                \
	NEXTPAIR12                  \
	JNZ  pair12                 \
	NEXTBLOCK                   \
	JNZ  block12                \
	STORE12(STORE)              \
	LEAQ (a)(lda3*4), a         \
	SUBQ $12, rows              \
	JMP  tile12                 \
rest:

#define TILES4(PAIR, PANELS, LOAD, STORE) \
	LEAQ (lda)(lda*1), row2        \
tile4:                             \
	CMPQ rows, $0                  \
	JLE  done                      \
	CMPQ rows, $4                  \
	JGE  enough                    \
	CMPQ rows, $2                  \
	JGT  three                     \
	MOVQ lda, row2                 \
	JEQ  three                     \
	XORL lda, lda                  \
	XORL row2, row2                \
three:                             \
	MOVQ row2, row3                \
enough:                            \
	ZERO4(Z0, Z1, Z2, Z3)          \
	ZERO4(Z4, Z5, Z6, Z7)          \
	CMPB tileArgs_add(call), $0    \
	JEQ  start4                    \
	MOVQ c, a0                     \
	MOVQ rows, pairs               \
	LOADLAST(LOAD, Z0, Z1, start4) \
	LOADLAST(LOAD, Z2, Z3, start4) \
	LOADLAST(LOAD, Z4, Z5, start4) \
	LOAD(Z6, Z7)                   \
start4:                            \
	BLOCKS                         \
block4:                            \
	BLOCK                          \
pair4:                             \
	PANELS                         \
	ROWS4(PAIR)                    \
	NEXTPAIR                       \
	JNZ  pair4                     \
	NEXTBLOCK                      \
	JNZ  block4                    \
	STORELAST(STORE, Z0, Z1, done) \
	STORELAST(STORE, Z2, Z3, done) \
	STORELAST(STORE, Z4, Z5, done) \
	STORELAST(STORE, Z6, Z7, done) \
	LEAQ (a)(lda*4), a             \
	JMP  tile4

#define PROLOGUE \
	MOVQ  args+0(FP), call             \
	MOVQ  tileArgs_cols(call), CX      \
	MOVQ  $1, BX                       \
	SHLQ  CX, BX                       \
	DECQ  BX                           \
	KMOVW BX, K1                       \
	SHRQ  $16, BX                      \
	KMOVW BX, K2                       \
	MOVQ  tileArgs_a(call), a          \
	MOVQ  tileArgs_lda(call), lda      \
	LEAQ  (lda)(lda*2), lda3           \
	MOVQ  tileArgs_c(call), c          \
	MOVQ  tileArgs_ldc(call), ldc      \
	MOVQ  tileArgs_panelB(call), panel \
	MOVQ  tileArgs_rows(call), AX      \
	MOVQ  AX, rows

// func twoPanelsAVX512BF16(args *tileArgs)
//
//	for each row and column
//		sum = add ? C : 0
//		for each block, for each pair
//			sum += A[2·pair+1] · B[2·pair+1]
//			sum += A[2·pair] · B[2·pair]
//		C = sum
TEXT ·twoPanelsAVX512BF16(SB), NOSPLIT, $8-8
	PROLOGUE
	TILES12(PAIR, PANELS, LOAD, STORE)
	TILES4(PAIR, PANELS, LOAD, STORE)

done:
	VZEROUPPER
	RET

// func onePanelAVX512BF16(args *tileArgs)
TEXT ·onePanelAVX512BF16(SB), NOSPLIT, $8-8
	PROLOGUE
	TILES12(NARROW, PANEL, LOADNARROW, STORENARROW)
	TILES4(NARROW, PANEL, LOADNARROW, STORENARROW)

done:
	VZEROUPPER
	RET
