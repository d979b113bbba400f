//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Register tiles of the direct convolution, AVX-512. Both routines follow tileArgs in tile.go:
//
//	for img, row, t:
//	    acc[p][c] = add ? dst[p][c] : 0
//	    for tap in taps:
//	        for i in 0..k-1:
//	            acc[p][c] += src[p·srcPix + taps[tap] + i] · w[tap·k + i][c]
//	    dst[p][c] = acc[p][c]

#include "tile_amd64.h"

// 16 pixels × 16 channels: Z0-Z15 accumulate, Z31 holds the weights of a step, inputs are broadcast from memory.
#define STEP16(d) \
	VMOVUPS          (d*64)(w), Z31              \
	VFMADD231PS.BCST (d*4)(s0), Z31, Z0          \
	VFMADD231PS.BCST (d*4)(s0)(pix*1), Z31, Z1   \
	VFMADD231PS.BCST (d*4)(s0)(pix*2), Z31, Z2   \
	VFMADD231PS.BCST (d*4)(s0)(pix3*1), Z31, Z3  \
	VFMADD231PS.BCST (d*4)(s4), Z31, Z4          \
	VFMADD231PS.BCST (d*4)(s4)(pix*1), Z31, Z5   \
	VFMADD231PS.BCST (d*4)(s4)(pix*2), Z31, Z6   \
	VFMADD231PS.BCST (d*4)(s4)(pix3*1), Z31, Z7  \
	VFMADD231PS.BCST (d*4)(s8), Z31, Z8          \
	VFMADD231PS.BCST (d*4)(s8)(pix*1), Z31, Z9   \
	VFMADD231PS.BCST (d*4)(s8)(pix*2), Z31, Z10  \
	VFMADD231PS.BCST (d*4)(s8)(pix3*1), Z31, Z11 \
	VFMADD231PS.BCST (d*4)(s12), Z31, Z12        \
	VFMADD231PS.BCST (d*4)(s12)(pix*1), Z31, Z13 \
	VFMADD231PS.BCST (d*4)(s12)(pix*2), Z31, Z14 \
	VFMADD231PS.BCST (d*4)(s12)(pix3*1), Z31, Z15

// Four consecutive pixels of 16 channels between registers and (s0), which advances by s4 bytes a pixel.
#define LOAD4(a, b, c, d) \
	VMOVUPS (s0), a \
	ADDQ    s4, s0  \
	VMOVUPS (s0), b \
	ADDQ    s4, s0  \
	VMOVUPS (s0), c \
	ADDQ    s4, s0  \
	VMOVUPS (s0), d \
	ADDQ    s4, s0

#define STORE4(a, b, c, d) \
	VMOVUPS a, (s0) \
	ADDQ    s4, s0  \
	VMOVUPS b, (s0) \
	ADDQ    s4, s0  \
	VMOVUPS c, (s0) \
	ADDQ    s4, s0  \
	VMOVUPS d, (s0) \
	ADDQ    s4, s0

#define ZERO4(a, b, c, d) \
	VPXORD a, a, a \
	VPXORD b, b, b \
	VPXORD c, c, c \
	VPXORD d, d, d

#define ahead     R15 // fetched
#define aheadNext 56(SP)
#define runsLeft  64(SP)

// The destination of the next tile comes a few pixels every four steps, for a processor drops what is fetched all at once. FETCHNEXT says
// where it is; log is the binary logarithm of a tile's pixels.
#define nextDst R14
#define endDst  72(SP)
#define dstStep 80(SP)

#define FETCHNEXT(log) \
	MOVQ dst, nextDst              \
	MOVQ dst, endDst               \
	CMPQ tileArgs_fetch(args), $0  \
	JEQ  taps                      \
	MOVQ tileArgs_dstPix(args), s4 \
	SHLQ $2, s4                    \
	MOVQ s4, dstStep               \
	SHLQ $log, s4                  \
	ADDQ s4, nextDst               \
	LEAQ (nextDst)(s4*1), s4       \
	MOVQ s4, endDst

#define FETCHDST(skip, a, b) \
	CMPQ nextDst, endDst \
	JGE  skip            \
	a                    \
	b                    \
skip:

#define FETCH2 \
	PREFETCHT0 (nextDst)        \
	ADDQ       dstStep, nextDst \
	PREFETCHT0 (nextDst)        \
	ADDQ       dstStep, nextDst

