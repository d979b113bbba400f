//go:build !purego

#include "textflag.h"

#define dst    DI  // four rows of dst
#define src    SI  // the first row of src, at the current columns
#define dstep  DX  // bytes from a row of dst to the next
#define dstep3 R11
#define step   R8  // bytes from a row of src to the next
#define step3  R9
#define row4   R10 // rows 4, 8 and 12 of src
#define row8   R12
#define row12  R13
#define left   CX  // columns left

// EIGHT transposes four columns of rows lo to lo+3 and hi to hi+3, and stores them at a byte offset into four rows of dst. Rows lo and hi
// begin in the two halves of the same vectors, so that nothing has to cross between them.
#define EIGHT(lo, hi, offset) \
	VMOVUPS     (lo), X0                  \
	VINSERTF128 $1, (hi), Y0, Y0          \
	VMOVUPS     (lo)(step*1), X1          \
	VINSERTF128 $1, (hi)(step*1), Y1, Y1  \
	VMOVUPS     (lo)(step*2), X2          \
	VINSERTF128 $1, (hi)(step*2), Y2, Y2  \
	VMOVUPS     (lo)(step3*1), X3         \
	VINSERTF128 $1, (hi)(step3*1), Y3, Y3 \
	VUNPCKLPS   Y1, Y0, Y4                \
	VUNPCKHPS   Y1, Y0, Y5                \
	VUNPCKLPS   Y3, Y2, Y6                \
	VUNPCKHPS   Y3, Y2, Y7                \
	VUNPCKLPD   Y6, Y4, Y0                \
	VUNPCKHPD   Y6, Y4, Y1                \
	VUNPCKLPD   Y7, Y5, Y2                \
	VUNPCKHPD   Y7, Y5, Y3                \
	VMOVUPS     Y0, offset(dst)           \
	VMOVUPS     Y1, offset(dst)(dstep*1)  \
	VMOVUPS     Y2, offset(dst)(dstep*2)  \
	VMOVUPS     Y3, offset(dst)(dstep3*1)

// func tileAVX2(dst []float32, dstStep int, src []float32, srcStep int)
//
//	for j = 0; j < 16; j += 4 {
//		dst[j:j+4][0:8] = src[0:8][j:j+4]
//		dst[j:j+4][8:16] = src[8:16][j:j+4]
//	}
TEXT ·tileAVX2(SB), NOSPLIT, $0-64
	MOVQ dst_base+0(FP), dst
	MOVQ dstStep+24(FP), dstep
	MOVQ src_base+32(FP), src
	MOVQ srcStep+56(FP), step
	SHLQ $2, dstep
	SHLQ $2, step
	LEAQ (dstep)(dstep*2), dstep3
	LEAQ (step)(step*2), step3
	LEAQ (src)(step*4), row4
	LEAQ (row4)(step*4), row8
	LEAQ (row8)(step*4), row12
	MOVQ $4, left

columns:
	EIGHT(src, row4, 0)
	EIGHT(row8, row12, 32)
	ADDQ $16, src
	ADDQ $16, row4
	ADDQ $16, row8
	ADDQ $16, row12
	LEAQ (dst)(dstep*4), dst
	DECQ left
	JNE  columns
	VZEROUPPER
	RET
