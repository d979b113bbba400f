//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Depthwise convolution of a row of pixels, AVX-512: see convolveArgs in kernels.go. Sixteen or eight pixels of sixteen
// channels at a time,
//
//	for pixels p..p+15 (p..p+7 if no more than eight are left):
//	    for each block of 16 channels:
//	        acc[i] = 0
//	        for each tap t: acc[i] += src[t.x + (p+i)·srcPix] · w[t.w]
//	        dst[(p+i)·dstPix] = acc[i] (+ dst)    for the pixels and channels that exist
//
// Z0-Z15 accumulate, Z31 holds the weights of a tap; K1 masks the channels that exist.

#define args  AX
#define pix   BX  // from an output pixel's source to the next, bytes
#define pix3  CX
#define tap   DX  // next tap
#define ntaps SI  // taps left
#define s0    DI  // source of pixels 0-3 for this tap
#define s4    R8
#define s8    R9
#define s12   R10
#define wt    R11 // weights of this tap
#define src   R12 // source of this tile and block
#define dst   R13
#define w     R15 // weights of this block

#define pixelsLeft   0(SP)
#define channelsLeft 8(SP)
#define tileSrc      16(SP)
#define tileDst      24(SP)

#define ENTERTAP \
	MOVQ (tap), s0           \
	MOVQ 8(tap), wt          \
	ADDQ $16, tap            \
	LEAQ (src)(s0*4), s0     \
	LEAQ (s0)(pix*4), s4     \
	VMOVUPS (w)(wt*4), Z31

#define PIXELS4(s, z0, z1, z2, z3) \
	VFMADD231PS (s), Z31, z0         \
	VFMADD231PS (s)(pix*1), Z31, z1  \
	VFMADD231PS (s)(pix*2), Z31, z2  \
	VFMADD231PS (s)(pix3*1), Z31, z3

#define ZERO4(z0, z1, z2, z3) \
	VPXORD z0, z0, z0 \
	VPXORD z1, z1, z1 \
	VPXORD z2, z2, z2 \
	VPXORD z3, z3, z3

// The last pixel of the row ends the stores of a block. s0 points at the pixel, s4 is the distance, ntaps counts.
#define SET(z, done) \
	VMOVUPS z, K1, (s0) \
	ADDQ s4, s0         \
	DECQ ntaps          \
	JZ   done

#define ADD(z, done) \
	VADDPS (s0), z, K1, z \
	SET(z, done)

#define ENTERSTORES \
	MOVQ dst, s0                       \
	MOVQ convolveArgs_dstPix(args), s4 \
	SHLQ $2, s4                        \
	MOVQ pixelsLeft, ntaps

// func convolveAVX512(a *convolveArgs)
TEXT ·convolveAVX512(SB), NOSPLIT, $32-8
	MOVQ a+0(FP), args
	MOVQ convolveArgs_srcPix(args), pix
	SHLQ $2, pix
	LEAQ (pix)(pix*2), pix3
	MOVQ convolveArgs_pixels(args), s0
	MOVQ s0, pixelsLeft
	MOVQ convolveArgs_src(args), s0
	MOVQ s0, tileSrc
	MOVQ convolveArgs_dst(args), s0
	MOVQ s0, tileDst

tile:
	MOVQ tileSrc, src
	MOVQ tileDst, dst
	MOVQ convolveArgs_w(args), w
	MOVQ convolveArgs_channels(args), s0
	MOVQ s0, channelsLeft

block:
	MOVQ $0xffff, s0
	MOVQ $16, s4
	SUBQ channelsLeft, s4 // channels that this block lacks
	JLE  masked
	MOVQ CX, s8
	MOVQ s4, CX
	SHRQ CX, s0
	MOVQ s8, CX

masked:
	KMOVW s0, K1
	MOVQ  convolveArgs_taps(args), tap
	MOVQ  (convolveArgs_taps+8)(args), ntaps
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	CMPQ  pixelsLeft, $8
	JLE   eight
	ZERO4(Z8, Z9, Z10, Z11)
	ZERO4(Z12, Z13, Z14, Z15)
	TESTQ ntaps, ntaps
	JZ    store

taps16:
	ENTERTAP
	LEAQ (s4)(pix*4), s8
	LEAQ (s8)(pix*4), s12
	PIXELS4(s0, Z0, Z1, Z2, Z3)
	PIXELS4(s4, Z4, Z5, Z6, Z7)
	PIXELS4(s8, Z8, Z9, Z10, Z11)
	PIXELS4(s12, Z12, Z13, Z14, Z15)
	DECQ ntaps
	JNZ  taps16
	JMP  store

eight:
	TESTQ ntaps, ntaps
	JZ    store

taps8:
	ENTERTAP
	PIXELS4(s0, Z0, Z1, Z2, Z3)
	PIXELS4(s4, Z4, Z5, Z6, Z7)
	DECQ ntaps
	JNZ  taps8

store:
	ENTERSTORES
	CMPQ convolveArgs_add(args), $0
	JEQ  set
	ADD(Z0, stored)
	ADD(Z1, stored)
	ADD(Z2, stored)
	ADD(Z3, stored)
	ADD(Z4, stored)
	ADD(Z5, stored)
	ADD(Z6, stored)
	ADD(Z7, stored)
	ADD(Z8, stored)
	ADD(Z9, stored)
	ADD(Z10, stored)
	ADD(Z11, stored)
	ADD(Z12, stored)
	ADD(Z13, stored)
	ADD(Z14, stored)
	ADD(Z15, stored)
	JMP stored

set:
	SET(Z0, stored)
	SET(Z1, stored)
	SET(Z2, stored)
	SET(Z3, stored)
	SET(Z4, stored)
	SET(Z5, stored)
	SET(Z6, stored)
	SET(Z7, stored)
	SET(Z8, stored)
	SET(Z9, stored)
	SET(Z10, stored)
	SET(Z11, stored)
	SET(Z12, stored)
	SET(Z13, stored)
	SET(Z14, stored)
	SET(Z15, stored)

stored:
	ADDQ $64, src
	ADDQ $64, dst
	ADDQ $64, w
	SUBQ $16, channelsLeft
	JG   block

	MOVQ pix, s0
	SHLQ $4, s0
	ADDQ s0, tileSrc
	SHLQ $4, s4 // from a pixel to the next
	ADDQ s4, tileDst
	SUBQ $16, pixelsLeft
	JG   tile
	VZEROUPPER
	RET
