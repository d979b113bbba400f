//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Register tile of the direct convolution, AVX2 and FMA3; see tile_avx512_amd64.s for the loop that it computes.

#include "tile_amd64.h"

// 4 pixels × 16 channels: Y0-Y7 accumulate, two registers a pixel; Y14 and Y15 hold the weights of a step.
#define PIXEL(mem, t, lo, hi) \
	VBROADCASTSS mem, t     \
	VFMADD231PS  Y14, t, lo \
	VFMADD231PS  Y15, t, hi

#define STEP(d) \
	VMOVUPS (d*64)(w), Y14               \
	VMOVUPS (d*64+32)(w), Y15            \
	PIXEL((d*4)(s0), Y8, Y0, Y1)         \
	PIXEL((d*4)(s0)(pix*1), Y9, Y2, Y3)  \
	PIXEL((d*4)(s0)(pix*2), Y10, Y4, Y5) \
	PIXEL((d*4)(s0)(pix3*1), Y11, Y6, Y7)

#define LOAD(lo, hi) \
	VMOVUPS (s0), lo   \
	VMOVUPS 32(s0), hi \
	ADDQ    s4, s0

#define STORE(lo, hi) \
	VMOVUPS lo, (s0)   \
	VMOVUPS hi, 32(s0) \
	ADDQ    s4, s0

#define ahead R10 // fetched

// FETCHNEXT points s0 at the destination of the next tile and s4 at the distance of its pixels, unless it is not to be fetched; log is
// the binary logarithm of the tile's number of pixels. FETCH2 fetches two pixels' first 64 bytes.
#define FETCHNEXT(log, skip) \
	CMPQ tileArgs_fetch(args), $0  \
	JEQ  skip                      \
	MOVQ tileArgs_dstPix(args), s4 \
	SHLQ $(log+2), s4              \
	LEAQ (dst)(s4*1), s0           \
	SHRQ $log, s4

#define FETCH2 \
	PREFETCHT0 (s0)       \
	PREFETCHT0 (s0)(s4*1) \
	LEAQ       (s0)(s4*2), s0

// func tile4x16AVX2(a *tileArgs)
TEXT ·tile4x16AVX2(SB), NOSPLIT, $56-8
	PROLOGUE
	MOVQ tileArgs_ahead(args), ahead

image:
	ENTERIMAGE

row:
	ENTERROW

tile:
	CMPQ tileArgs_add(args), $0
	JEQ  zero
	MOVQ dst, s0
	MOVQ tileArgs_dstPix(args), s4
	SHLQ $2, s4
	LOAD(Y0, Y1)
	LOAD(Y2, Y3)
	LOAD(Y4, Y5)
	LOAD(Y6, Y7)
	JMP  start

zero:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7

start:
	FETCHNEXT(2, taps)
	FETCH2
	FETCH2

taps:
	ENTERTAPS

run:
	MOVQ  (tap), s0
	ADDQ  $8, tap
	LEAQ  (src)(s0*4), s0
	MOVQ  tileArgs_k(args), kleft
	SUBQ  $4, kleft
	JLT   rest
	TESTQ ahead, ahead
	JEQ   steps4

ahead4:
	PREFETCHT0 (ahead)
	STEP(0)
	STEP(1)
	STEP(2)
	STEP(3)
	ADDQ       $64, ahead
	ADDQ       $256, w
	ADDQ       $16, s0
	SUBQ       $4, kleft
	JGE        ahead4
	JMP        rest

steps4:
	STEP(0)
	STEP(1)
	STEP(2)
	STEP(3)
	ADDQ $256, w
	ADDQ $16, s0
	SUBQ $4, kleft
	JGE  steps4

rest:
	ADDQ $4, kleft
	JZ   runDone

step1:
	STEP(0)
	ADDQ $64, w
	ADDQ $4, s0
	DECQ kleft
	JNZ  step1

