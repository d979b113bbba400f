//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "../internal/asm/neon_arm64.h"

// Products of pairs, BFMMLA: 8 rows of C times 8 columns. Rows 2r and 2r+1 accumulate in V(4r) to V(4r+3), two columns each: 2×2 floats.
// V16 to V19 hold two pairs of two rows of A each, V20 to V23 those of B as they come, and V24 to V27 of two columns each.

#define call   R0
#define a0     R1 // rows of A at this pair
#define a1     R2
#define a2     R3
#define a3     R4
#define a4     R5
#define a5     R6
#define a6     R7
#define a7     R8
#define a      R9  // the first of these rows
#define lda    R10 // bytes
#define b      R11 // the pair of rows in the panel of B; a block follows the one before
#define c      R12 // rows of C
#define ldc    R13 // bytes
#define rows   R14 // left
#define cols   R15
#define offset R16 // that of the block in rows of A
#define left   R17 // blocks left
#define pairs  R19 // left in this block
#define at     R20 // rows of C, or of a copy
#define ld     R21 // bytes
#define tmp    R22
#define more   R23
#define from   R24
#define to     R25
#define row    R26

// BELOW is the row after another one, or that one again where there is no row i.
#define BELOW(i, before, after) \
	CMP  $i, rows         \
	CSEL GT, lda, ZR, tmp \
	ADD  tmp, before, after

// MOVEROWS moves on in all rows of A by tmp bytes.
#define MOVEROWS \
	ADD tmp, a0, a0 \
	ADD tmp, a1, a1 \
	ADD tmp, a2, a2 \
	ADD tmp, a3, a3 \
	ADD tmp, a4, a4 \
	ADD tmp, a5, a5 \
	ADD tmp, a6, a6 \
	ADD tmp, a7, a7

// TWOPAIRS loads two pairs of two rows of A, ONEPAIR one and zeros.
#define TWOPAIRS(upper, lower, F, V) \
	FMOVD.P 8(upper), F \
	VLD1.P  8(lower), V.D[1]

#define ONEPAIR(upper, lower, F, V) \
	FMOVS.P 4(upper), F \
	VLD1.P  4(lower), V.S[2]

#define ZIP \
	VZIP1 V22.S4, V20.S4, V24.S4 \
	VZIP2 V22.S4, V20.S4, V25.S4 \
	VZIP1 V23.S4, V21.S4, V26.S4 \
	VZIP2 V23.S4, V21.S4, V27.S4

// ROWS multiplies two rows of A, in register x, by all columns and adds to the registers from v on.
#define ROWS(x, v) \
	BFMMLA_4S(24, x, v)   \
	BFMMLA_4S(25, x, v+1) \
	BFMMLA_4S(26, x, v+2) \
	BFMMLA_4S(27, x, v+3)

#define MULTIPLY \
	ROWS(16, 0) \
	ROWS(17, 4) \
	ROWS(18, 8) \
	ROWS(19, 12)

// LOADROW loads a row of C, the one before again if there are no more, of which more counts; LOADROWS two.
#define LOADROW(lo, hi) \
	VLD1 (to), [lo.S4, hi.S4] \
	SUBS $1, more, more       \
	CSEL GT, ld, ZR, tmp      \
	ADD  tmp, to, to

#define LOADROWS(v0, v1, v2, v3) \
	LOADROW(V28, V29)           \
	LOADROW(V30, V31)           \
	VZIP1 V30.D2, V28.D2, v0.D2 \
	VZIP2 V30.D2, V28.D2, v1.D2 \
	VZIP1 V31.D2, V29.D2, v2.D2 \
	VZIP2 V31.D2, V29.D2, v3.D2

#define ZEROROWS(v0, v1, v2, v3) \
	VEOR v0.B16, v0.B16, v0.B16 \
	VEOR v1.B16, v1.B16, v1.B16 \
	VEOR v2.B16, v2.B16, v2.B16 \
	VEOR v3.B16, v3.B16, v3.B16

// STOREROW stores a row of C and is done with the last one; STOREROWS stores two.
#define STOREROW(lo, hi, done) \
	VST1 [lo.S4, hi.S4], (to) \
	ADD  ld, to, to           \
	SUBS $1, more, more       \
	BEQ  done

#define STOREROWS(v0, v1, v2, v3, done) \
	VZIP1 v1.D2, v0.D2, V28.D2 \
	VZIP1 v3.D2, v2.D2, V29.D2 \
	VZIP2 v1.D2, v0.D2, V30.D2 \
	VZIP2 v3.D2, v2.D2, V31.D2 \
	STOREROW(V28, V29, done)   \
	STOREROW(V30, V31, done)

// COPY copies rows of a group, of fewer than eight columns, from src to dst.
#define COPY(src, ldsrc, dst, lddst, nextrow, next) \
	MOVD    src, from           \
	MOVD    dst, to             \
	MOVD    row, more           \
nextrow:                        \
	MOVD    cols, tmp           \
