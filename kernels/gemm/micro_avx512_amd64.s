//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Micro kernels for AVX-512: 12, 8 or 4 rows of A times a panel of 32 columns of B. All follow args in kernels.go:
//
//	for tiles of the height while rows are left:
//	    acc[r][j] = 0
//	    for i in 0..k-1:
//	        acc[r][j] += a[r·aRow + i·aStep] · b[i·32 + j]
//	    c[r·ldc + j] = acc[r][j] (+ c[r·ldc + j])    for the rows and columns that exist
//	    a += aTile, c += height·ldc
//
// Row r accumulates in Z(2r) and Z(2r+1); Z24 and Z25 hold a row of the panel; Z26-Z31 the elements of A, each broadcast
// once for both halves. K1 and K2 mask the columns that exist.

#include "micro_amd64.h"

#define ahead R15 // in the next panel

#define MASKS \
	MOVQ  args_cols(args), CX \
	MOVQ  $1, BX              \
	SHLQ  CX, BX              \
	DECQ  BX                  \
	KMOVW BX, K1              \
	SHRQ  $16, BX             \
	KMOVW BX, K2

#define ELEMENT(mem, t, lo, hi) \
	VBROADCASTSS mem, t     \
	VFMADD231PS  Z24, t, lo \
	VFMADD231PS  Z25, t, hi

// ROWS0TO3 and its like multiply the panel's row with the elements of A, d steps on from where a0, a4 and a8 point if the steps of
// A are adjacent.
#define ROWS0TO3(d) \
	ELEMENT((4*d)(a0), Z26, Z0, Z1)         \
	ELEMENT((4*d)(a0)(aRow*1), Z27, Z2, Z3) \
	ELEMENT((4*d)(a0)(aRow*2), Z28, Z4, Z5) \
	ELEMENT((4*d)(a0)(aRow3*1), Z29, Z6, Z7)

#define ROWS4TO7(d) \
	ELEMENT((4*d)(a4), Z30, Z8, Z9)           \
	ELEMENT((4*d)(a4)(aRow*1), Z31, Z10, Z11) \
	ELEMENT((4*d)(a4)(aRow*2), Z26, Z12, Z13) \
	ELEMENT((4*d)(a4)(aRow3*1), Z27, Z14, Z15)

#define ROWS8TO11(d) \
	ELEMENT((4*d)(a8), Z28, Z16, Z17)         \
	ELEMENT((4*d)(a8)(aRow*1), Z29, Z18, Z19) \
	ELEMENT((4*d)(a8)(aRow*2), Z30, Z20, Z21) \
	ELEMENT((4*d)(a8)(aRow3*1), Z31, Z22, Z23)

// PANELROW loads the panel's row d steps on. The panel that comes next is brought into the level-2 cache meanwhile, a line a step.
#define PANELROW(d) \
	PREFETCHT1 (64*d)(ahead)   \
	VMOVUPS    (128*d)(b), Z24 \
	VMOVUPS    (128*d+64)(b), Z25

#define NEXTROWS(n) \
	ADDQ $(64*n), ahead \
	ADDQ $(128*n), b

#define LOOKAHEAD \
	MOVQ args_k(args), ahead \
	SHLQ $7, ahead           \
	ADDQ args_b(args), ahead

#define STEP12(d) \
	PANELROW(d) \
	ROWS0TO3(d) \
	ROWS4TO7(d) \
	ROWS8TO11(d)

#define STEP8(d) \
	PANELROW(d) \
	ROWS0TO3(d) \
	ROWS4TO7(d)

#define STEP4(d) \
	PANELROW(d) \
	ROWS0TO3(d)

// COLUMN is ROWS0TO3 for four rows that are adjacent in a step of A, o bytes on, and COLUMN12 and its like a step of so many.
#define COLUMN(o, t0, t1, t2, t3, r0, r1, r2, r3, r4, r5, r6, r7) \
	ELEMENT((o)(a0), t0, r0, r1)   \
	ELEMENT((o+4)(a0), t1, r2, r3) \
	ELEMENT((o+8)(a0), t2, r4, r5) \
	ELEMENT((o+12)(a0), t3, r6, r7)