runDone:
	DECQ ntaps
	JNZ  run

	MOVQ dst, s0
	MOVQ tileArgs_dstPix(args), s4
	SHLQ $2, s4
	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	STORE(Y6, Y7)

	MOVQ s0, dst // the next tile follows 4 pixels on
	LEAQ (src)(pix*4), src
	DECQ tilesLeft
	JNZ  tile
	NEXTROW
	JNZ  row
	NEXTIMAGE
	JNZ  image
	VZEROUPPER
	RET

// 6 pixels × 16 channels: Y0-Y11 accumulate. Twelve sums are under way at a time where eight only just hide how long an addition takes.
#define STEP6(d) \
	VMOVUPS (d*64)(w), Y14               \
	VMOVUPS (d*64+32)(w), Y15            \
	PIXEL((d*4)(s0), Y12, Y0, Y1)        \
	PIXEL((d*4)(s0)(pix*1), Y13, Y2, Y3) \
	PIXEL((d*4)(s0)(pix*2), Y12, Y4, Y5) \
	PIXEL((d*4)(s4), Y13, Y6, Y7)        \
	PIXEL((d*4)(s4)(pix*1), Y12, Y8, Y9) \
	PIXEL((d*4)(s4)(pix*2), Y13, Y10, Y11)

// func tile6x16AVX2(a *tileArgs)
TEXT ·tile6x16AVX2(SB), NOSPLIT, $56-8
	PROLOGUE
	MOVQ tileArgs_ahead(args), ahead

image:
	ENTERIMAGE

row:
	ENTERROW

tile:
	MOVQ tileArgs_dstPix(args), s4
	SHLQ $2, s4
	CMPQ tileArgs_add(args), $0
	JEQ  zero
	MOVQ dst, s0
	LOAD(Y0, Y1)
	LOAD(Y2, Y3)
	LOAD(Y4, Y5)
	LOAD(Y6, Y7)
	LOAD(Y8, Y9)
	LOAD(Y10, Y11)
	JMP  start

zero:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11

start:
	CMPQ tileArgs_fetch(args), $0
	JEQ  taps
	LEAQ (s4)(s4*2), s0
	LEAQ (dst)(s0*2), s0 // the destination of the next tile
	FETCH2
	FETCH2
	FETCH2

taps:
	ENTERTAPS

run:
	MOVQ  (tap), s0
	ADDQ  $8, tap
	LEAQ  (src)(s0*4), s0
	LEAQ  (s0)(pix3*1), s4
	MOVQ  tileArgs_k(args), kleft
	SUBQ  $4, kleft
	JLT   rest
	TESTQ ahead, ahead
	JEQ   steps4

ahead4:
	PREFETCHT0 (ahead)
	PREFETCHT0 32(ahead)
	STEP6(0)
	STEP6(1)
	STEP6(2)
	STEP6(3)
	ADDQ       $96, ahead
	ADDQ       $256, w
	ADDQ       $16, s0
	ADDQ       $16, s4
	SUBQ       $4, kleft
	JGE        ahead4
	JMP        rest

steps4:
	STEP6(0)
	STEP6(1)
	STEP6(2)
	STEP6(3)
	ADDQ $256, w
	ADDQ $16, s0
	ADDQ $16, s4
	SUBQ $4, kleft
	JGE  steps4

rest:
	ADDQ $4, kleft
	JZ   runDone

step1:
	STEP6(0)
	ADDQ $64, w
	ADDQ $4, s0
	ADDQ $4, s4
	DECQ kleft
	JNZ  step1

runDone:
	DECQ ntaps
	JNZ  run

	MOVQ dst, s0
	MOVQ tileArgs_dstPix(args), s4
	SHLQ $2, s4
	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	STORE(Y6, Y7)
	STORE(Y8, Y9)
	STORE(Y10, Y11)

	MOVQ s0, dst // the next tile follows 6 pixels on
	LEAQ (src)(pix3*2), src
	DECQ tilesLeft
	JNZ  tile
	NEXTROW
	JNZ  row
	NEXTIMAGE
	JNZ  image
	VZEROUPPER
	RET