next:                           \
	FMOVS.P 4(from), F28        \
	FMOVS.P F28, 4(to)          \
	SUBS    $1, tmp, tmp        \
	BNE     next                \
	SUB     cols<<2, from, from \
	SUB     cols<<2, to, to     \
	ADD     ldsrc, from, from   \
	ADD     lddst, to, to       \
	SUBS    $1, more, more      \
	BNE     nextrow

// func columnsNEONBF16(args *tileArgs, panel, first, n int)
//
// for each row and up to 8 columns from the first on, which lie panel bytes into B:
//
//	sum = add ? C : 0
//	for each block, for each pair, and of an odd number of pairs once more with zeros
//		sum += A[2·pair] · B[2·pair] + A[2·pair+1] · B[2·pair+1]
//	C = sum
TEXT ·columnsNEONBF16(SB), NOSPLIT, $256-32
	MOVD args+0(FP), call
	MOVD first+16(FP), tmp
	MOVD n+24(FP), cols
	MOVD tileArgs_c(call), c
	ADD  tmp<<2, c, c
	MOVD tileArgs_ldc(call), ldc
	MOVD tileArgs_a(call), a
	MOVD tileArgs_lda(call), lda
	MOVD tileArgs_rows(call), rows

group:
	MOVD  $8, row // rows of this group
	CMP   rows, row
	CSEL  GT, rows, row, row
	MOVD  c, at
	MOVD  ldc, ld
	CMP   $8, cols
	BEQ   begin
	MOVD  $tile-256(SP), at
	MOVD  $32, ld
	MOVBU tileArgs_add(call), tmp
	CBZ   tmp, begin
	COPY(c, ldc, at, ld, rowin, in)

begin:
	MOVBU tileArgs_add(call), tmp
	CBZ   tmp, zero
	MOVD  at, to
	MOVD  row, more
	LOADROWS(V0, V1, V2, V3)
	LOADROWS(V4, V5, V6, V7)
	LOADROWS(V8, V9, V10, V11)
	LOADROWS(V12, V13, V14, V15)
	B     start

zero:
	ZEROROWS(V0, V1, V2, V3)
	ZEROROWS(V4, V5, V6, V7)
	ZEROROWS(V8, V9, V10, V11)
	ZEROROWS(V12, V13, V14, V15)

start:
	MOVD a, a0
	BELOW(1, a0, a1)
	BELOW(2, a1, a2)
	BELOW(3, a2, a3)
	BELOW(4, a3, a4)
	BELOW(5, a4, a5)
	BELOW(6, a5, a6)
	BELOW(7, a6, a7)
	MOVD tileArgs_b(call), b
	MOVD panel+8(FP), tmp
	ADD  tmp, b, b
	MOVD tileArgs_blocks(call), left
	ADD  $tileArgs_offsets, call, offset
	MOVD (offset), tmp
	MOVEROWS

block:
	MOVD tileArgs_pairs(call), pairs
	SUBS $2, pairs, pairs
	BLT  rest

two:
	VLD1 (b), [V20.S4, V21.S4]
	ADD  $64, b, b
	VLD1 (b), [V22.S4, V23.S4]
	ADD  $64, b, b
	ZIP
	TWOPAIRS(a0, a1, F16, V16)
	TWOPAIRS(a2, a3, F17, V17)
	TWOPAIRS(a4, a5, F18, V18)
	TWOPAIRS(a6, a7, F19, V19)
	MULTIPLY
	SUBS $2, pairs, pairs
	BGE  two

rest:
	ADDS $2, pairs, pairs
	BEQ  next
	VLD1 (b), [V20.S4, V21.S4]
	ADD  $64, b, b
	VEOR V22.B16, V22.B16, V22.B16
	VEOR V23.B16, V23.B16, V23.B16
	ZIP
	ONEPAIR(a0, a1, F16, V16)
	ONEPAIR(a2, a3, F17, V17)
	ONEPAIR(a4, a5, F18, V18)
	ONEPAIR(a6, a7, F19, V19)
	MULTIPLY

next:
	SUBS   $1, left, left
	BEQ    store
	MOVD   (offset), to
	MOVD.W 8(offset), tmp
	MOVD   tileArgs_pairs(call), pairs
	SUB    to, tmp, tmp
	SUB    pairs<<2, tmp, tmp
	MOVEROWS
	B      block

store:
	MOVD at, to
	MOVD row, more
	STOREROWS(V0, V1, V2, V3, stored)
	STOREROWS(V4, V5, V6, V7, stored)
	STOREROWS(V8, V9, V10, V11, stored)
	STOREROWS(V12, V13, V14, V15, stored)

stored:
	CMP $8, cols
	BEQ nextgroup
	COPY(at, ld, c, ldc, rowout, out)

nextgroup:
	ADD  lda<<3, a, a
	ADD  ldc<<3, c, c
	SUBS $8, rows, rows
	BGT  group
	RET
