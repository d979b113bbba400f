//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Depthwise convolution of a row of pixels, AVX2 and FMA3: eight pixels of eight channels at a time; see
// convolve_avx512_amd64.s for the loop.
//
// Y0-Y7 accumulate, Y8 holds the weights of a tap, and in a last block of fewer channels Y9 the mask of those that exist.

#define args  AX
#define pix   BX  // from an output pixel's source to the next, bytes
#define pix3  CX
#define tap   DX  // next tap
#define ntaps SI  // taps left
#define s0    DI  // source of pixels 0-3 for this tap
#define s4    R8
#define wt    R11 // weights of this tap
#define src   R12 // source of this tile and block
#define dst   R13
#define w     R15 // weights of this block

#define pixelsLeft   0(SP)
#define channelsLeft 8(SP)
#define tileSrc      16(SP)
#define tileDst      24(SP)

// Eight channels that exist, then eight that don't.
DATA existing<>+0(SB)/8, $-1
DATA existing<>+8(SB)/8, $-1
DATA existing<>+16(SB)/8, $-1
DATA existing<>+24(SB)/8, $-1
GLOBL existing<>(SB), RODATA|NOPTR, $64

#define PIXELS4(s, y0, y1, y2, y3) \
	VFMADD231PS (s), Y8, y0         \
	VFMADD231PS (s)(pix*1), Y8, y1  \
	VFMADD231PS (s)(pix*2), Y8, y2  \
	VFMADD231PS (s)(pix3*1), Y8, y3

// The last pixel of the row ends the stores of a block. s0 points at the pixel, s4 is the distance, ntaps counts.
#define SET(y, done) \
	VMOVUPS y, (s0) \
	ADDQ s4, s0     \
	DECQ ntaps      \
	JZ   done

#define ADD(y, done) \
	VADDPS (s0), y, y \
	SET(y, done)

// The same for a block of fewer channels: masked stores are slow on some processors.
#define SETSOME(y, done) \
	VMASKMOVPS y, Y9, (s0) \
	ADDQ s4, s0            \
	DECQ ntaps             \
	JZ   done

#define ADDSOME(y, done) \
	VMASKMOVPS (s0), Y9, Y10 \
	VADDPS Y10, y, y         \
	SETSOME(y, done)

// func convolveAVX2(a *convolveArgs)
TEXT ·convolveAVX2(SB), NOSPLIT, $32-8
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
	MOVQ convolveArgs_taps(args), tap
	MOVQ (convolveArgs_taps+8)(args), ntaps
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	TESTQ ntaps, ntaps
	JZ    store

taps8:
	MOVQ (tap), s0
	MOVQ 8(tap), wt
	ADDQ $16, tap
	LEAQ (src)(s0*4), s0
	LEAQ (s0)(pix*4), s4
	VMOVUPS (w)(wt*4), Y8
	PIXELS4(s0, Y0, Y1, Y2, Y3)
	PIXELS4(s4, Y4, Y5, Y6, Y7)
	DECQ ntaps
	JNZ  taps8

store:
	MOVQ dst, s0
	MOVQ convolveArgs_dstPix(args), s4
	SHLQ $2, s4
	MOVQ pixelsLeft, ntaps
	CMPQ channelsLeft, $8
	JLT  some
	CMPQ convolveArgs_add(args), $0
	JEQ  set
	ADD(Y0, stored)
	ADD(Y1, stored)
	ADD(Y2, stored)
	ADD(Y3, stored)
	ADD(Y4, stored)
	ADD(Y5, stored)
	ADD(Y6, stored)
	ADD(Y7, stored)
	JMP stored

set:
	SET(Y0, stored)
	SET(Y1, stored)
	SET(Y2, stored)
	SET(Y3, stored)
	SET(Y4, stored)
	SET(Y5, stored)
	SET(Y6, stored)
	SET(Y7, stored)
	JMP stored

some:
	LEAQ existing<>+32(SB), tap
	MOVQ channelsLeft, wt
	SHLQ $2, wt
	SUBQ wt, tap
	VMOVUPS (tap), Y9
	CMPQ convolveArgs_add(args), $0
	JEQ  setSome
	ADDSOME(Y0, stored)
	ADDSOME(Y1, stored)
	ADDSOME(Y2, stored)
	ADDSOME(Y3, stored)
	ADDSOME(Y4, stored)
	ADDSOME(Y5, stored)
	ADDSOME(Y6, stored)
	ADDSOME(Y7, stored)
	JMP stored

setSome:
	SETSOME(Y0, stored)
	SETSOME(Y1, stored)
	SETSOME(Y2, stored)
	SETSOME(Y3, stored)
	SETSOME(Y4, stored)
	SETSOME(Y5, stored)
	SETSOME(Y6, stored)
	SETSOME(Y7, stored)

stored:
	ADDQ $32, src
	ADDQ $32, dst
	ADDQ $32, w
	SUBQ $8, channelsLeft
	JG   block

	LEAQ (pix*8), s0
	ADDQ s0, tileSrc
	SHLQ $3, s4 // from a pixel to the next
	ADDQ s4, tileDst
	SUBQ $8, pixelsLeft
	JG   tile
	VZEROUPPER
	RET
