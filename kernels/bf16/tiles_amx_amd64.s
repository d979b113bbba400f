//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "amx_amd64.h"

// Products on tiles, AMX: tiles 0 to 3 hold C, 4 and 5 rows of A, 6 and 7 panels of B.

#define call   DI
#define at     AX // what a tile is loaded from or stored to
#define AT     0
#define b      SI // the block in the first panel of B
#define B      6
#define offset BX // that of the block in A
#define left   CX // blocks left
#define panel  DX // bytes from a panel of B to the next
#define a      R8 // rows of A
#define lda    R9 // bytes
#define LDA    9
#define c      R10 // rows of C
#define C      10
#define ldc    R11 // bytes
#define LDC    11
#define LINE   12  // R12, 64: the bytes of a row of B
#define groups R13 // left
#define tall   R15 // bytes of 16 rows of A or C

// BEGIN begins a group of rows of C with zeros, or goes on to load them.
#define BEGIN(load) \
	MOVQ tileArgs_b(call), b            \
	MOVQ tileArgs_blocks(call), left    \
	LEAQ tileArgs_offsets(call), offset \
	MOVQ ldc, tall                      \
	SHLQ $4, tall                       \
	MOVQ c, at                          \
	CMPB tileArgs_add(call), $0         \
	JNE  load

// ROWS loads the first 16 rows of A, MOREROWS those below, PANEL and NEXTPANEL columns of B.
#define ROWS \
	MOVQ a, at        \
	ADDQ (offset), at \
	TILELOADD(AT, LDA, 4)

#define MOREROWS(t) \
	ADDQ tall, at \
	TILELOADD(AT, LDA, t)

#define PANEL TILELOADD(B, LINE, 6)

#define NEXTPANEL \
	LEAQ (b)(panel*1), at \
	TILELOADD(AT, LINE, 7)

// NEXTBLOCK goes on to the next block of the inner dimension.
#define NEXTBLOCK \
	ADDQ tileArgs_blockB(call), b \
	ADDQ $8, offset               \
	DECQ left

// STORE begins the end of a group, for the number of tiles that it is high NEXTGROUP goes on to the next one.
#define STORE \
	MOVQ ldc, tall \
	SHLQ $4, tall  \
	MOVQ c, at

#define NEXTGROUP(tiles) \
	MOVQ  lda, at           \
	IMULQ $(16*tiles), at   \
	ADDQ  at, a             \
	MOVQ  ldc, at           \
	IMULQ $(16*tiles), at   \
	ADDQ  at, c             \
	DECQ  groups

#define TALLA \
	MOVQ lda, tall \
	SHLQ $4, tall

// func tileAMX(args *tileArgs)
//
//	for each group of rows
//		tiles of C = add ? C : 0
//		for each block
//			tiles of C += rows of A at the block's offset × panels of B
//		C = tiles of C
TEXT ·tileAMX(SB), NOSPLIT, $0-8
	MOVQ args+0(FP), call
	LDTILECFG(7)
	MOVQ tileArgs_a(call), a
	MOVQ tileArgs_lda(call), lda
	MOVQ tileArgs_c(call), c
	MOVQ tileArgs_ldc(call), ldc
	MOVQ tileArgs_panelB(call), panel
	MOVQ tileArgs_groups(call), groups
	MOVQ $64, R12
	CMPQ tileArgs_high(call), $2
	JGT  high4
	JEQ  high2
	CMPQ tileArgs_wide(call), $2
	JEQ  start12

	// One tile.
start11:
	BEGIN(load11)
	TILEZERO(0)
	JMP  block11

load11:
	TILELOADD(AT, LDC, 0)

block11:
	ROWS
	PANEL
	TDPBF16PS(6, 4, 0)
	NEXTBLOCK
	JNZ block11
	TILESTORED(0, C, LDC)
	NEXTGROUP(1)
	JNZ start11
	TILERELEASE
	RET

	// Two side by side.
