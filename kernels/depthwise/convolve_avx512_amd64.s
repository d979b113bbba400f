//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Depthwise convolution of a row of pixels of 16 channels, AVX-512: see convolveArgs in kernels.go. Sixteen or eight pixels at a
// time,
//
//	for pixels p..p+15 (p..p+7 if no more than eight are left):
//	    acc[i] = 0
//	    for each piece t, tap j < t.n: acc[i] += src[t.x + (p+i+j)·srcPix] · w[t.w[j]]
//	    dst[(p+i)·dstPix] = acc[i] (+ dst)    for the pixels and channels that exist
//
// A vector of the source is loaded once for the taps of a piece, which use it for neighbouring pixels. Z0-Z15 accumulate, Z29-Z31
// hold the weights of a piece, Z16-Z28 the source; K1 masks the channels that exist.

#define args  AX
#define pix   BX  // from a pixel of the source to the next, bytes
#define pix3  CX
#define piece DX  // next piece
#define left  SI  // pieces left
#define s0    DI  // source of pixels 0-3 for this piece
#define s4    R8
#define s8    R9
#define s12   R10
#define s16   R14
#define wt    R11
#define src   R12 // source of this tile
#define dst   R13
#define w     R15

#define pixelsLeft 0(SP)

// ENTERPIECE points at the source of a piece and loads its first weight; WEIGHT loads that of tap i.
#define ENTERPIECE \
	MOVQ piece_x(piece), s0 \
	LEAQ (src)(s0*4), s0    \
	LEAQ (s0)(pix*4), s4    \
	LEAQ (s4)(pix*4), s8    \
	LEAQ (s8)(pix*4), s12   \
	LEAQ (s12)(pix*4), s16  \
	WEIGHT(0, Z31)

#define WEIGHT(i, z) \
	MOVQ (piece_w+8*i)(piece), wt \
	VMOVUPS (w)(wt*4), z

// NEXTPIECE sets the flags of the count.
#define NEXTPIECE \
	ADDQ $piece__size, piece \
	DECQ left

// A vector of the source, which one, two or three pixels read as different taps of a piece.
#define TAP(mem, x, w, z) \
	VMOVUPS mem, x      \
	VFMADD231PS w, x, z

#define TAPS2(mem, x, w1, z1, w2, z2) \
	VMOVUPS mem, x        \
	VFMADD231PS w1, x, z1 \
	VFMADD231PS w2, x, z2

#define TAPS3(mem, x, z1, z2, z3) \
	VMOVUPS mem, x         \
	VFMADD231PS Z31, x, z1 \
	VFMADD231PS Z30, x, z2 \
	VFMADD231PS Z29, x, z3

// FETCH2 brings the destination of two pixels into the cache, and moves on.
#define FETCH2 \
	PREFETCHT0 (s0)       \
	PREFETCHT0 (s0)(s4*1) \
	LEAQ (s0)(s4*2), s0

// The last pixel of the row ends the stores. s0 points at the pixel, s4 is the distance, left counts.
#define SET(z, done) \
	VMOVUPS z, K1, (s0) \
	ADDQ s4, s0         \
	DECQ left           \
	JZ   done

#define ADD(z, done) \
	VADDPS (s0), z, K1, z \
	SET(z, done)

// func convolveAVX512(a *convolveArgs)
TEXT ·convolveAVX512(SB), NOSPLIT, $8-8
	MOVQ a+0(FP), args
	MOVQ convolveArgs_channels(args), CX
	MOVQ $1, s0
	SHLQ CX, s0
	DECQ s0
	KMOVW s0, K1
	MOVQ convolveArgs_srcPix(args), pix
	SHLQ $2, pix
	LEAQ (pix)(pix*2), pix3
	MOVQ convolveArgs_pixels(args), s0
	MOVQ s0, pixelsLeft
	MOVQ convolveArgs_src(args), src
	MOVQ convolveArgs_dst(args), dst
	MOVQ convolveArgs_w(args), w

