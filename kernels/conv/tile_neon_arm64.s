//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "../internal/asm/neon_arm64.h"

// Register tile of the direct convolution, NEON: 4 pixels × 16 channels. It follows tileArgs in tile.go:
//
//	for img, row, t:
//	    acc[p][c] = add ? dst[p][c] : 0
//	    for tap in taps:
//	        for i in 0..k-1:
//	            acc[p][c] += src[p·srcPix + taps[tap] + i] · w[tap·k + i][c]
//	    dst[p][c] = acc[p][c]
//
// Pixel p accumulates in V(4p) to V(4p+3), V24-V27 hold the weights of a step, V28-V31 the inputs of each pixel: those of four steps, or
// of one, broadcast as it is read, while fewer than four are left.

#define args   R0
#define w      R1  // weights of this step
#define kleft  R2  // steps left in this run
#define tap    R3  // next tap
#define ntaps  R4  // runs left
#define p0     R5  // inputs of the four pixels
#define p1     R6
#define p2     R7
#define p3     R8
#define pix    R9  // source pixel distance, bytes
#define dst    R10 // this tile's destination
#define src    R11 // this tile's source
#define d      R12 // a pixel of the destination
#define dpix   R13 // destination pixel distance, bytes
#define tiles  R14 // tiles, rows and images left
#define rows   R15
#define images R19
#define rowDst R20 // starts of the current row and image
#define rowSrc R21
#define imgDst R22
#define imgSrc R23
#define tmp    R24

// ADVANCE adds a distance in floats, a field of the arguments, to a pointer.
#define ADVANCE(field, p) \
	MOVD field(args), tmp \
	ADD  tmp<<2, p, p

#define ZERO(v0, v1, v2, v3) \
	VEOR v0.B16, v0.B16, v0.B16 \
	VEOR v1.B16, v1.B16, v1.B16 \
	VEOR v2.B16, v2.B16, v2.B16 \
	VEOR v3.B16, v3.B16, v3.B16

#define LOAD(v0, v1, v2, v3) \
	VLD1 (d), [v0.S4, v1.S4, v2.S4, v3.S4] \
	ADD  dpix, d, d

#define STORE(v0, v1, v2, v3) \
	VST1 [v0.S4, v1.S4, v2.S4, v3.S4], (d) \
	ADD  dpix, d, d

#define WEIGHTS VLD1.P 64(w), [V24.S4, V25.S4, V26.S4, V27.S4]

// INPUT adds lane i of a pixel's inputs times the weights to the vectors from v on.
#define INPUT(x, i, v) \
	FMLA_4S(x, i, 24, v)   \
	FMLA_4S(x, i, 25, v+1) \
	FMLA_4S(x, i, 26, v+2) \
	FMLA_4S(x, i, 27, v+3)

// STEP is step i of the four whose inputs are there.
#define STEP(i) \
	WEIGHTS         \
	INPUT(28, i, 0) \
	INPUT(29, i, 4) \
	INPUT(30, i, 8) \
	INPUT(31, i, 12)

// func tile4x16NEON(a *tileArgs)
TEXT ·tile4x16NEON(SB), NOSPLIT, $0-8
	MOVD a+0(FP), args
	MOVD tileArgs_srcPix(args), pix
	LSL  $2, pix, pix
	MOVD tileArgs_dstPix(args), dpix
	LSL  $2, dpix, dpix
	MOVD tileArgs_images(args), images
	MOVD tileArgs_dst(args), imgDst
	MOVD tileArgs_src(args), imgSrc

image:
	MOVD imgDst, rowDst
	MOVD imgSrc, rowSrc
	MOVD tileArgs_rows(args), rows

row:
	MOVD rowDst, dst
	MOVD rowSrc, src
	MOVD tileArgs_tiles(args), tiles

tile:
	MOVD tileArgs_add(args), tmp
	CBZ  tmp, zero
	MOVD dst, d
	LOAD(V0, V1, V2, V3)
	LOAD(V4, V5, V6, V7)
	LOAD(V8, V9, V10, V11)
	LOAD(V12, V13, V14, V15)
	B    start

zero:
	ZERO(V0, V1, V2, V3)
	ZERO(V4, V5, V6, V7)
	ZERO(V8, V9, V10, V11)
	ZERO(V12, V13, V14, V15)

start:
	MOVD tileArgs_w(args), w
	MOVD tileArgs_taps(args), tap
	MOVD (tileArgs_taps+8)(args), ntaps

run:
	MOVD.P 8(tap), tmp
	ADD    tmp<<2, src, p0
	ADD    pix, p0, p1
	ADD    pix, p1, p2
	ADD    pix, p2, p3
	MOVD   tileArgs_k(args), kleft

	SUBS $4, kleft, kleft
	BLT  rest

steps4:
	VLD1.P 16(p0), [V28.S4]
	VLD1.P 16(p1), [V29.S4]
	VLD1.P 16(p2), [V30.S4]
	VLD1.P 16(p3), [V31.S4]
	STEP(0)
	STEP(1)
	STEP(2)
	STEP(3)
	SUBS   $4, kleft, kleft
	BGE    steps4

rest:
	ADDS $4, kleft, kleft
	BEQ  next

step:
	VLD1R.P 4(p0), [V28.S4]
	VLD1R.P 4(p1), [V29.S4]
	VLD1R.P 4(p2), [V30.S4]
	VLD1R.P 4(p3), [V31.S4]
	STEP(0)
	SUBS    $1, kleft, kleft
	BNE     step

next:
	SUBS $1, ntaps, ntaps
	BNE  run

	MOVD dst, d
	STORE(V0, V1, V2, V3)
	STORE(V4, V5, V6, V7)
	STORE(V8, V9, V10, V11)
	STORE(V12, V13, V14, V15)
	MOVD d, dst // the next tile follows 4 pixels on
	ADD  pix<<2, src, src
	SUBS $1, tiles, tiles
	BNE  tile
	ADVANCE(tileArgs_dstRow, rowDst)
	ADVANCE(tileArgs_srcRow, rowSrc)
	SUBS $1, rows, rows
	BNE  row
	ADVANCE(tileArgs_dstImg, imgDst)
	ADVANCE(tileArgs_srcImg, imgSrc)
	SUBS $1, images, images
	BNE  image
	RET
