//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Weight gradients of three pieces of three taps over a row of pixels of 8 channels, AVX2 and FMA3: see correlateArgs in
// kernels.go.
//
//	acc[i][j] = dw[pieces[i].w[j]]
//	for each pixel p: acc[i][j] += x[pieces[i].x + (p+j)·xPix] · g[p·gPix]
//	dw[pieces[i].w[j]] = acc[i][j]
//
// Y0-Y8 accumulate; a pixel of the output gradient is in Y9, of which only the channels that exist are read (Y10).

#define args  AX
#define xPix  CX // bytes
#define gPix  DX // bytes
#define g     SI // pixel of the output gradient
#define x0    R8 // the next pixel of each piece
#define x1    R9
#define x2    R10
#define piece BX
#define dw    DI
#define tmp   R11
#define left  R12 // pixels left

// Eight channels that exist, then eight that don't.
DATA present<>+0(SB)/8, $-1
DATA present<>+8(SB)/8, $-1
DATA present<>+16(SB)/8, $-1
DATA present<>+24(SB)/8, $-1
GLOBL present<>(SB), RODATA|NOPTR, $64

#define ENTERTAP(j, acc) \
	MOVQ (piece_w+8*j)(piece), tmp \
	VMOVUPS (dw)(tmp*4), acc

#define ENTERPIECE(a0, a1, a2, x) \
	ENTERTAP(0, a0)          \
	ENTERTAP(1, a1)          \
	ENTERTAP(2, a2)          \
	MOVQ piece_x(piece), tmp \
	LEAQ (x)(tmp*4), x       \
	ADDQ $piece__size, piece

#define LEAVETAP(j, acc) \
	MOVQ (piece_w+8*j)(piece), tmp \
	VMOVUPS acc, (dw)(tmp*4)

#define LEAVEPIECE(a0, a1, a2) \
	LEAVETAP(0, a0)          \
	LEAVETAP(1, a1)          \
	LEAVETAP(2, a2)          \
	ADDQ $piece__size, piece

// PIECE multiplies the pixel in Y9 with the source of three taps.
#define PIECE(x, a0, a1, a2) \
	VFMADD231PS (x), Y9, a0         \
	VFMADD231PS (x)(xPix*1), Y9, a1 \
	VFMADD231PS (x)(xPix*2), Y9, a2 \
	ADDQ xPix, x

// func correlateAVX2(a *correlateArgs)
TEXT ·correlateAVX2(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), args
	LEAQ present<>+32(SB), tmp
	MOVQ correlateArgs_channels(args), CX
	SHLQ $2, CX
	SUBQ CX, tmp
	VMOVUPS (tmp), Y10
	MOVQ correlateArgs_dw(args), dw
	MOVQ correlateArgs_pieces(args), piece
	MOVQ correlateArgs_x(args), x0
	MOVQ x0, x1
	MOVQ x0, x2
	ENTERPIECE(Y0, Y1, Y2, x0)
	ENTERPIECE(Y3, Y4, Y5, x1)
	ENTERPIECE(Y6, Y7, Y8, x2)
	MOVQ correlateArgs_xPix(args), xPix
	SHLQ $2, xPix
	MOVQ correlateArgs_gPix(args), gPix
	SHLQ $2, gPix
	MOVQ correlateArgs_g(args), g
	MOVQ correlateArgs_pixels(args), left

pixel:
	VMASKMOVPS (g), Y10, Y9
	ADDQ gPix, g
	PIECE(x0, Y0, Y1, Y2)
	PIECE(x1, Y3, Y4, Y5)
	PIECE(x2, Y6, Y7, Y8)
	DECQ left
	JNZ  pixel

	MOVQ correlateArgs_pieces(args), piece
	LEAVEPIECE(Y0, Y1, Y2)
	LEAVEPIECE(Y3, Y4, Y5)
	LEAVEPIECE(Y6, Y7, Y8)
	VZEROUPPER
	RET