// func tile16x16AVX512(a *tileArgs)
TEXT ·tile16x16AVX512(SB), NOSPLIT, $88-8
	PROLOGUE
	MOVQ tileArgs_ahead(args), R8
	MOVQ R8, aheadNext

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
	LOAD4(Z0, Z1, Z2, Z3)
	LOAD4(Z4, Z5, Z6, Z7)
	LOAD4(Z8, Z9, Z10, Z11)
	LOAD4(Z12, Z13, Z14, Z15)
	JMP  start

zero:
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	ZERO4(Z8, Z9, Z10, Z11)
	ZERO4(Z12, Z13, Z14, Z15)

start:
	FETCHNEXT(4)

taps:
	ENTERTAPS
	MOVQ ntaps, runsLeft
	MOVQ aheadNext, ahead

run:
	MOVQ  (tap), s0 // source of pixel 0 = src + 4·taps[tap]
	ADDQ  $8, tap
	LEAQ  (src)(s0*4), s0
	LEAQ  (s0)(pix*4), s4
	LEAQ  (s4)(pix*4), s8
	LEAQ  (s8)(pix*4), s12
	MOVQ  tileArgs_k(args), kleft
	SUBQ  $4, kleft
	JLT   rest
	TESTQ ahead, ahead
	JEQ   steps4

ahead4:
	FETCHDST(someAhead, FETCH2, FETCH2)
	PREFETCHT0 (ahead)
	STEP16(0)
	PREFETCHT0 64(ahead)
	STEP16(1)
	PREFETCHT0 128(ahead)
	STEP16(2)
	PREFETCHT0 192(ahead)
	STEP16(3)
	ADDQ       $256, ahead
	ADDQ       $256, w
	ADDQ       $16, s0
	ADDQ       $16, s4
	ADDQ       $16, s8
	ADDQ       $16, s12
	SUBQ       $4, kleft
	JGE        ahead4
	JMP        rest

steps4:
	FETCHDST(some, FETCH2, FETCH2)
	STEP16(0)
	STEP16(1)
	STEP16(2)
	STEP16(3)
	ADDQ $256, w
	ADDQ $16, s0
	ADDQ $16, s4
	ADDQ $16, s8
	ADDQ $16, s12
	SUBQ $4, kleft
	JGE  steps4

rest:
	ADDQ $4, kleft
	JZ   runDone

step1:
	STEP16(0)
	ADDQ $64, w
	ADDQ $4, s0
	ADDQ $4, s4
	ADDQ $4, s8
	ADDQ $4, s12
	DECQ kleft
	JNZ  step1

runDone:
	DECQ runsLeft
	JNZ  run
	MOVQ ahead, aheadNext

	MOVQ dst, s0
	MOVQ tileArgs_dstPix(args), s4
	SHLQ $2, s4
	STORE4(Z0, Z1, Z2, Z3)
	STORE4(Z4, Z5, Z6, Z7)
	STORE4(Z8, Z9, Z10, Z11)
	STORE4(Z12, Z13, Z14, Z15)

	MOVQ s0, dst // the next tile follows 16 pixels on
	LEAQ (src)(pix*8), src
	LEAQ (src)(pix*8), src
	DECQ tilesLeft
	JNZ  tile
	NEXTROW
	JNZ  row
	NEXTIMAGE
	JNZ  image
	VZEROUPPER
	RET

// 8 pixels × 32 channels: Z0-Z7 accumulate channels 0-15, Z8-Z15 channels 16-31; Z30 and Z31 hold the weights of a step,
// and each input is broadcast once for both.
#define PIXEL32(mem, t, lo, hi) \
	VBROADCASTSS mem, t     \
	VFMADD231PS  Z30, t, lo \
	VFMADD231PS  Z31, t, hi

#define STEP32(d) \
	VMOVUPS (d*128)(w), Z30                  \
	VMOVUPS (d*128+64)(w), Z31               \
	PIXEL32((d*4)(s0), Z16, Z0, Z8)          \
	PIXEL32((d*4)(s0)(pix*1), Z17, Z1, Z9)   \
	PIXEL32((d*4)(s0)(pix*2), Z18, Z2, Z10)  \
	PIXEL32((d*4)(s0)(pix3*1), Z19, Z3, Z11) \
	PIXEL32((d*4)(s4), Z20, Z4, Z12)         \
	PIXEL32((d*4)(s4)(pix*1), Z21, Z5, Z13)  \
	PIXEL32((d*4)(s4)(pix*2), Z22, Z6, Z14)  \
	PIXEL32((d*4)(s4)(pix3*1), Z23, Z7, Z15)

#define ahead32 R10 // fetched