start12:
	BEGIN(load12)
	TILEZERO(0)
	TILEZERO(1)
	JMP  block12

load12:
	TILELOADD(AT, LDC, 0)
	ADDQ $64, at
	TILELOADD(AT, LDC, 1)

block12:
	ROWS
	PANEL
	TDPBF16PS(6, 4, 0)
	NEXTPANEL
	TDPBF16PS(7, 4, 1)
	NEXTBLOCK
	JNZ block12
	STORE
	TILESTORED(0, AT, LDC)
	ADDQ $64, at
	TILESTORED(1, AT, LDC)
	NEXTGROUP(1)
	JNZ start12
	TILERELEASE
	RET

high2:
	CMPQ tileArgs_wide(call), $2
	JEQ  start22

	// Two on top of each other.
start21:
	BEGIN(load21)
	TILEZERO(0)
	TILEZERO(1)
	JMP  sum21

load21:
	TILELOADD(AT, LDC, 0)
	ADDQ tall, at
	TILELOADD(AT, LDC, 1)

sum21:
	TALLA

block21:
	PANEL
	ROWS
	TDPBF16PS(6, 4, 0)
	MOREROWS(5)
	TDPBF16PS(6, 5, 1)
	NEXTBLOCK
	JNZ block21
	STORE
	TILESTORED(0, AT, LDC)
	ADDQ tall, at
	TILESTORED(1, AT, LDC)
	NEXTGROUP(2)
	JNZ start21
	TILERELEASE
	RET

	// Two by two.
start22:
	BEGIN(load22)
	TILEZERO(0)
	TILEZERO(1)
	TILEZERO(2)
	TILEZERO(3)
	JMP  sum22

load22:
	TILELOADD(AT, LDC, 0)
	ADDQ tall, at
	TILELOADD(AT, LDC, 2)
	LEAQ 64(c), at
	TILELOADD(AT, LDC, 1)
	ADDQ tall, at
	TILELOADD(AT, LDC, 3)

sum22:
	TALLA

block22:
	PANEL
	ROWS
	TDPBF16PS(6, 4, 0)
	MOREROWS(5)
	TDPBF16PS(6, 5, 2)
	NEXTPANEL
	TDPBF16PS(7, 4, 1)
	TDPBF16PS(7, 5, 3)
	NEXTBLOCK
	JNZ block22
	STORE
	TILESTORED(0, AT, LDC)
	ADDQ tall, at
	TILESTORED(2, AT, LDC)
	LEAQ 64(c), at
	TILESTORED(1, AT, LDC)
	ADDQ tall, at
	TILESTORED(3, AT, LDC)
	NEXTGROUP(2)
	JNZ start22
	TILERELEASE
	RET

	// Four on top of each other: with fewer sums at a time each would wait for the one before.
high4:
	BEGIN(load41)
	TILEZERO(0)
	TILEZERO(1)
	TILEZERO(2)
	TILEZERO(3)
	JMP  sum41

load41:
	TILELOADD(AT, LDC, 0)
	ADDQ tall, at
	TILELOADD(AT, LDC, 1)
	ADDQ tall, at
	TILELOADD(AT, LDC, 2)
	ADDQ tall, at
	TILELOADD(AT, LDC, 3)

sum41:
	TALLA

block41:
	PANEL
	ROWS
	TDPBF16PS(6, 4, 0)
	MOREROWS(5)
	TDPBF16PS(6, 5, 1)
	MOREROWS(4)
	TDPBF16PS(6, 4, 2)
	MOREROWS(5)
	TDPBF16PS(6, 5, 3)
	NEXTBLOCK
	JNZ block41
	STORE
	TILESTORED(0, AT, LDC)
	ADDQ tall, at
	TILESTORED(1, AT, LDC)
	ADDQ tall, at
	TILESTORED(2, AT, LDC)
	ADDQ tall, at
	TILESTORED(3, AT, LDC)
	NEXTGROUP(4)
	JNZ high4
	TILERELEASE
	RET
