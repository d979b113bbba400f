//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Weight gradients of three pieces of three taps over a row of pixels of 4 channels, NEON: see correlate_avx512_amd64.s for the loop.
//
// V0-V8 accumulate; V9 holds a pixel of the output gradient, of which only the channels that exist are read, V10 the source.

#define args     R0
#define piece    R1
#define dw       R2
#define tmp      R3
#define x0       R4 // the next pixel of each piece
#define x1       R5
#define x2       R6
#define xPix     R7 // bytes
#define g        R8
#define gPix     R9 // bytes
#define left     R10
#define x        R11
#define channels R12

#define ENTERTAP(j, acc) \
	MOVD (piece_w+8*j)(piece), tmp \
	ADD  tmp<<2, dw, tmp           \
	VLD1 (tmp), [acc.S4]

#define ENTERPIECE(a0, a1, a2, p) \
	ENTERTAP(0, a0)          \
	ENTERTAP(1, a1)          \
	ENTERTAP(2, a2)          \
	MOVD piece_x(piece), tmp \
	ADD  tmp<<2, x, p        \
	ADD  $piece__size, piece, piece

#define LEAVETAP(j, acc) \
	MOVD (piece_w+8*j)(piece), tmp \
	ADD  tmp<<2, dw, tmp           \
	VST1 [acc.S4], (tmp)

#define LEAVEPIECE(a0, a1, a2) \
	LEAVETAP(0, a0) \
	LEAVETAP(1, a1) \
	LEAVETAP(2, a2) \
	ADD $piece__size, piece, piece

// PIECE multiplies the pixel in V9 with the source of three taps.
#define PIECE(p, a0, a1, a2) \
	MOVD   p, tmp                \
	ADD    xPix, p, p            \
	VLD1.P (tmp)(xPix), [V10.S4] \
	VFMLA  V10.S4, V9.S4, a0.S4  \
	VLD1.P (tmp)(xPix), [V11.S4] \
	VFMLA  V11.S4, V9.S4, a1.S4  \
	VLD1   (tmp), [V12.S4]       \
	VFMLA  V12.S4, V9.S4, a2.S4

// func correlateNEON(a *correlateArgs)
TEXT ·correlateNEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), args
	MOVD correlateArgs_dw(args), dw
	MOVD correlateArgs_pieces(args), piece
	MOVD correlateArgs_x(args), x
	ENTERPIECE(V0, V1, V2, x0)
	ENTERPIECE(V3, V4, V5, x1)
	ENTERPIECE(V6, V7, V8, x2)
	MOVD correlateArgs_xPix(args), xPix
	LSL  $2, xPix, xPix
	MOVD correlateArgs_gPix(args), gPix
	LSL  $2, gPix, gPix
	MOVD correlateArgs_g(args), g
	MOVD correlateArgs_pixels(args), left
	MOVD correlateArgs_channels(args), channels

pixel:
	CMP  $4, channels
	BLT  some
	VLD1 (g), [V9.S4]
	B    loaded

some:
	FMOVS (g), F9 // and zeros in the other lanes
	CMP   $2, channels
	BLT   loaded
	ADD   $4, g, tmp
	VLD1  (tmp), V9.S[1]
	BEQ   loaded
	ADD   $8, g, tmp
	VLD1  (tmp), V9.S[2]

loaded:
	ADD  gPix, g, g
	PIECE(x0, V0, V1, V2)
	PIECE(x1, V3, V4, V5)
	PIECE(x2, V6, V7, V8)
	SUBS $1, left, left
	BNE  pixel

	MOVD correlateArgs_pieces(args), piece
	LEAVEPIECE(V0, V1, V2)
	LEAVEPIECE(V3, V4, V5)
	LEAVEPIECE(V6, V7, V8)
	RET