#define FETCH32 \
	PREFETCHT0 (nextDst)   \
	PREFETCHT0 64(nextDst) \
	ADDQ       dstStep, nextDst

#define LOAD32(lo, hi) \
	VMOVUPS (s0), lo   \
	VMOVUPS 64(s0), hi \
	ADDQ    s4, s0

#define STORE32(lo, hi) \
	VMOVUPS lo, (s0)   \
	VMOVUPS hi, 64(s0) \
	ADDQ    s4, s0

// func tile8x32AVX512(a *tileArgs)
TEXT ·tile8x32AVX512(SB), NOSPLIT, $88-8
	PROLOGUE
	MOVQ tileArgs_ahead(args), ahead32

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
	LOAD32(Z0, Z8)
	LOAD32(Z1, Z9)
	LOAD32(Z2, Z10)
	LOAD32(Z3, Z11)
	LOAD32(Z4, Z12)
	LOAD32(Z5, Z13)
	LOAD32(Z6, Z14)
	LOAD32(Z7, Z15)
	JMP  start

zero:
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	ZERO4(Z8, Z9, Z10, Z11)
	ZERO4(Z12, Z13, Z14, Z15)

start:
	FETCHNEXT(3)

taps:
	ENTERTAPS

run:
	MOVQ  (tap), s0
	ADDQ  $8, tap
	LEAQ  (src)(s0*4), s0
	LEAQ  (s0)(pix*4), s4
	MOVQ  tileArgs_k(args), kleft
	SUBQ  $4, kleft
	JLT   rest
	TESTQ ahead32, ahead32
	JEQ   steps4

ahead4:
	FETCHDST(someAhead, FETCH32, FETCH32)
	PREFETCHT0 (ahead32)
	STEP32(0)
	STEP32(1)
	PREFETCHT0 64(ahead32)
	STEP32(2)
	STEP32(3)
	ADDQ       $128, ahead32
	ADDQ       $512, w
	ADDQ       $16, s0
	ADDQ       $16, s4
	SUBQ       $4, kleft
	JGE        ahead4
	JMP        rest

steps4:
	FETCHDST(some, FETCH32, FETCH32)
	STEP32(0)
	STEP32(1)
	STEP32(2)
	STEP32(3)
	ADDQ $512, w
	ADDQ $16, s0
	ADDQ $16, s4
	SUBQ $4, kleft
	JGE  steps4

rest:
	ADDQ $4, kleft
	JZ   runDone

step1:
	STEP32(0)
	ADDQ $128, w
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
	STORE32(Z0, Z8)
	STORE32(Z1, Z9)
	STORE32(Z2, Z10)
	STORE32(Z3, Z11)
	STORE32(Z4, Z12)
	STORE32(Z5, Z13)
	STORE32(Z6, Z14)
	STORE32(Z7, Z15)

	MOVQ s0, dst // the next tile follows 8 pixels on
	LEAQ (src)(pix*8), src
	DECQ tilesLeft
	JNZ  tile
	NEXTROW
	JNZ  row
	NEXTIMAGE
	JNZ  image
	VZEROUPPER
	RET

// 16 pixels × 16 channels of a kernel row of three taps on adjacent pixels: k = 3·c with c = srcPix. Each input is broadcast
// once and serves as the left, middle and right tap of three pixels, which takes a third of the loads of tile16x16.
// Z0-Z15 accumulate, Z29-Z31 hold the weights of the three taps for one channel.
#define cw  AX  // distance of the taps' weights, bytes (the arguments are fetched anew when needed)
#define s16 R15 // source of pixels 16 and 17

// One input, which pixel l reads as its left tap, m as its middle, and r as its right one.
#define TAPS3(mem, t, l, m, r) \
	VBROADCASTSS mem, t    \
	VFMADD231PS  Z29, t, l \
	VFMADD231PS  Z30, t, m \
	VFMADD231PS  Z31, t, r