#define COLUMN12(d) \
	PANELROW(d)                                                               \
	COLUMN(48*d, Z26, Z27, Z28, Z29, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7)          \
	COLUMN(48*d+16, Z30, Z31, Z26, Z27, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15) \
	COLUMN(48*d+32, Z28, Z29, Z30, Z31, Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23)

#define COLUMN8(d) \
	PANELROW(d)                                                      \
	COLUMN(32*d, Z26, Z27, Z28, Z29, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7) \
	COLUMN(32*d+16, Z30, Z31, Z26, Z27, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)

#define COLUMN4(d) \
	PANELROW(d) \
	COLUMN(16*d, Z26, Z27, Z28, Z29, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7)

// C is wanted at the end of a tile; it comes while the tile is computed, two rows every four steps, for the processor drops what is
// fetched all at once. A row of a panel is 128 bytes in three lines, unless C is aligned. ROWSOFC says where it begins and, height rows
// further, ends.
#define nextC R14
#define endC  8(SP)

#define FETCHC(skip) \
	CMPQ       nextC, endC \
	JGE        skip        \
	PREFETCHT0 (nextC)     \
	PREFETCHT0 64(nextC)   \
	PREFETCHT0 124(nextC)  \
	ADDQ       ldc, nextC  \
	PREFETCHT0 (nextC)     \
	PREFETCHT0 64(nextC)   \
	PREFETCHT0 124(nextC)  \
	ADDQ       ldc, nextC  \
skip:

#define ROWSOFC(distance, times) \
	MOVQ c, nextC               \
	LEAQ (c)(distance*times), b \
	MOVQ b, endC

// STEPS runs k steps, four at a time while so many are left: the less is spent on counting, the more there is room to look ahead.
// The steps of A are adjacent, and ADVANCE moves a0 and its like on; or its rows are, height of them.
#define STEPS(STEP, ADVANCE, COLUMNS, height) \
	CMPQ aStep, $4        \
	JNE  columns          \
	SUBQ $4, kleft        \
	JLT  rest             \
steps4:                   \
	FETCHC(some)          \
	STEP(0)               \
	STEP(1)               \
	STEP(2)               \
	STEP(3)               \
	NEXTROWS(4)           \
	ADVANCE(16)           \
	SUBQ $4, kleft        \
	JGE  steps4           \
rest:                     \
	ADDQ $4, kleft        \
	JEQ  finish           \
step:                     \
	STEP(0)               \
	NEXTROWS(1)           \
	ADVANCE(4)            \
	DECQ kleft            \
	JNZ  step             \
	JMP  finish           \
columns:                  \
	SUBQ $4, kleft        \
	JLT  restColumns      \
columns4:                 \
	FETCHC(someColumns)   \
	COLUMNS(0)            \
	COLUMNS(1)            \
	COLUMNS(2)            \
	COLUMNS(3)            \
	NEXTROWS(4)           \
	ADDQ $(16*height), a0 \
	SUBQ $4, kleft        \
	JGE  columns4         \
restColumns:              \
	ADDQ $4, kleft        \
	JEQ  finish           \
column:                   \
	COLUMNS(0)            \
	NEXTROWS(1)           \
	ADDQ $(4*height), a0  \
	DECQ kleft            \
	JNZ  column           \
finish:

#define ADVANCE12(n) \
	ADDQ $n, a0 \
	ADDQ $n, a4 \
	ADDQ $n, a8

#define ADVANCE8(n) \
	ADDQ $n, a0 \
	ADDQ $n, a4

#define ADVANCE4(n) \
	ADDQ $n, a0

#define ZERO4(z0, z1, z2, z3) \
	VPXORD z0, z0, z0 \
	VPXORD z1, z1, z1 \
	VPXORD z2, z2, z2 \
	VPXORD z3, z3, z3

#define ZERO8(z0, z1, z2, z3, z4, z5, z6, z7) \
	ZERO4(z0, z1, z2, z3) \
	ZERO4(z4, z5, z6, z7)

