//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "../internal/asm/avx2_amd64.h"

// Micro kernels for AVX2 and FMA3: 6 or 4 rows of A times a panel of 16 columns of B; see micro_avx512_amd64.s for the loop
// that they compute.
//
// Row r accumulates in Y(2r) and Y(2r+1); Y12 and Y13 hold a row of the panel, and in the end the masks of the columns that
// exist; Y14 and Y15 the elements of A, each broadcast once for both halves.

#include "micro_amd64.h"

#define MASKS \
	LEAQ    MIDDLE, BX          \
	MOVQ    args_cols(args), CX \
	SHLQ    $2, CX              \
	SUBQ    CX, BX              \
	VMOVUPS (BX), Y12           \
	VMOVUPS 32(BX), Y13

#define ELEMENT(mem, t, lo, hi) \
	VBROADCASTSS mem, t     \
	VFMADD231PS  Y12, t, lo \
	VFMADD231PS  Y13, t, hi

#define ROWS0TO3 \
	ELEMENT((a0), Y14, Y0, Y1)          \
	ELEMENT((a0)(aRow*1), Y15, Y2, Y3)  \
	ELEMENT((a0)(aRow*2), Y14, Y4, Y5)  \
	ELEMENT((a0)(aRow3*1), Y15, Y6, Y7) \
	ADDQ aStep, a0

#define ROWS4TO5 \
	ELEMENT((a4), Y14, Y8, Y9)           \
	ELEMENT((a4)(aRow*1), Y15, Y10, Y11) \
	ADDQ aStep, a4

#define PANELROW \
	VMOVUPS (b), Y12   \
	VMOVUPS 32(b), Y13 \
	ADDQ    $64, b

// C is wanted at the end of a tile; it is on its way while the tile is computed. A row is 64 bytes in two lines, unless C is aligned.
#define FETCH(n) \
	PREFETCHT0 (n)   \
	PREFETCHT0 60(n) \
	ADDQ       ldc, n

#define ZERO(y0, y1) \
	VXORPS y0, y0, y0 \
	VXORPS y1, y1, y1

// The last row of all ends the call.
#define SET(lo, hi, done) \
	VMOVUPS lo, (c)   \
	VMOVUPS hi, 32(c) \
	ADDQ    ldc, c    \
	DECQ    rows      \
	JZ      done

#define ADD(lo, hi, done) \
	VADDPS (c), lo, lo   \
	VADDPS 32(c), hi, hi \
	SET(lo, hi, done)

// The same for a panel of fewer columns: masked stores are slow on some processors.
#define SETSOME(lo, hi, done) \
	VMASKMOVPS lo, Y12, (c)   \
	VMASKMOVPS hi, Y13, 32(c) \
	ADDQ       ldc, c         \
	DECQ       rows           \
	JZ         done

#define ADDSOME(lo, hi, done) \
	VMASKMOVPS (c), Y12, Y14   \
	VMASKMOVPS 32(c), Y13, Y15 \
	VADDPS     Y14, lo, lo     \
	VADDPS     Y15, hi, hi     \
	SETSOME(lo, hi, done)

// func micro6x16AVX2(p *args)
TEXT ·micro6x16AVX2(SB), NOSPLIT, $8-8
	PROLOGUE

tile:
	MOVQ c, b
	FETCH(b)
	FETCH(b)
	FETCH(b)
	FETCH(b)
	FETCH(b)
	FETCH(b)
	ENTERTILE
	ZERO(Y0, Y1)
	ZERO(Y2, Y3)
	ZERO(Y4, Y5)
	ZERO(Y6, Y7)
	ZERO(Y8, Y9)
	ZERO(Y10, Y11)

step:
	PANELROW
	ROWS0TO3
	ROWS4TO5
	DECQ kleft
	JNZ  step

	CMPQ args_cols(args), $16
	JLT  some
	CMPQ args_add(args), $0
	JEQ  set
	ADD(Y0, Y1, done)
	ADD(Y2, Y3, done)
	ADD(Y4, Y5, done)
	ADD(Y6, Y7, done)
	ADD(Y8, Y9, done)
	ADD(Y10, Y11, done)
	NEXTTILE
	JMP  tile

set:
	SET(Y0, Y1, done)
	SET(Y2, Y3, done)
	SET(Y4, Y5, done)
	SET(Y6, Y7, done)
	SET(Y8, Y9, done)
	SET(Y10, Y11, done)
	NEXTTILE
	JMP tile

some:
	MASKS
	CMPQ args_add(args), $0
	JEQ  setSome
	ADDSOME(Y0, Y1, done)
	ADDSOME(Y2, Y3, done)
	ADDSOME(Y4, Y5, done)
	ADDSOME(Y6, Y7, done)
	ADDSOME(Y8, Y9, done)
	ADDSOME(Y10, Y11, done)
	NEXTTILE
	JMP  tile

setSome:
	SETSOME(Y0, Y1, done)
	SETSOME(Y2, Y3, done)
	SETSOME(Y4, Y5, done)
	SETSOME(Y6, Y7, done)
	SETSOME(Y8, Y9, done)
	SETSOME(Y10, Y11, done)
	NEXTTILE
	JMP tile

done:
	VZEROUPPER
	RET

// func micro4x16AVX2(p *args)
TEXT ·micro4x16AVX2(SB), NOSPLIT, $8-8
	PROLOGUE

tile:
	MOVQ c, b
	FETCH(b)
	FETCH(b)
	FETCH(b)
	FETCH(b)
	ENTERTILE
	ZERO(Y0, Y1)
	ZERO(Y2, Y3)
	ZERO(Y4, Y5)
	ZERO(Y6, Y7)

step:
	PANELROW
	ROWS0TO3
	DECQ kleft
	JNZ  step

	CMPQ args_cols(args), $16
	JLT  some
	CMPQ args_add(args), $0
	JEQ  set
	ADD(Y0, Y1, done)
	ADD(Y2, Y3, done)
	ADD(Y4, Y5, done)
	ADD(Y6, Y7, done)
	NEXTTILE
	JMP  tile

set:
	SET(Y0, Y1, done)
	SET(Y2, Y3, done)
	SET(Y4, Y5, done)
	SET(Y6, Y7, done)
	NEXTTILE
	JMP tile

some:
	MASKS
	CMPQ args_add(args), $0
	JEQ  setSome
	ADDSOME(Y0, Y1, done)
	ADDSOME(Y2, Y3, done)
	ADDSOME(Y4, Y5, done)
	ADDSOME(Y6, Y7, done)
	NEXTTILE
	JMP  tile

setSome:
	SETSOME(Y0, Y1, done)
	SETSOME(Y2, Y3, done)
	SETSOME(Y4, Y5, done)
	SETSOME(Y6, Y7, done)
	NEXTTILE
	JMP tile

done:
	VZEROUPPER
	RET
