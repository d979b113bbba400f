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
	VMOVUPS (s0), Z16
	VFMADD231PS Z31, Z16, Z0
	VMOVUPS (s0)(pix*1), Z17
	VFMADD231PS Z31, Z17, Z1
	VFMADD231PS Z30, Z17, Z0
	VMOVUPS (s0)(pix*2), Z18
	VFMADD231PS Z31, Z18, Z2
	VFMADD231PS Z30, Z18, Z1
	VFMADD231PS Z29, Z18, Z0
	VMOVUPS (s0)(pix3*1), Z19
	VFMADD231PS Z31, Z19, Z3
	VFMADD231PS Z30, Z19, Z2
	VFMADD231PS Z29, Z19, Z1
	VMOVUPS (s4), Z20
	VFMADD231PS Z31, Z20, Z4
	VFMADD231PS Z30, Z20, Z3
	VFMADD231PS Z29, Z20, Z2
	VMOVUPS (s4)(pix*1), Z21
	VFMADD231PS Z31, Z21, Z5
	VFMADD231PS Z30, Z21, Z4
	VFMADD231PS Z29, Z21, Z3
	VMOVUPS (s4)(pix*2), Z22
	VFMADD231PS Z31, Z22, Z6
	VFMADD231PS Z30, Z22, Z5
	VFMADD231PS Z29, Z22, Z4
	VMOVUPS (s4)(pix3*1), Z23
	VFMADD231PS Z31, Z23, Z7
	VFMADD231PS Z30, Z23, Z6
	VFMADD231PS Z29, Z23, Z5
	VMOVUPS (s8), Z24
	VFMADD231PS Z31, Z24, Z8
	VFMADD231PS Z30, Z24, Z7
	VFMADD231PS Z29, Z24, Z6
	VMOVUPS (s8)(pix*1), Z25
	VFMADD231PS Z31, Z25, Z9
	VFMADD231PS Z30, Z25, Z8
	VFMADD231PS Z29, Z25, Z7
	VMOVUPS (s8)(pix*2), Z26
	VFMADD231PS Z31, Z26, Z10
	VFMADD231PS Z30, Z26, Z9
	VFMADD231PS Z29, Z26, Z8
	VMOVUPS (s8)(pix3*1), Z27
	VFMADD231PS Z31, Z27, Z11
	VFMADD231PS Z30, Z27, Z10
	VFMADD231PS Z29, Z27, Z9
	VMOVUPS (s12), Z28
	VFMADD231PS Z31, Z28, Z12
	VFMADD231PS Z30, Z28, Z11
	VFMADD231PS Z29, Z28, Z10
	VMOVUPS (s12)(pix*1), Z16
	VFMADD231PS Z31, Z16, Z13
	VFMADD231PS Z30, Z16, Z12
	VFMADD231PS Z29, Z16, Z11
	VMOVUPS (s12)(pix*2), Z17
	VFMADD231PS Z31, Z17, Z14
	VFMADD231PS Z30, Z17, Z13
	VFMADD231PS Z29, Z17, Z12
	VMOVUPS (s12)(pix3*1), Z18
	VFMADD231PS Z31, Z18, Z15
	VFMADD231PS Z30, Z18, Z14
	VFMADD231PS Z29, Z18, Z13
	VMOVUPS (s16), Z19
	VFMADD231PS Z30, Z19, Z15
	VFMADD231PS Z29, Z19, Z14
	VMOVUPS (s16)(pix*1), Z20
	VFMADD231PS Z29, Z20, Z15
	NEXTPIECE
	JNZ next16
	JMP store

