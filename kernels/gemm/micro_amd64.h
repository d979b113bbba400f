// What the micro kernels share: their registers, and how they walk down the rows of A and C. See args in kernels.go.

#define args  AX
#define b     BX  // row of the panel in this step
#define kleft CX  // steps left in this tile
#define aStep DX  // from a step of A to the next, bytes
#define aRow  SI  // from a row of A to the next, bytes
#define aRow3 DI  // three times that
#define a0    R8  // rows 0-3 of A in this step
#define a4    R9  // rows 4-7
#define a8    R10 // rows 8-11
#define c     R11 // row of C
#define ldc   R12 // from a row of C to the next, bytes
#define rows  R13 // rows left, of all tiles

// Stack frame: the current tile's rows of A.
#define tileA 0(SP)

#define PROLOGUE \
	MOVQ p+0(FP), args           \
	MOVQ args_a(args), a0        \
	MOVQ a0, tileA               \
	MOVQ args_aStep(args), aStep \
	SHLQ $2, aStep               \
	MOVQ args_aRow(args), aRow   \
	SHLQ $2, aRow                \
	LEAQ (aRow)(aRow*2), aRow3   \
	MOVQ args_c(args), c         \
	MOVQ args_ldc(args), ldc     \
	SHLQ $2, ldc                 \
	MOVQ args_rows(args), rows

// ENTERTILE points at the first step of the current tile.
#define ENTERTILE \
	MOVQ args_b(args), b     \
	MOVQ args_k(args), kleft \
	MOVQ tileA, a0           \
	LEAQ (a0)(aRow*4), a4    \
	LEAQ (a4)(aRow*4), a8

// NEXTTILE moves on to the rows of A below; those of C have been stepped over one by one.
#define NEXTTILE \
	MOVQ args_aTile(args), a0 \
	SHLQ $2, a0               \
	ADDQ a0, tileA
