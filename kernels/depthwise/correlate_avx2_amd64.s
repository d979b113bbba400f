//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Weight gradients of nine taps over a row of pixels, AVX2 and FMA3: see correlateArgs in kernels.go.
//
//	for each block of 8 channels:
//	    acc[t] = dw[taps[t].w]
//	    for each pixel: acc[t] += x[taps[t].x + p·xPix] · g[p·gPix]
//	    dw[taps[t].w] = acc[t]
//
// Y0-Y8 accumulate, Y9 holds a pixel of the output gradient, of which only channels that exist are read.

#define args  AX
#define index BX // of the pixel in x, bytes
#define xPix  CX // bytes
#define gPix  DX // bytes
#define g     SI // pixel of the output gradient
#define x0    R8 // where tap 0 begins in x, and so on
#define x1    R9
#define x2    R10
#define x3    R11
#define x4    R12
#define x5    R13
#define x6    R14
#define x7    R15
#define x8    DI

#define offset       0(SP) // of the block, bytes
#define channelsLeft 8(SP)
#define pixelsLeft   16(SP)

// Eight channels that exist, then eight that don't.
DATA present<>+0(SB)/8, $-1
DATA present<>+8(SB)/8, $-1
DATA present<>+16(SB)/8, $-1
DATA present<>+24(SB)/8, $-1
GLOBL present<>(SB), RODATA|NOPTR, $64

// WEIGHTS leaves the address of the gradient of tap i in g; index holds that of the list of taps, gPix that of dw.
#define WEIGHTS(i) \
	MOVQ (16*i+8)(index), g \
	LEAQ (gPix)(g*4), g

#define ENTERTAP(i, acc, p) \
	WEIGHTS(i)             \
	VMOVUPS (g), acc       \
	MOVQ (16*i)(index), p  \
	LEAQ (xPix)(p*4), p

#define LEAVETAP(i, acc) \
	WEIGHTS(i)       \
	VMOVUPS acc, (g)

#define ENTERLIST \
	MOVQ correlateArgs_taps(args), index \
	MOVQ correlateArgs_dw(args), gPix    \
	ADDQ offset, gPix

// func correlateAVX2(a *correlateArgs)
TEXT ·correlateAVX2(SB), NOSPLIT, $24-8
	MOVQ a+0(FP), args
	MOVQ $0, offset
	MOVQ correlateArgs_channels(args), g
	MOVQ g, channelsLeft

block:
	ENTERLIST
	MOVQ correlateArgs_x(args), xPix
	ADDQ offset, xPix
	ENTERTAP(0, Y0, x0)
	ENTERTAP(1, Y1, x1)
	ENTERTAP(2, Y2, x2)
	ENTERTAP(3, Y3, x3)
	ENTERTAP(4, Y4, x4)
	ENTERTAP(5, Y5, x5)
	ENTERTAP(6, Y6, x6)
	ENTERTAP(7, Y7, x7)
	ENTERTAP(8, Y8, x8)

	LEAQ present<>+32(SB), g
	MOVQ channelsLeft, CX
	CMPQ CX, $8
	JLE  masked
	MOVQ $8, CX

masked:
	SHLQ $2, CX
	SUBQ CX, g
	VMOVUPS (g), Y10
	MOVQ correlateArgs_xPix(args), xPix
	SHLQ $2, xPix
	MOVQ correlateArgs_gPix(args), gPix
	SHLQ $2, gPix
	MOVQ correlateArgs_g(args), g
	ADDQ offset, g
	MOVQ correlateArgs_pixels(args), index
	MOVQ index, pixelsLeft
	XORQ index, index

pixel:
	VMASKMOVPS (g), Y10, Y9
	VFMADD231PS (x0)(index*1), Y9, Y0
	VFMADD231PS (x1)(index*1), Y9, Y1
	VFMADD231PS (x2)(index*1), Y9, Y2
	VFMADD231PS (x3)(index*1), Y9, Y3
	VFMADD231PS (x4)(index*1), Y9, Y4
	VFMADD231PS (x5)(index*1), Y9, Y5
	VFMADD231PS (x6)(index*1), Y9, Y6
	VFMADD231PS (x7)(index*1), Y9, Y7
	VFMADD231PS (x8)(index*1), Y9, Y8
	ADDQ gPix, g
	ADDQ xPix, index
	DECQ pixelsLeft
	JNZ  pixel

	ENTERLIST
	LEAVETAP(0, Y0)
	LEAVETAP(1, Y1)
	LEAVETAP(2, Y2)
	LEAVETAP(3, Y3)
	LEAVETAP(4, Y4)
	LEAVETAP(5, Y5)
	LEAVETAP(6, Y6)
	LEAVETAP(7, Y7)
	LEAVETAP(8, Y8)
	ADDQ $32, offset
	SUBQ $8, channelsLeft
	JG   block
	VZEROUPPER
	RET
