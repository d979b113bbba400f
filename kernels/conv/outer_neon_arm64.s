//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "../internal/asm/neon_arm64.h"

// Outer product for the weight gradient, NEON: 4 input channels × 16 output channels. See outerArgs in kernels.go:
//
//	acc[i][c] = add ? dw[i·dwRow + c] : 0
//	for each pixel of each row: acc[i][c] += x[i] · dy[c]
//	dw[i·dwRow + c] = acc[i][c]
//
// Input channel i accumulates in V(4i) to V(4i+3), V24-V27 hold a pixel of dy, V28 one of x.

#define args  R0
#define x     R1 // input pixel
#define dy    R2 // gradient pixel
#define xPix  R3 // distances in bytes
#define dyPix R4
#define cols  R5 // pixels and rows left
#define rows  R6
#define rowX  R8 // starts of the current row
#define rowDY R9
#define dw    R12
#define dwRow R13
#define tmp   R14

// ADVANCE adds a distance in floats, a field of the arguments, to a pointer.
#define ADVANCE(field, p) \
	MOVD field(args), tmp \
	ADD  tmp<<2, p, p

// INPUT adds channel i of the input times the pixel of dy to the vectors from v on.
#define INPUT(i, v) \
	FMLA_4S(28, i, 24, v)   \
	FMLA_4S(28, i, 25, v+1) \
	FMLA_4S(28, i, 26, v+2) \
	FMLA_4S(28, i, 27, v+3)

// LOAD takes only the sums that are added to, all or none: V31 is a mask.
#define LOAD(v0, v1, v2, v3) \
	VLD1 (dw), [v0.S4, v1.S4, v2.S4, v3.S4] \
	VAND v0.B16, V31.B16, v0.B16            \
	VAND v1.B16, V31.B16, v1.B16            \
	VAND v2.B16, V31.B16, v2.B16            \
	VAND v3.B16, V31.B16, v3.B16            \
	ADD  dwRow, dw, dw

#define STORE(v0, v1, v2, v3) \
	VST1 [v0.S4, v1.S4, v2.S4, v3.S4], (dw) \
	ADD  dwRow, dw, dw

// func outer4x16NEON(a *outerArgs)
TEXT ·outer4x16NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), args
	MOVD outerArgs_xPix(args), xPix
	LSL  $2, xPix, xPix
	MOVD outerArgs_dyPix(args), dyPix
	LSL  $2, dyPix, dyPix
	MOVD outerArgs_dwRow(args), dwRow
	LSL  $2, dwRow, dwRow
	MOVD outerArgs_x(args), rowX
	MOVD outerArgs_dy(args), rowDY
	MOVD outerArgs_rows(args), rows
	MOVD outerArgs_add(args), tmp
	NEG  tmp, tmp
	VDUP tmp, V31.D2
	MOVD outerArgs_dw(args), dw
	LOAD(V0, V1, V2, V3)
	LOAD(V4, V5, V6, V7)
	LOAD(V8, V9, V10, V11)
	LOAD(V12, V13, V14, V15)

row:
	MOVD rowX, x
	MOVD rowDY, dy
	MOVD outerArgs_cols(args), cols

pixel:
	VLD1 (dy), [V24.S4, V25.S4, V26.S4, V27.S4]
	ADD  dyPix, dy, dy
	VLD1 (x), [V28.S4]
	ADD  xPix, x, x
	INPUT(0, 0)
	INPUT(1, 4)
	INPUT(2, 8)
	INPUT(3, 12)
	SUBS $1, cols, cols
	BNE  pixel
	ADVANCE(outerArgs_xRow, rowX)
	ADVANCE(outerArgs_dyRow, rowDY)
	SUBS $1, rows, rows
	BNE  row

	MOVD outerArgs_dw(args), dw
	STORE(V0, V1, V2, V3)
	STORE(V4, V5, V6, V7)
	STORE(V8, V9, V10, V11)
	STORE(V12, V13, V14, V15)
	RET
