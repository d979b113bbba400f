//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Depthwise convolution of a row of pixels of 8 channels, AVX2 and FMA3: eight pixels at a time; see convolve_avx512_amd64.s for
// the loop.
//
// Y0-Y7 accumulate, Y13-Y15 hold the weights of a piece, Y8-Y12 the source; in the end, Y9 masks the channels that exist.

#define args  AX
#define pix   BX  // from a pixel of the source to the next, bytes
#define pix3  CX
#define piece DX  // next piece
#define left  SI  // pieces left
#define s0    DI  // source of pixels 0-3 for this piece
#define s4    R8
#define s8    R9
#define wt    R11
#define src   R12 // source of this tile
#define dst   R13
#define w     R15

#define pixelsLeft 0(SP)

// Eight channels that exist, then eight that don't.
DATA existing<>+0(SB)/8, $-1
DATA existing<>+8(SB)/8, $-1
DATA existing<>+16(SB)/8, $-1
DATA existing<>+24(SB)/8, $-1
GLOBL existing<>(SB), RODATA|NOPTR, $64

// ENTERPIECE points at the source of a piece and loads its first weight; WEIGHT loads that of tap i.
#define ENTERPIECE \
	MOVQ piece_x(piece), s0 \
	LEAQ (src)(s0*4), s0    \
	LEAQ (s0)(pix*4), s4    \
	LEAQ (s4)(pix*4), s8    \
	WEIGHT(0, Y15)

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
	VFMADD231PS Y15, x, z1 \
	VFMADD231PS Y14, x, z2 \
	VFMADD231PS Y13, x, z3

// The last pixel of the row ends the stores. s0 points at the pixel, s4 is the distance, left counts.
#define SET(z, done) \
	VMOVUPS z, (s0) \
	ADDQ s4, s0         \
	DECQ left           \
	JZ   done

#define ADD(z, done) \
	VADDPS (s0), z, z \
	SET(z, done)

// The same for fewer channels: masked stores are slow on some processors.
#define SETSOME(y, done) \
	VMASKMOVPS y, Y9, (s0) \
	ADDQ s4, s0            \
	DECQ left              \
	JZ   done

#define ADDSOME(y, done) \
	VMASKMOVPS (s0), Y9, Y10 \
	VADDPS Y10, y, y         \
	SETSOME(y, done)

// func convolveAVX2(a *convolveArgs)
TEXT ·convolveAVX2(SB), NOSPLIT, $8-8
	MOVQ a+0(FP), args
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
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	TESTQ left, left
	JZ    store

next8:
	ENTERPIECE
	CMPQ piece_n(piece), $2
	JEQ  two8
	JLT  one8
	WEIGHT(1, Y14)
	WEIGHT(2, Y13)
	TAP((s0), Y8, Y15, Y0)
	TAPS2((s0)(pix*1), Y9, Y15, Y1, Y14, Y0)
	TAPS3((s0)(pix*2), Y10, Y2, Y1, Y0)
	TAPS3((s0)(pix3*1), Y11, Y3, Y2, Y1)
	TAPS3((s4), Y12, Y4, Y3, Y2)
	TAPS3((s4)(pix*1), Y8, Y5, Y4, Y3)
	TAPS3((s4)(pix*2), Y9, Y6, Y5, Y4)
	TAPS3((s4)(pix3*1), Y10, Y7, Y6, Y5)
	TAPS2((s8), Y11, Y14, Y7, Y13, Y6)
	TAP((s8)(pix*1), Y12, Y13, Y7)
	NEXTPIECE
	JNZ next8
	JMP store

two8:
	WEIGHT(1, Y14)
	TAP((s0), Y8, Y15, Y0)
	TAPS2((s0)(pix*1), Y9, Y15, Y1, Y14, Y0)
	TAPS2((s0)(pix*2), Y10, Y15, Y2, Y14, Y1)
	TAPS2((s0)(pix3*1), Y11, Y15, Y3, Y14, Y2)
	TAPS2((s4), Y12, Y15, Y4, Y14, Y3)
	TAPS2((s4)(pix*1), Y8, Y15, Y5, Y14, Y4)
	TAPS2((s4)(pix*2), Y9, Y15, Y6, Y14, Y5)
	TAPS2((s4)(pix3*1), Y10, Y15, Y7, Y14, Y6)
	TAP((s8), Y11, Y14, Y7)
	NEXTPIECE
	JNZ next8
	JMP store

one8:
	VFMADD231PS (s0), Y15, Y0
	VFMADD231PS (s0)(pix*1), Y15, Y1
	VFMADD231PS (s0)(pix*2), Y15, Y2
	VFMADD231PS (s0)(pix3*1), Y15, Y3
	VFMADD231PS (s4), Y15, Y4
	VFMADD231PS (s4)(pix*1), Y15, Y5
	VFMADD231PS (s4)(pix*2), Y15, Y6
	VFMADD231PS (s4)(pix3*1), Y15, Y7
	NEXTPIECE
	JNZ next8

store:
	MOVQ dst, s0
	MOVQ convolveArgs_dstPix(args), s4
	SHLQ $2, s4
	MOVQ pixelsLeft, left
	CMPQ convolveArgs_channels(args), $8
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
	LEAQ existing<>+32(SB), piece
	MOVQ convolveArgs_channels(args), wt
	SHLQ $2, wt
	SUBQ wt, piece
	VMOVUPS (piece), Y9
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
	MOVQ s0, dst // behind the last pixel, if the tile was whole
	LEAQ (src)(pix*8), src
	SUBQ $8, pixelsLeft
	JG   tile
	VZEROUPPER
	RET
