//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Outer products for the weight gradient, AVX-512. Both routines follow outerArgs in kernels.go:
//
//	acc[i][c] = add ? dw[i·dwRow + c] : 0
//	for img, row, col:
//	    acc[i][c] += x[pixel][i] · dy[pixel][c]
//	dw[i·dwRow + c] = acc[i][c]

#include "outer_amd64.h"

// LOADMASK lets the sums through that are added to, all or none, in K1.
#define LOADMASK \
	MOVQ  outerArgs_add(args), tmp \
	NEGQ  tmp                      \
	KMOVW tmp, K1

#define LOADROW(a) \
	VMOVUPS.Z (dw), K1, a \
	ADDQ      dwRow, dw

#define STOREROW(a) \
	VMOVUPS a, (dw) \
	ADDQ    dwRow, dw

// 16 input channels × 16 output channels: Z0-Z15 accumulate one input channel each.

#define PIXEL16X16 \
	VMOVUPS          (dy), Z31       \
	VFMADD231PS.BCST (x), Z31, Z0    \
	VFMADD231PS.BCST 4(x), Z31, Z1   \
	VFMADD231PS.BCST 8(x), Z31, Z2   \
	VFMADD231PS.BCST 12(x), Z31, Z3  \
	VFMADD231PS.BCST 16(x), Z31, Z4  \
	VFMADD231PS.BCST 20(x), Z31, Z5  \
	VFMADD231PS.BCST 24(x), Z31, Z6  \
	VFMADD231PS.BCST 28(x), Z31, Z7  \
	VFMADD231PS.BCST 32(x), Z31, Z8  \
	VFMADD231PS.BCST 36(x), Z31, Z9  \
	VFMADD231PS.BCST 40(x), Z31, Z10 \
	VFMADD231PS.BCST 44(x), Z31, Z11 \
	VFMADD231PS.BCST 48(x), Z31, Z12 \
	VFMADD231PS.BCST 52(x), Z31, Z13 \
	VFMADD231PS.BCST 56(x), Z31, Z14 \
	VFMADD231PS.BCST 60(x), Z31, Z15

// func outer16x16AVX512(a *outerArgs)
TEXT ·outer16x16AVX512(SB), NOSPLIT, $0-8
	PROLOGUE
	LOADMASK
	ENTERDW
	LOADROW(Z0)
	LOADROW(Z1)
	LOADROW(Z2)
	LOADROW(Z3)
	LOADROW(Z4)
	LOADROW(Z5)
	LOADROW(Z6)
	LOADROW(Z7)
	LOADROW(Z8)
	LOADROW(Z9)
	LOADROW(Z10)
	LOADROW(Z11)
	LOADROW(Z12)
	LOADROW(Z13)
	LOADROW(Z14)
	LOADROW(Z15)

	PIXELS(PIXEL16X16)

	ENTERDW
	STOREROW(Z0)
	STOREROW(Z1)
	STOREROW(Z2)
	STOREROW(Z3)
	STOREROW(Z4)
	STOREROW(Z5)
	STOREROW(Z6)
	STOREROW(Z7)
	STOREROW(Z8)
	STOREROW(Z9)
	STOREROW(Z10)
	STOREROW(Z11)
	STOREROW(Z12)
	STOREROW(Z13)
	STOREROW(Z14)
	STOREROW(Z15)
	VZEROUPPER
	RET

// 8 input channels × 32 output channels: Z0-Z7 accumulate output channels 0-15, Z8-Z15 channels 16-31.
#define LOADROW32(lo, hi) \
	VMOVUPS.Z (dw), K1, lo   \
	VMOVUPS.Z 64(dw), K1, hi \
	ADDQ      dwRow, dw

#define STOREROW32(lo, hi) \
	VMOVUPS lo, (dw)   \
	VMOVUPS hi, 64(dw) \
	ADDQ    dwRow, dw

#define INPUT32(d, t, lo, hi) \
	VBROADCASTSS d(x), t    \
	VFMADD231PS  Z30, t, lo \
	VFMADD231PS  Z31, t, hi

// One pixel of the tile.
#define PIXEL8X32 \
	VMOVUPS (dy), Z30         \
	VMOVUPS 64(dy), Z31       \
	INPUT32(0, Z16, Z0, Z8)   \
	INPUT32(4, Z17, Z1, Z9)   \
	INPUT32(8, Z18, Z2, Z10)  \
	INPUT32(12, Z19, Z3, Z11) \
	INPUT32(16, Z20, Z4, Z12) \
	INPUT32(20, Z21, Z5, Z13) \
	INPUT32(24, Z22, Z6, Z14) \
	INPUT32(28, Z23, Z7, Z15)

// func outer8x32AVX512(a *outerArgs)
TEXT ·outer8x32AVX512(SB), NOSPLIT, $0-8
	PROLOGUE
	LOADMASK
	ENTERDW
	LOADROW32(Z0, Z8)
	LOADROW32(Z1, Z9)
	LOADROW32(Z2, Z10)
	LOADROW32(Z3, Z11)
	LOADROW32(Z4, Z12)
	LOADROW32(Z5, Z13)
	LOADROW32(Z6, Z14)
	LOADROW32(Z7, Z15)

	PIXELS(PIXEL8X32)

	ENTERDW
	STOREROW32(Z0, Z8)
	STOREROW32(Z1, Z9)
	STOREROW32(Z2, Z10)
	STOREROW32(Z3, Z11)
	STOREROW32(Z4, Z12)
	STOREROW32(Z5, Z13)
	STOREROW32(Z6, Z14)
	STOREROW32(Z7, Z15)
	VZEROUPPER
	RET