#define STEP3(d) \
	VMOVUPS      (d*64)(w), Z29                   \
	VMOVUPS      (d*64)(w)(cw*1), Z30             \
	VMOVUPS      (d*64)(w)(cw*2), Z31             \
	VBROADCASTSS (d*4)(s0), Z16                   \
	VFMADD231PS  Z29, Z16, Z0                     \
	VBROADCASTSS (d*4)(s0)(pix*1), Z17            \
	VFMADD231PS  Z29, Z17, Z1                     \
	VFMADD231PS  Z30, Z17, Z0                     \
	TAPS3((d*4)(s0)(pix*2), Z18, Z2, Z1, Z0)      \
	TAPS3((d*4)(s0)(pix3*1), Z19, Z3, Z2, Z1)     \
	TAPS3((d*4)(s4), Z20, Z4, Z3, Z2)             \
	TAPS3((d*4)(s4)(pix*1), Z21, Z5, Z4, Z3)      \
	TAPS3((d*4)(s4)(pix*2), Z22, Z6, Z5, Z4)      \
	TAPS3((d*4)(s4)(pix3*1), Z23, Z7, Z6, Z5)     \
	TAPS3((d*4)(s8), Z24, Z8, Z7, Z6)             \
	TAPS3((d*4)(s8)(pix*1), Z25, Z9, Z8, Z7)      \
	TAPS3((d*4)(s8)(pix*2), Z26, Z10, Z9, Z8)     \
	TAPS3((d*4)(s8)(pix3*1), Z27, Z11, Z10, Z9)   \
	TAPS3((d*4)(s12), Z28, Z12, Z11, Z10)         \
	TAPS3((d*4)(s12)(pix*1), Z16, Z13, Z12, Z11)  \
	TAPS3((d*4)(s12)(pix*2), Z17, Z14, Z13, Z12)  \
	TAPS3((d*4)(s12)(pix3*1), Z18, Z15, Z14, Z13) \
	VBROADCASTSS (d*4)(s16), Z19                  \
	VFMADD231PS  Z30, Z19, Z15                    \
	VFMADD231PS  Z31, Z19, Z14                    \
	VBROADCASTSS (d*4)(s16)(pix*1), Z20           \
	VFMADD231PS  Z31, Z20, Z15

// func row3tile16x16AVX512(a *tileArgs)
TEXT ·row3tile16x16AVX512(SB), NOSPLIT, $64-8
	PROLOGUE

image:
	MOVQ a+0(FP), args
	ENTERIMAGE

row:
	MOVQ a+0(FP), args
	ENTERROW

tile:
	MOVQ a+0(FP), args
	CMPQ tileArgs_add(args), $0
	JEQ  zero
	MOVQ dst, s0
	MOVQ tileArgs_dstPix(args), s4
	SHLQ $2, s4
	LOAD4(Z0, Z1, Z2, Z3)
	LOAD4(Z4, Z5, Z6, Z7)
	LOAD4(Z8, Z9, Z10, Z11)
	LOAD4(Z12, Z13, Z14, Z15)
	JMP  start

zero:
	ZERO4(Z0, Z1, Z2, Z3)
	ZERO4(Z4, Z5, Z6, Z7)
	ZERO4(Z8, Z9, Z10, Z11)
	ZERO4(Z12, Z13, Z14, Z15)

start:
	ENTERTAPS
	MOVQ ntaps, runsLeft
	MOVQ pix, cw
	SHLQ $4, cw

run:
	MOVQ (tap), s0
	ADDQ $8, tap
	LEAQ (src)(s0*4), s0
	LEAQ (s0)(pix*4), s4
	LEAQ (s4)(pix*4), s8
	LEAQ (s8)(pix*4), s12
	LEAQ (s12)(pix*4), s16
	MOVQ pix, kleft
	SHRQ $2, kleft
	SUBQ $2, kleft
	JLT  rest

steps2:
	STEP3(0)
	STEP3(1)
	ADDQ $128, w
	ADDQ $8, s0
	ADDQ $8, s4
	ADDQ $8, s8
	ADDQ $8, s12
	ADDQ $8, s16
	SUBQ $2, kleft
	JGE  steps2

rest:
	ADDQ $2, kleft
	JZ   runDone
	STEP3(0)
	ADDQ $64, w

runDone:
	LEAQ (w)(cw*2), w // past the weights of the other two taps
	DECQ runsLeft
	JNZ  run

	MOVQ a+0(FP), args
	MOVQ dst, s0
	MOVQ tileArgs_dstPix(args), s4
	SHLQ $2, s4
	STORE4(Z0, Z1, Z2, Z3)
	STORE4(Z4, Z5, Z6, Z7)
	STORE4(Z8, Z9, Z10, Z11)
	STORE4(Z12, Z13, Z14, Z15)

	MOVQ s0, dst
	LEAQ (src)(pix*8), src
	LEAQ (src)(pix*8), src
	DECQ tilesLeft
	JNZ  tile
	NEXTROW
	JNZ  row
	MOVQ a+0(FP), args
	NEXTIMAGE
	JNZ  image
	VZEROUPPER
	RET
