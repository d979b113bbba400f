//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "../internal/asm/neon_arm64.h"

// Micro kernels for NEON: 6 or 4 rows of A times a panel of 16 columns of B. Both follow args in kernels.go:
//
//	for tiles of the height while rows are left:
//	    acc[r][j] = 0
//	    for i in 0..k-1:
//	        acc[r][j] += a[r·aRow + i·aStep] · b[i·16 + j]
//	    c[r·ldc + j] = acc[r][j] (+ c[r·ldc + j])    for the rows and columns that exist
//	    a += aTile, c += height·ldc
//
// Row r accumulates in V(4r) to V(4r+3). Where the steps of A are adjacent, four of them are loaded at a time, a vector for each row; where
// its rows are, all rows of one step. Six rows of four steps leave but two registers for the panel, which takes half of its columns at a
// time.

#define args  R0
#define a0    R1  // the rows of A
#define a1    R2
#define a2    R3
#define a3    R4
#define a4    R5
#define a5    R6
#define b     R7  // row of the panel in this step
#define kleft R8  // steps left in this tile
#define aStep R9  // bytes
#define aRow  R10 // bytes
#define tileA R11 // the current tile's rows of A
#define c     R12 // row of C
#define ldc   R13 // bytes
#define rows  R14 // rows left, of all tiles
#define cols  R15
#define add   R19
#define tmp   R20
#define to    R21
#define left  R22

#define PROLOGUE \
	MOVD p+0(FP), args           \
	MOVD args_a(args), tileA     \
	MOVD args_aRow(args), aRow   \
	LSL  $2, aRow, aRow          \
	MOVD args_aStep(args), aStep \
	LSL  $2, aStep, aStep        \
	MOVD args_c(args), c         \
	MOVD args_ldc(args), ldc     \
	LSL  $2, ldc, ldc            \
	MOVD args_rows(args), rows   \
	MOVD args_cols(args), cols   \
	MOVD args_add(args), add

#define ENTERTILE \
	MOVD args_b(args), b     \
	MOVD args_k(args), kleft \
	MOVD tileA, a0           \
	ADD  aRow, a0, a1        \
	ADD  aRow, a1, a2        \
	ADD  aRow, a2, a3

#define NEXTTILE \
	MOVD args_aTile(args), tmp \
	ADD  tmp<<2, tileA, tileA

#define ZEROROW(v0, v1, v2, v3) \
	VEOR v0.B16, v0.B16, v0.B16 \
	VEOR v1.B16, v1.B16, v1.B16 \
	VEOR v2.B16, v2.B16, v2.B16 \
	VEOR v3.B16, v3.B16, v3.B16

#define PANELROW \
	VLD1.P 64(b), [V24.S4, V25.S4, V26.S4, V27.S4]

// ELEMENT multiplies the panel's row by lane i of x and adds it to the vectors from v on.
#define ELEMENT(x, i, v) \
	FMLA_4S(x, i, 24, v)   \
	FMLA_4S(x, i, 25, v+1) \
	FMLA_4S(x, i, 26, v+2) \
	FMLA_4S(x, i, 27, v+3)

// HALF does so with eight columns of the panel, in V24 and V25, for all six rows, whose elements are in V26-V31.
#define HALF(i, v) \
	VLD1.P 32(b), [V24.S4, V25.S4] \
	FMLA_4S(26, i, 24, v)          \
	FMLA_4S(26, i, 25, v+1)        \
	FMLA_4S(27, i, 24, v+4)        \
	FMLA_4S(27, i, 25, v+5)        \
	FMLA_4S(28, i, 24, v+8)        \
	FMLA_4S(28, i, 25, v+9)        \
	FMLA_4S(29, i, 24, v+12)       \
	FMLA_4S(29, i, 25, v+13)       \
	FMLA_4S(30, i, 24, v+16)       \
	FMLA_4S(30, i, 25, v+17)       \
	FMLA_4S(31, i, 24, v+20)       \
	FMLA_4S(31, i, 25, v+21)

#define STEP6(i) \
	HALF(i, 0) \
	HALF(i, 2)

#define STEP4(i) \
	PANELROW          \
	ELEMENT(28, i, 0) \
	ELEMENT(29, i, 4) \
	ELEMENT(30, i, 8) \
	ELEMENT(31, i, 12)

// ADDROW adds a row of C, times the ones in V28.
#define ADDROW(from, v0, v1, v2, v3) \
	VLD1  (from), [V24.S4, V25.S4, V26.S4, V27.S4] \
	VFMLA V28.S4, V24.S4, v0.S4                    \
	VFMLA V28.S4, V25.S4, v1.S4                    \
	VFMLA V28.S4, V26.S4, v2.S4                    \
	VFMLA V28.S4, V27.S4, v3.S4

// WHOLE writes a row of 16 columns. The last row of all ends the call.
#define WHOLE(set, v0, v1, v2, v3, done) \
	CBZ add, set                           \
	ADDROW(c, v0, v1, v2, v3)              \
set:                                       \
	VST1 [v0.S4, v1.S4, v2.S4, v3.S4], (c) \
	ADD  ldc, c, c                         \
	SUBS $1, rows, rows                    \
	BEQ  done

// SOME writes a row of fewer columns by way of the stack.
#define SOME(next, set, v0, v1, v2, v3, done) \
	VST1 [v0.S4, v1.S4, v2.S4, v3.S4], (tmp) \
	MOVD tmp, to                             \
	MOVD cols, left                          \
next:                                        \
	FMOVS.P 4(to), F24                       \
	CBZ     add, set                         \
	FMOVS   (c), F25                         \
	FADDS   F25, F24, F24                    \