// 12 input channels × 32 output channels: Z0-Z11 accumulate output channels 0-15, Z12-Z23 channels 16-31.

#define PIXEL12X32 \
	VMOVUPS (dy), Z30          \
	VMOVUPS 64(dy), Z31        \
	INPUT32(0, Z24, Z0, Z12)   \
	INPUT32(4, Z25, Z1, Z13)   \
	INPUT32(8, Z26, Z2, Z14)   \
	INPUT32(12, Z27, Z3, Z15)  \
	INPUT32(16, Z28, Z4, Z16)  \
	INPUT32(20, Z29, Z5, Z17)  \
	INPUT32(24, Z24, Z6, Z18)  \
	INPUT32(28, Z25, Z7, Z19)  \
	INPUT32(32, Z26, Z8, Z20)  \
	INPUT32(36, Z27, Z9, Z21)  \
	INPUT32(40, Z28, Z10, Z22) \
	INPUT32(44, Z29, Z11, Z23)

// func outer12x32AVX512(a *outerArgs)
TEXT ·outer12x32AVX512(SB), NOSPLIT, $0-8
	PROLOGUE
	LOADMASK
	ENTERDW
	LOADROW32(Z0, Z12)
	LOADROW32(Z1, Z13)
	LOADROW32(Z2, Z14)
	LOADROW32(Z3, Z15)
	LOADROW32(Z4, Z16)
	LOADROW32(Z5, Z17)
	LOADROW32(Z6, Z18)
	LOADROW32(Z7, Z19)
	LOADROW32(Z8, Z20)
	LOADROW32(Z9, Z21)
	LOADROW32(Z10, Z22)
	LOADROW32(Z11, Z23)

	PIXELS(PIXEL12X32)

	ENTERDW
	STOREROW32(Z0, Z12)
	STOREROW32(Z1, Z13)
	STOREROW32(Z2, Z14)
	STOREROW32(Z3, Z15)
	STOREROW32(Z4, Z16)
	STOREROW32(Z5, Z17)
	STOREROW32(Z6, Z18)
	STOREROW32(Z7, Z19)
	STOREROW32(Z8, Z20)
	STOREROW32(Z9, Z21)
	STOREROW32(Z10, Z22)
	STOREROW32(Z11, Z23)
	VZEROUPPER
	RET

// 27 inputs × 16 output channels, for three taps of three channels on three rows of the image: Z0-Z26 accumulate one input each.

#define x1   R11 // the same pixel on the second and third row
#define x2   R12
#define xTap R13

#define LOADNINE(a, b, c, d, e, f, g, h, i) \
	LOADROW(a) \
	LOADROW(b) \
	LOADROW(c) \
	LOADROW(d) \
	LOADROW(e) \
	LOADROW(f) \
	LOADROW(g) \
	LOADROW(h) \
	LOADROW(i)

#define STORENINE(a, b, c, d, e, f, g, h, i) \
	STOREROW(a) \
	STOREROW(b) \
	STOREROW(c) \
	STOREROW(d) \
	STOREROW(e) \
	STOREROW(f) \
	STOREROW(g) \
	STOREROW(h) \
	STOREROW(i)

#define INPUTNINE(p, a, b, c, d, e, f, g, h, i) \
	VFMADD231PS.BCST (p), Z31, a   \
	VFMADD231PS.BCST 4(p), Z31, b  \
	VFMADD231PS.BCST 8(p), Z31, c  \
	VFMADD231PS.BCST 12(p), Z31, d \
	VFMADD231PS.BCST 16(p), Z31, e \
	VFMADD231PS.BCST 20(p), Z31, f \
	VFMADD231PS.BCST 24(p), Z31, g \
	VFMADD231PS.BCST 28(p), Z31, h \
	VFMADD231PS.BCST 32(p), Z31, i

// func outer3x9x16AVX512(a *outerArgs)
TEXT ·outer3x9x16AVX512(SB), NOSPLIT, $0-8
	PROLOGUE
	MOVQ outerArgs_xTap(args), xTap
	SHLQ $2, xTap
	LOADMASK
	ENTERDW
	LOADNINE(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8)
	LOADNINE(Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z16, Z17)
	LOADNINE(Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26)

row:
	ENTERROW
	LEAQ (x)(xTap*1), x1
	LEAQ (x)(xTap*2), x2

pixel:
	VMOVUPS (dy), Z31
	INPUTNINE(x, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8)
	INPUTNINE(x1, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z16, Z17)
	INPUTNINE(x2, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26)
	ADDQ    xPix, x
	ADDQ    xPix, x1
	ADDQ    xPix, x2
	ADDQ    dyPix, dy
	DECQ    cols
	JNZ     pixel
	NEXTROW
	JNZ     row

	ENTERDW
	STORENINE(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8)
	STORENINE(Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z16, Z17)
	STORENINE(Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26)
	VZEROUPPER
	RET
