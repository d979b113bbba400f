//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Depthwise convolution of a row of pixels of 4 channels, NEON: eight pixels at a time; see convolve_avx512_amd64.s for the loop.
//
// V0-V7 accumulate, V16-V18 hold the weights of a piece, V20-V27 the source.

#define args     R0
#define pix      R1  // from a pixel of the source to the next, bytes
#define piece    R2  // next piece
#define left     R3  // pieces left
#define s0       R4  // source of this piece
#define wt       R5
#define src      R6  // source of this tile
#define dst      R7
#define w        R8
#define pixels   R9  // left
#define dpix     R10 // from a pixel of dst to the next, bytes
#define channels R11
#define sum      R12 // whether to add
#define count    R13 // pixels to store
#define d        R14
#define from     R15
#define more     R19

#define WEIGHT(i, v) \
	MOVD (piece_w+8*i)(piece), wt \
	ADD  wt<<2, w, wt             \
	VLD1 (wt), [v.S4]

#define ZERO(v) VEOR v.B16, v.B16, v.B16

// NEXTPIECE sets the flags of the count.
#define NEXTPIECE \
	ADD  $piece__size, piece, piece \
	SUBS $1, left, left

// The next vector of the source, which one, two or three pixels read as different taps of a piece.
#define TAP(x, w, v) \
	VLD1.P (s0)(pix), [x.S4] \
	VFMLA  w.S4, x.S4, v.S4

#define TAPS2(x, w1, v1, w2, v2) \
	VLD1.P (s0)(pix), [x.S4]  \
	VFMLA  w1.S4, x.S4, v1.S4 \
	VFMLA  w2.S4, x.S4, v2.S4

#define TAPS3(x, v1, v2, v3) \
	VLD1.P (s0)(pix), [x.S4]   \
	VFMLA  V16.S4, x.S4, v1.S4 \
	VFMLA  V17.S4, x.S4, v2.S4 \
	VFMLA  V18.S4, x.S4, v3.S4

// PUT stores a pixel, to which V28, ones, times what is there has been added, and the last pixel of the row ends the tile.
#define PUT(v, set, done) \
	CBZ   sum, set             \
	VLD1  (dst), [V29.S4]      \
	VFMLA V28.S4, V29.S4, v.S4 \
set:                           \
	VST1 [v.S4], (dst)         \
	ADD  dpix, dst, dst        \
	SUBS $1, count, count      \
	BEQ  done

// PUTSOME does the same for fewer than four channels, by way of the stack.
#define PUTSOME(v, next, set, done) \
	VST1 [v.S4], (from)             \
	MOVD dst, d                     \
	MOVD channels, more             \
next:                               \
	FMOVS.P 4(from), F29            \
	CBZ     sum, set                \
	FMOVS   (d), F30                \
	FADDS   F30, F29, F29           \
set:                                \
	FMOVS.P F29, 4(d)               \
	SUBS    $1, more, more          \
	BNE     next                    \
	SUB     channels<<2, from, from \
	ADD     dpix, dst, dst          \
	SUBS    $1, count, count        \
	BEQ     done

// func convolveNEON(a *convolveArgs)
TEXT ·convolveNEON(SB), NOSPLIT, $16-8
	MOVD  a+0(FP), args
	MOVD  convolveArgs_srcPix(args), pix
	LSL   $2, pix, pix
	MOVD  convolveArgs_dstPix(args), dpix
	LSL   $2, dpix, dpix
	MOVD  convolveArgs_src(args), src
	MOVD  convolveArgs_dst(args), dst
	MOVD  convolveArgs_w(args), w
	MOVD  convolveArgs_pixels(args), pixels
	MOVD  convolveArgs_channels(args), channels
	MOVD  convolveArgs_add(args), sum
	FMOVS $1.0, F28
	VDUP  V28.S[0], V28.S4

tile:
	MOVD convolveArgs_pieces(args), piece
	MOVD (convolveArgs_pieces+8)(args), left
	ZERO(V0)
	ZERO(V1)
	ZERO(V2)
	ZERO(V3)
	ZERO(V4)
	ZERO(V5)
	ZERO(V6)
	ZERO(V7)
	CBZ  left, store

next:
	MOVD piece_x(piece), s0
	ADD  s0<<2, src, s0
	WEIGHT(0, V16)
	MOVD piece_n(piece), wt
	CMP  $2, wt
	BEQ  two
	BLT  one
	WEIGHT(1, V17)
	WEIGHT(2, V18)
	TAP(V20, V16, V0)
	TAPS2(V21, V16, V1, V17, V0)
	TAPS3(V22, V2, V1, V0)
	TAPS3(V23, V3, V2, V1)
	TAPS3(V24, V4, V3, V2)
	TAPS3(V25, V5, V4, V3)
	TAPS3(V26, V6, V5, V4)
	TAPS3(V27, V7, V6, V5)
	TAPS2(V20, V17, V7, V18, V6)
	TAP(V21, V18, V7)
	NEXTPIECE
	BNE  next
	B    store

two:
	WEIGHT(1, V17)
	TAP(V20, V16, V0)
	TAPS2(V21, V16, V1, V17, V0)
	TAPS2(V22, V16, V2, V17, V1)
	TAPS2(V23, V16, V3, V17, V2)
	TAPS2(V24, V16, V4, V17, V3)
	TAPS2(V25, V16, V5, V17, V4)
	TAPS2(V26, V16, V6, V17, V5)
	TAPS2(V27, V16, V7, V17, V6)
	TAP(V20, V17, V7)
	NEXTPIECE
	BNE next
	B   store

one:
	TAP(V20, V16, V0)
	TAP(V21, V16, V1)
	TAP(V22, V16, V2)
	TAP(V23, V16, V3)
	TAP(V24, V16, V4)
	TAP(V25, V16, V5)
	TAP(V26, V16, V6)
	TAP(V27, V16, V7)
	NEXTPIECE
	BNE next

store:
	MOVD pixels, count
	CMP  $4, channels
	BLT  some
	PUT(V0, set0, stored)
	PUT(V1, set1, stored)
	PUT(V2, set2, stored)
	PUT(V3, set3, stored)
	PUT(V4, set4, stored)
	PUT(V5, set5, stored)
	PUT(V6, set6, stored)
	PUT(V7, set7, stored)
	B    stored

some:
	MOVD $pixel-16(SP), from
	PUTSOME(V0, next0, some0, stored)
	PUTSOME(V1, next1, some1, stored)
	PUTSOME(V2, next2, some2, stored)
	PUTSOME(V3, next3, some3, stored)
	PUTSOME(V4, next4, some4, stored)
	PUTSOME(V5, next5, some5, stored)
	PUTSOME(V6, next6, some6, stored)
	PUTSOME(V7, next7, some7, stored)

stored:
	ADD  pix<<3, src, src
	SUBS $8, pixels, pixels
	BGT  tile
	RET