set:                                         \
	FMOVS.P F24, 4(c)                        \
	SUBS    $1, left, left                   \
	BNE     next                             \
	SUB     cols<<2, c, c                    \
	ADD     ldc, c, c                        \
	SUBS    $1, rows, rows                   \
	BEQ     done

// func micro6x16NEON(p *args)
TEXT ·micro6x16NEON(SB), NOSPLIT, $64-8
	PROLOGUE

tile:
	ENTERTILE
	ADD aRow, a3, a4
	ADD aRow, a4, a5
	ZEROROW(V0, V1, V2, V3)
	ZEROROW(V4, V5, V6, V7)
	ZEROROW(V8, V9, V10, V11)
	ZEROROW(V12, V13, V14, V15)
	ZEROROW(V16, V17, V18, V19)
	ZEROROW(V20, V21, V22, V23)

	CMP  $4, aStep
	BNE  column
	SUBS $4, kleft, kleft
	BLT  rest

steps4:
	VLD1.P 16(a0), [V26.S4]
	VLD1.P 16(a1), [V27.S4]
	VLD1.P 16(a2), [V28.S4]
	VLD1.P 16(a3), [V29.S4]
	VLD1.P 16(a4), [V30.S4]
	VLD1.P 16(a5), [V31.S4]
	STEP6(0)
	STEP6(1)
	STEP6(2)
	STEP6(3)
	SUBS   $4, kleft, kleft
	BGE    steps4

rest:
	ADDS $4, kleft, kleft
	BEQ  finish

step:
	VLD1R.P 4(a0), [V26.S4]
	VLD1R.P 4(a1), [V27.S4]
	VLD1R.P 4(a2), [V28.S4]
	VLD1R.P 4(a3), [V29.S4]
	VLD1R.P 4(a4), [V30.S4]
	VLD1R.P 4(a5), [V31.S4]
	STEP6(0)
	SUBS    $1, kleft, kleft
	BNE     step
	B       finish

column:
	PANELROW
	VLD1  (a0), [V28.S4]
	FMOVD 16(a0), F29
	ADD   aStep, a0, a0
	ELEMENT(28, 0, 0)
	ELEMENT(28, 1, 4)
	ELEMENT(28, 2, 8)
	ELEMENT(28, 3, 12)
	ELEMENT(29, 0, 16)
	ELEMENT(29, 1, 20)
	SUBS  $1, kleft, kleft
	BNE   column

finish:
	FMOVS $1.0, F28
	VDUP  V28.S[0], V28.S4
	CMP   $16, cols
	BLT   some
	WHOLE(set0, V0, V1, V2, V3, done)
	WHOLE(set1, V4, V5, V6, V7, done)
	WHOLE(set2, V8, V9, V10, V11, done)
	WHOLE(set3, V12, V13, V14, V15, done)
	WHOLE(set4, V16, V17, V18, V19, done)
	WHOLE(set5, V20, V21, V22, V23, done)
	NEXTTILE
	B     tile

some:
	MOVD $row-64(SP), tmp
	SOME(next0, some0, V0, V1, V2, V3, done)
	SOME(next1, some1, V4, V5, V6, V7, done)
	SOME(next2, some2, V8, V9, V10, V11, done)
	SOME(next3, some3, V12, V13, V14, V15, done)
	SOME(next4, some4, V16, V17, V18, V19, done)
	SOME(next5, some5, V20, V21, V22, V23, done)
	NEXTTILE
	B    tile

done:
	RET

// func micro4x16NEON(p *args)
TEXT ·micro4x16NEON(SB), NOSPLIT, $64-8
	PROLOGUE

tile:
	ENTERTILE
	ZEROROW(V0, V1, V2, V3)
	ZEROROW(V4, V5, V6, V7)
	ZEROROW(V8, V9, V10, V11)
	ZEROROW(V12, V13, V14, V15)

	CMP  $4, aStep
	BNE  column
	SUBS $4, kleft, kleft
	BLT  rest

steps4:
	VLD1.P 16(a0), [V28.S4]
	VLD1.P 16(a1), [V29.S4]
	VLD1.P 16(a2), [V30.S4]
	VLD1.P 16(a3), [V31.S4]
	STEP4(0)
	STEP4(1)
	STEP4(2)
	STEP4(3)
	SUBS   $4, kleft, kleft
	BGE    steps4

rest:
	ADDS $4, kleft, kleft
	BEQ  finish

step:
	VLD1R.P 4(a0), [V28.S4]
	VLD1R.P 4(a1), [V29.S4]
	VLD1R.P 4(a2), [V30.S4]
	VLD1R.P 4(a3), [V31.S4]
	STEP4(0)
	SUBS    $1, kleft, kleft
	BNE     step
	B       finish

column:
	PANELROW
	VLD1 (a0), [V28.S4]
	ADD  aStep, a0, a0
	ELEMENT(28, 0, 0)
	ELEMENT(28, 1, 4)
	ELEMENT(28, 2, 8)
	ELEMENT(28, 3, 12)
	SUBS $1, kleft, kleft
	BNE  column

finish:
	FMOVS $1.0, F28
	VDUP  V28.S[0], V28.S4
	CMP   $16, cols
	BLT   some
	WHOLE(set0, V0, V1, V2, V3, done)
	WHOLE(set1, V4, V5, V6, V7, done)
	WHOLE(set2, V8, V9, V10, V11, done)
	WHOLE(set3, V12, V13, V14, V15, done)
	NEXTTILE
	B     tile

some:
	MOVD $row-64(SP), tmp
	SOME(next0, some0, V0, V1, V2, V3, done)
	SOME(next1, some1, V4, V5, V6, V7, done)
	SOME(next2, some2, V8, V9, V10, V11, done)
	SOME(next3, some3, V12, V13, V14, V15, done)
	NEXTTILE
	B    tile

done:
	RET