tile:
	MOVQ convolveArgs_pieces(args), piece
	MOVQ (convolveArgs_pieces+8)(args), left
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7
	VPXORD Z8, Z8, Z8
	VPXORD Z9, Z9, Z9
	VPXORD Z10, Z10, Z10
	VPXORD Z11, Z11, Z11
	VPXORD Z12, Z12, Z12
	VPXORD Z13, Z13, Z13
	VPXORD Z14, Z14, Z14
	VPXORD Z15, Z15, Z15
	CMPQ convolveArgs_fetch(args), $0
	JNE  fetch

taps:
	TESTQ left, left
	JZ    store
	CMPQ pixelsLeft, $8
	JLE  next8

next16:
	ENTERPIECE
	CMPQ piece_n(piece), $2
	JEQ  two16
	JLT  one16
	WEIGHT(1, Z30)
	WEIGHT(2, Z29)
	TAP((s0), Z16, Z31, Z0)
	TAPS2((s0)(pix*1), Z17, Z31, Z1, Z30, Z0)
	TAPS3((s0)(pix*2), Z18, Z2, Z1, Z0)
	TAPS3((s0)(pix3*1), Z19, Z3, Z2, Z1)
	TAPS3((s4), Z20, Z4, Z3, Z2)
	TAPS3((s4)(pix*1), Z21, Z5, Z4, Z3)
	TAPS3((s4)(pix*2), Z22, Z6, Z5, Z4)
	TAPS3((s4)(pix3*1), Z23, Z7, Z6, Z5)
	TAPS3((s8), Z24, Z8, Z7, Z6)
	TAPS3((s8)(pix*1), Z25, Z9, Z8, Z7)
	TAPS3((s8)(pix*2), Z26, Z10, Z9, Z8)
	TAPS3((s8)(pix3*1), Z27, Z11, Z10, Z9)
	TAPS3((s12), Z28, Z12, Z11, Z10)
	TAPS3((s12)(pix*1), Z16, Z13, Z12, Z11)
	TAPS3((s12)(pix*2), Z17, Z14, Z13, Z12)
	TAPS3((s12)(pix3*1), Z18, Z15, Z14, Z13)
	TAPS2((s16), Z19, Z30, Z15, Z29, Z14)
	TAP((s16)(pix*1), Z20, Z29, Z15)
	NEXTPIECE
	JNZ next16
	JMP store

two16:
	WEIGHT(1, Z30)
	TAP((s0), Z16, Z31, Z0)
	TAPS2((s0)(pix*1), Z17, Z31, Z1, Z30, Z0)
	TAPS2((s0)(pix*2), Z18, Z31, Z2, Z30, Z1)
	TAPS2((s0)(pix3*1), Z19, Z31, Z3, Z30, Z2)
	TAPS2((s4), Z20, Z31, Z4, Z30, Z3)
	TAPS2((s4)(pix*1), Z21, Z31, Z5, Z30, Z4)
	TAPS2((s4)(pix*2), Z22, Z31, Z6, Z30, Z5)
	TAPS2((s4)(pix3*1), Z23, Z31, Z7, Z30, Z6)
	TAPS2((s8), Z24, Z31, Z8, Z30, Z7)
	TAPS2((s8)(pix*1), Z25, Z31, Z9, Z30, Z8)
	TAPS2((s8)(pix*2), Z26, Z31, Z10, Z30, Z9)
	TAPS2((s8)(pix3*1), Z27, Z31, Z11, Z30, Z10)
	TAPS2((s12), Z28, Z31, Z12, Z30, Z11)
	TAPS2((s12)(pix*1), Z16, Z31, Z13, Z30, Z12)
	TAPS2((s12)(pix*2), Z17, Z31, Z14, Z30, Z13)
	TAPS2((s12)(pix3*1), Z18, Z31, Z15, Z30, Z14)
	TAP((s16), Z19, Z30, Z15)
	NEXTPIECE
	JNZ next16
	JMP store

