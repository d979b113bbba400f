//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Weight gradients of three pieces of three taps over a row of pixels of 16 channels, AVX-512: see correlateArgs in
// kernels.go.
//
//	acc[i][j] = dw[pieces[i].w[j]]
//	for each pixel p: acc[i][j] += x[pieces[i].x + (p+j)·xPix] · g[p·gPix]
//	dw[pieces[i].w[j]] = acc[i][j]
//
// Z0-Z8 accumulate; Z9-Z17 hold the source of three taps of each piece, of which a pixel needs one anew, so the loop takes three
// pixels a turn; Z18 holds a pixel of the output gradient, of which only the channels that exist are read (K1).

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

// PIECE multiplies the pixel in Z18 with the source of three taps, of which the last is loaded now.
#define PIECE(x, t0, t1, t2, a0, a1, a2) \
	VMOVUPS (x)(xPix*2), t2   \
	ADDQ xPix, x              \
	VFMADD231PS t0, Z18, a0   \
	VFMADD231PS t1, Z18, a1   \
	VFMADD231PS t2, Z18, a2

#define PIXEL \
	VMOVUPS.Z (g), K1, Z18 \
	ADDQ gPix, g

// func correlateAVX512(a *correlateArgs)
TEXT ·correlateAVX512(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), args
	MOVQ correlateArgs_channels(args), CX
	MOVQ $1, tmp
	SHLQ CX, tmp
	DECQ tmp
	KMOVW tmp, K1
	MOVQ correlateArgs_dw(args), dw
	MOVQ correlateArgs_pieces(args), piece
	MOVQ correlateArgs_x(args), x0
	MOVQ x0, x1
	MOVQ x0, x2
	ENTERPIECE(Z0, Z1, Z2, x0)
	ENTERPIECE(Z3, Z4, Z5, x1)
	ENTERPIECE(Z6, Z7, Z8, x2)
	MOVQ correlateArgs_xPix(args), xPix
	SHLQ $2, xPix
	MOVQ correlateArgs_gPix(args), gPix
	SHLQ $2, gPix
	MOVQ correlateArgs_g(args), g
	MOVQ correlateArgs_pixels(args), left

	VMOVUPS (x0), Z9
	VMOVUPS (x0)(xPix*1), Z10
	VMOVUPS (x1), Z12
	VMOVUPS (x1)(xPix*1), Z13
	VMOVUPS (x2), Z15
	VMOVUPS (x2)(xPix*1), Z16

pixels3:
	PIXEL
	PIECE(x0, Z9, Z10, Z11, Z0, Z1, Z2)
	PIECE(x1, Z12, Z13, Z14, Z3, Z4, Z5)
	PIECE(x2, Z15, Z16, Z17, Z6, Z7, Z8)
	DECQ left
	JZ   leave
	PIXEL
	PIECE(x0, Z10, Z11, Z9, Z0, Z1, Z2)
	PIECE(x1, Z13, Z14, Z12, Z3, Z4, Z5)
	PIECE(x2, Z16, Z17, Z15, Z6, Z7, Z8)
	DECQ left
	JZ   leave
	PIXEL
	PIECE(x0, Z11, Z9, Z10, Z0, Z1, Z2)
	PIECE(x1, Z14, Z12, Z13, Z3, Z4, Z5)
	PIECE(x2, Z17, Z15, Z16, Z6, Z7, Z8)
	DECQ left
	JNZ  pixels3

leave:
	MOVQ correlateArgs_pieces(args), piece
	LEAVEPIECE(Z0, Z1, Z2)
	LEAVEPIECE(Z3, Z4, Z5)
	LEAVEPIECE(Z6, Z7, Z8)
	VZEROUPPER
	RET
