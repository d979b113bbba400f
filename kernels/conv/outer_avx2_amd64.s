//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Outer products for the weight gradient, AVX2 and FMA3; see outer_avx512_amd64.s for the loop that they compute.

#include "outer_amd64.h"

// 4 input channels × 16 output channels: Y0-Y7 accumulate, two registers an input channel.
// The sums that are added to, all or none, go through the mask in Y13.
#define LOADMASK \
	MOVQ         outerArgs_add(args), tmp \
	NEGQ         tmp                      \
	MOVQ         tmp, X13                 \
	VPBROADCASTQ X13, Y13

#define LOADROW(lo, hi) \
	VMASKMOVPS (dw), Y13, lo   \
	VMASKMOVPS 32(dw), Y13, hi \
	ADDQ       dwRow, dw

#define STOREROW(lo, hi) \
	VMOVUPS lo, (dw)   \
	VMOVUPS hi, 32(dw) \
	ADDQ    dwRow, dw

#define INPUT(d, t, lo, hi) \
	VBROADCASTSS d(x), t    \
	VFMADD231PS  Y14, t, lo \
	VFMADD231PS  Y15, t, hi

// One pixel of the tile.
#define PIXEL4X16 \
	VMOVUPS (dy), Y14     \
	VMOVUPS 32(dy), Y15   \
	INPUT(0, Y8, Y0, Y1)  \
	INPUT(4, Y9, Y2, Y3)  \
	INPUT(8, Y10, Y4, Y5) \
	INPUT(12, Y11, Y6, Y7)

// func outer4x16AVX2(a *outerArgs)
TEXT ·outer4x16AVX2(SB), NOSPLIT, $0-8
	PROLOGUE
	LOADMASK
	ENTERDW
	LOADROW(Y0, Y1)
	LOADROW(Y2, Y3)
	LOADROW(Y4, Y5)
	LOADROW(Y6, Y7)

	PIXELS(PIXEL4X16)

	ENTERDW
	STOREROW(Y0, Y1)
	STOREROW(Y2, Y3)
	STOREROW(Y4, Y5)
	STOREROW(Y6, Y7)
	VZEROUPPER
	RET

// 6 input channels × 16 output channels: Y0-Y11 accumulate.
#define PIXEL6X16 \
	VMOVUPS (dy), Y14      \
	VMOVUPS 32(dy), Y15    \
	INPUT(0, Y12, Y0, Y1)  \
	INPUT(4, Y13, Y2, Y3)  \
	INPUT(8, Y12, Y4, Y5)  \
	INPUT(12, Y13, Y6, Y7) \
	INPUT(16, Y12, Y8, Y9) \
	INPUT(20, Y13, Y10, Y11)

// func outer6x16AVX2(a *outerArgs)
TEXT ·outer6x16AVX2(SB), NOSPLIT, $0-8
	PROLOGUE
	LOADMASK
	ENTERDW
	LOADROW(Y0, Y1)
	LOADROW(Y2, Y3)
	LOADROW(Y4, Y5)
	LOADROW(Y6, Y7)
	LOADROW(Y8, Y9)
	LOADROW(Y10, Y11)

	PIXELS(PIXEL6X16)

	ENTERDW
	STOREROW(Y0, Y1)
	STOREROW(Y2, Y3)
	STOREROW(Y4, Y5)
	STOREROW(Y6, Y7)
	STOREROW(Y8, Y9)
	STOREROW(Y10, Y11)
	VZEROUPPER
	RET