// The last row of all ends the call.
#define SET(lo, hi, done) \
	VMOVUPS lo, K1, (c)   \
	VMOVUPS hi, K2, 64(c) \
	ADDQ    ldc, c        \
	DECQ    rows          \
	JZ      done

#define ADD(lo, hi, done) \
	VADDPS (c), lo, K1, lo   \
	VADDPS 64(c), hi, K2, hi \
	SET(lo, hi, done)

// func micro12x32AVX512(p *args)
TEXT ·micro12x32AVX512(SB), NOSPLIT, $16-8
	PROLOGUE
	MASKS
	LOOKAHEAD

tile:
	LEAQ (ldc)(ldc*2), b
	ROWSOFC(b, 4)
	ENTERTILE
	ZERO8(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7)
	ZERO8(Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	ZERO8(Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23)

	STEPS(STEP12, ADVANCE12, COLUMN12, 12)

	CMPQ args_add(args), $0
	JEQ  set
	ADD(Z0, Z1, done)
	ADD(Z2, Z3, done)
	ADD(Z4, Z5, done)
	ADD(Z6, Z7, done)
	ADD(Z8, Z9, done)
	ADD(Z10, Z11, done)
	ADD(Z12, Z13, done)
	ADD(Z14, Z15, done)
	ADD(Z16, Z17, done)
	ADD(Z18, Z19, done)
	ADD(Z20, Z21, done)
	ADD(Z22, Z23, done)
	NEXTTILE
	JMP  tile

set:
	SET(Z0, Z1, done)
	SET(Z2, Z3, done)
	SET(Z4, Z5, done)
	SET(Z6, Z7, done)
	SET(Z8, Z9, done)
	SET(Z10, Z11, done)
	SET(Z12, Z13, done)
	SET(Z14, Z15, done)
	SET(Z16, Z17, done)
	SET(Z18, Z19, done)
	SET(Z20, Z21, done)
	SET(Z22, Z23, done)
	NEXTTILE
	JMP tile

done:
	VZEROUPPER
	RET

// func micro8x32AVX512(p *args)
TEXT ·micro8x32AVX512(SB), NOSPLIT, $16-8
	PROLOGUE
	MASKS
	LOOKAHEAD

tile:
	ROWSOFC(ldc, 8)
	ENTERTILE
	ZERO8(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7)
	ZERO8(Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)

	STEPS(STEP8, ADVANCE8, COLUMN8, 8)

	CMPQ args_add(args), $0
	JEQ  set
	ADD(Z0, Z1, done)
	ADD(Z2, Z3, done)
	ADD(Z4, Z5, done)
	ADD(Z6, Z7, done)
	ADD(Z8, Z9, done)
	ADD(Z10, Z11, done)
	ADD(Z12, Z13, done)
	ADD(Z14, Z15, done)
	NEXTTILE
	JMP  tile

set:
	SET(Z0, Z1, done)
	SET(Z2, Z3, done)
	SET(Z4, Z5, done)
	SET(Z6, Z7, done)
	SET(Z8, Z9, done)
	SET(Z10, Z11, done)
	SET(Z12, Z13, done)
	SET(Z14, Z15, done)
	NEXTTILE
	JMP tile

done:
	VZEROUPPER
	RET

// func micro4x32AVX512(p *args)
TEXT ·micro4x32AVX512(SB), NOSPLIT, $16-8
	PROLOGUE
	MASKS
	LOOKAHEAD

tile:
	ROWSOFC(ldc, 4)
	ENTERTILE
	ZERO8(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7)

	STEPS(STEP4, ADVANCE4, COLUMN4, 4)

	CMPQ args_add(args), $0
	JEQ  set
	ADD(Z0, Z1, done)
	ADD(Z2, Z3, done)
	ADD(Z4, Z5, done)
	ADD(Z6, Z7, done)
	NEXTTILE
	JMP  tile

set:
	SET(Z0, Z1, done)
	SET(Z2, Z3, done)
	SET(Z4, Z5, done)
	SET(Z6, Z7, done)
	NEXTTILE
	JMP tile

done:
	VZEROUPPER
	RET