one16:
	VFMADD231PS (s0), Z31, Z0
	VFMADD231PS (s0)(pix*1), Z31, Z1
	VFMADD231PS (s0)(pix*2), Z31, Z2
	VFMADD231PS (s0)(pix3*1), Z31, Z3
	VFMADD231PS (s4), Z31, Z4
	VFMADD231PS (s4)(pix*1), Z31, Z5
	VFMADD231PS (s4)(pix*2), Z31, Z6
	VFMADD231PS (s4)(pix3*1), Z31, Z7
	VFMADD231PS (s8), Z31, Z8
	VFMADD231PS (s8)(pix*1), Z31, Z9
	VFMADD231PS (s8)(pix*2), Z31, Z10
	VFMADD231PS (s8)(pix3*1), Z31, Z11
	VFMADD231PS (s12), Z31, Z12
	VFMADD231PS (s12)(pix*1), Z31, Z13
	VFMADD231PS (s12)(pix*2), Z31, Z14
	VFMADD231PS (s12)(pix3*1), Z31, Z15
	NEXTPIECE
	JNZ next16
	JMP store

next8:
	ENTERPIECE
	CMPQ piece_n(piece), $2
	JEQ  two8
	JLT  one8
	WEIGHT(1, Z30)
	WEIGHT(2, Z29)
	TAP((s0), Z16, Z31, Z0)
	TAPS2((s0)(pix*1), Z17, Z31, Z1, Z30, Z0)
	TAPS3((s0)(pix*2), Z18, Z2, Z1, Z0)
	TAPS3((s0)(pix3*1), Z19, Z3, Z2, Z1)
	TAPS3((s4), Z20, Z4, Z3, Z2)
	TAPS3((s4)(pix*1), Z21, Z5, Z4, Z3)
	TAPS3((s4)(pix*2), Z22, Z6, Z5, Z4)
	TAPS3((s4)(pix3*1), Z23, Z7, Z6, Z5)
	TAPS2((s8), Z24, Z30, Z7, Z29, Z6)
	TAP((s8)(pix*1), Z25, Z29, Z7)
	NEXTPIECE
	JNZ next8
	JMP store

two8:
	WEIGHT(1, Z30)
	TAP((s0), Z16, Z31, Z0)
	TAPS2((s0)(pix*1), Z17, Z31, Z1, Z30, Z0)
	TAPS2((s0)(pix*2), Z18, Z31, Z2, Z30, Z1)
	TAPS2((s0)(pix3*1), Z19, Z31, Z3, Z30, Z2)
	TAPS2((s4), Z20, Z31, Z4, Z30, Z3)
	TAPS2((s4)(pix*1), Z21, Z31, Z5, Z30, Z4)
	TAPS2((s4)(pix*2), Z22, Z31, Z6, Z30, Z5)
	TAPS2((s4)(pix3*1), Z23, Z31, Z7, Z30, Z6)
	TAP((s8), Z24, Z30, Z7)
	NEXTPIECE
	JNZ next8
	JMP store

one8:
	VFMADD231PS (s0), Z31, Z0
	VFMADD231PS (s0)(pix*1), Z31, Z1
	VFMADD231PS (s0)(pix*2), Z31, Z2
	VFMADD231PS (s0)(pix3*1), Z31, Z3
	VFMADD231PS (s4), Z31, Z4
	VFMADD231PS (s4)(pix*1), Z31, Z5
	VFMADD231PS (s4)(pix*2), Z31, Z6
	VFMADD231PS (s4)(pix3*1), Z31, Z7
	NEXTPIECE
	JNZ next8

store:
	MOVQ dst, s0
	MOVQ convolveArgs_dstPix(args), s4
	SHLQ $2, s4
	MOVQ pixelsLeft, left
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
	MOVQ s0, dst // behind the last pixel, if the tile was whole
	LEAQ (src)(pix*8), src
	LEAQ (src)(pix*8), src
	SUBQ $16, pixelsLeft
	JG   tile
	VZEROUPPER
	RET

fetch: // the destination of the tile
	MOVQ dst, s0
	MOVQ convolveArgs_dstPix(args), s4
	SHLQ $2, s4
	FETCH2
	FETCH2
	FETCH2
	FETCH2
	FETCH2
	FETCH2
	FETCH2
	FETCH2
	JMP  taps
