//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Weight gradients of nine taps over a row of pixels, AVX-512: see correlateArgs in kernels.go.
//
//	for each block of 16 channels:
//	    acc[t] = dw[taps[t].w]
//	    for each pixel: acc[t] += x[taps[t].x + p·xPix] · g[p·gPix]
//	    dw[taps[t].w] = acc[t]
//
// Z0-Z8 accumulate, Z9 holds a pixel of the output gradient, of which only channels that exist are read.

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

// func correlateAVX512(a *correlateArgs)
TEXT ·correlateAVX512(SB), NOSPLIT, $24-8
	MOVQ a+0(FP), args
	MOVQ $0, offset
	MOVQ correlateArgs_channels(args), g
	MOVQ g, channelsLeft

block:
	ENTERLIST
	MOVQ correlateArgs_x(args), xPix
	ADDQ offset, xPix
	ENTERTAP(0, Z0, x0)
	ENTERTAP(1, Z1, x1)
	ENTERTAP(2, Z2, x2)
	ENTERTAP(3, Z3, x3)
	ENTERTAP(4, Z4, x4)
	ENTERTAP(5, Z5, x5)
	ENTERTAP(6, Z6, x6)
	ENTERTAP(7, Z7, x7)
	ENTERTAP(8, Z8, x8)

	MOVQ $0xffff, g
	MOVQ $16, CX
	SUBQ channelsLeft, CX // channels that this block lacks
	JLE  masked
	SHRQ CX, g

masked:
	KMOVW g, K1
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
	VMOVUPS.Z (g), K1, Z9
	VFMADD231PS (x0)(index*1), Z9, Z0
	VFMADD231PS (x1)(index*1), Z9, Z1
	VFMADD231PS (x2)(index*1), Z9, Z2
	VFMADD231PS (x3)(index*1), Z9, Z3
	VFMADD231PS (x4)(index*1), Z9, Z4
	VFMADD231PS (x5)(index*1), Z9, Z5
	VFMADD231PS (x6)(index*1), Z9, Z6
	VFMADD231PS (x7)(index*1), Z9, Z7
	VFMADD231PS (x8)(index*1), Z9, Z8
	ADDQ gPix, g
	ADDQ xPix, index
	DECQ pixelsLeft
	JNZ  pixel

	ENTERLIST
	LEAVETAP(0, Z0)
	LEAVETAP(1, Z1)
	LEAVETAP(2, Z2)
	LEAVETAP(3, Z3)
	LEAVETAP(4, Z4)
	LEAVETAP(5, Z5)
	LEAVETAP(6, Z6)
	LEAVETAP(7, Z7)
	LEAVETAP(8, Z8)
	ADDQ $64, offset
	SUBQ $16, channelsLeft
	JG   block
	VZEROUPPER
	RET