two16:
	WEIGHT(1, Z30)
	VMOVUPS (s0), Z16
	VFMADD231PS Z31, Z16, Z0
	VMOVUPS (s0)(pix*1), Z17
	VFMADD231PS Z31, Z17, Z1
	VFMADD231PS Z30, Z17, Z0
	VMOVUPS (s0)(pix*2), Z18
	VFMADD231PS Z31, Z18, Z2
	VFMADD231PS Z30, Z18, Z1
	VMOVUPS (s0)(pix3*1), Z19
	VFMADD231PS Z31, Z19, Z3
	VFMADD231PS Z30, Z19, Z2
	VMOVUPS (s4), Z20
	VFMADD231PS Z31, Z20, Z4
	VFMADD231PS Z30, Z20, Z3
	VMOVUPS (s4)(pix*1), Z21
	VFMADD231PS Z31, Z21, Z5
	VFMADD231PS Z30, Z21, Z4
	VMOVUPS (s4)(pix*2), Z22
	VFMADD231PS Z31, Z22, Z6
	VFMADD231PS Z30, Z22, Z5
	VMOVUPS (s4)(pix3*1), Z23
	VFMADD231PS Z31, Z23, Z7
	VFMADD231PS Z30, Z23, Z6
	VMOVUPS (s8), Z24
	VFMADD231PS Z31, Z24, Z8
	VFMADD231PS Z30, Z24, Z7
	VMOVUPS (s8)(pix*1), Z25
	VFMADD231PS Z31, Z25, Z9
	VFMADD231PS Z30, Z25, Z8
	VMOVUPS (s8)(pix*2), Z26
	VFMADD231PS Z31, Z26, Z10
	VFMADD231PS Z30, Z26, Z9
	VMOVUPS (s8)(pix3*1), Z27
	VFMADD231PS Z31, Z27, Z11
	VFMADD231PS Z30, Z27, Z10
	VMOVUPS (s12), Z28
	VFMADD231PS Z31, Z28, Z12
	VFMADD231PS Z30, Z28, Z11
	VMOVUPS (s12)(pix*1), Z16
	VFMADD231PS Z31, Z16, Z13
	VFMADD231PS Z30, Z16, Z12
	VMOVUPS (s12)(pix*2), Z17
	VFMADD231PS Z31, Z17, Z14
	VFMADD231PS Z30, Z17, Z13
	VMOVUPS (s12)(pix3*1), Z18
	VFMADD231PS Z31, Z18, Z15
	VFMADD231PS Z30, Z18, Z14
	VMOVUPS (s16), Z19
	VFMADD231PS Z30, Z19, Z15
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
	VMOVUPS (s0), Z16
	VFMADD231PS Z31, Z16, Z0
	VMOVUPS (s0)(pix*1), Z17
	VFMADD231PS Z31, Z17, Z1
	VFMADD231PS Z30, Z17, Z0
	VMOVUPS (s0)(pix*2), Z18
	VFMADD231PS Z31, Z18, Z2
	VFMADD231PS Z30, Z18, Z1
	VFMADD231PS Z29, Z18, Z0
	VMOVUPS (s0)(pix3*1), Z19
	VFMADD231PS Z31, Z19, Z3
	VFMADD231PS Z30, Z19, Z2
	VFMADD231PS Z29, Z19, Z1
	VMOVUPS (s4), Z20
	VFMADD231PS Z31, Z20, Z4
	VFMADD231PS Z30, Z20, Z3
	VFMADD231PS Z29, Z20, Z2
	VMOVUPS (s4)(pix*1), Z21
	VFMADD231PS Z31, Z21, Z5
	VFMADD231PS Z30, Z21, Z4
	VFMADD231PS Z29, Z21, Z3
	VMOVUPS (s4)(pix*2), Z22
	VFMADD231PS Z31, Z22, Z6
	VFMADD231PS Z30, Z22, Z5
	VFMADD231PS Z29, Z22, Z4
	VMOVUPS (s4)(pix3*1), Z23
	VFMADD231PS Z31, Z23, Z7
	VFMADD231PS Z30, Z23, Z6
	VFMADD231PS Z29, Z23, Z5
	VMOVUPS (s8), Z24
	VFMADD231PS Z30, Z24, Z7
	VFMADD231PS Z29, Z24, Z6
	VMOVUPS (s8)(pix*1), Z25
	VFMADD231PS Z29, Z25, Z7
	NEXTPIECE
	JNZ next8
	JMP store

two8:
	WEIGHT(1, Z30)
	VMOVUPS (s0), Z16
	VFMADD231PS Z31, Z16, Z0
	VMOVUPS (s0)(pix*1), Z17
	VFMADD231PS Z31, Z17, Z1
	VFMADD231PS Z30, Z17, Z0
	VMOVUPS (s0)(pix*2), Z18
	VFMADD231PS Z31, Z18, Z2
	VFMADD231PS Z30, Z18, Z1
	VMOVUPS (s0)(pix3*1), Z19
	VFMADD231PS Z31, Z19, Z3
	VFMADD231PS Z30, Z19, Z2
	VMOVUPS (s4), Z20
	VFMADD231PS Z31, Z20, Z4
	VFMADD231PS Z30, Z20, Z3
	VMOVUPS (s4)(pix*1), Z21
	VFMADD231PS Z31, Z21, Z5
	VFMADD231PS Z30, Z21, Z4
	VMOVUPS (s4)(pix*2), Z22
	VFMADD231PS Z31, Z22, Z6
	VFMADD231PS Z30, Z22, Z5
	VMOVUPS (s4)(pix3*1), Z23
	VFMADD231PS Z31, Z23, Z7
	VFMADD231PS Z30, Z23, Z6
	VMOVUPS (s8), Z24
	VFMADD231PS Z30, Z24, Z7
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
