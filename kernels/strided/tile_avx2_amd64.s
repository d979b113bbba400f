//go:build !purego

#include "textflag.h"

#define DST    DI  // four rows of dst
#define SRC    SI  // the first row of src, at the current columns
#define DSTEP  DX  // bytes from a row of dst to the next
#define DSTEP3 R11
#define STEP   R8  // bytes from a row of src to the next
#define STEP3  R9
#define ROW4   R10 // rows 4, 8 and 12 of src
#define ROW8   R12
#define ROW12  R13
#define LEFT   CX  // columns left

// EIGHT transposes four columns of rows LO to LO+3 and HI to HI+3, and stores them at a byte offset into four rows of dst. Rows LO and HI
// begin in the two halves of the same vectors, so that nothing has to cross between them.
#define EIGHT(LO, HI, OFFSET) \
	VMOVUPS     (LO), X0                  \
	VINSERTF128 $1, (HI), Y0, Y0          \
	VMOVUPS     (LO)(STEP*1), X1          \
	VINSERTF128 $1, (HI)(STEP*1), Y1, Y1  \
	VMOVUPS     (LO)(STEP*2), X2          \
	VINSERTF128 $1, (HI)(STEP*2), Y2, Y2  \
	VMOVUPS     (LO)(STEP3*1), X3         \
	VINSERTF128 $1, (HI)(STEP3*1), Y3, Y3 \
	VUNPCKLPS   Y1, Y0, Y4                \
	VUNPCKHPS   Y1, Y0, Y5                \
	VUNPCKLPS   Y3, Y2, Y6                \
	VUNPCKHPS   Y3, Y2, Y7                \
	VUNPCKLPD   Y6, Y4, Y0                \
	VUNPCKHPD   Y6, Y4, Y1                \
	VUNPCKLPD   Y7, Y5, Y2                \
	VUNPCKHPD   Y7, Y5, Y3                \
	VMOVUPS     Y0, OFFSET(DST)           \
	VMOVUPS     Y1, OFFSET(DST)(DSTEP*1)  \
	VMOVUPS     Y2, OFFSET(DST)(DSTEP*2)  \
	VMOVUPS     Y3, OFFSET(DST)(DSTEP3*1)

// func tileAVX2(dst []float32, dstStep int, src []float32, srcStep int)
//
//	for j = 0; j < 16; j += 4 {
//		dst[j:j+4][0:8] = src[0:8][j:j+4]
//		dst[j:j+4][8:16] = src[8:16][j:j+4]
//	}
TEXT ·tileAVX2(SB), NOSPLIT, $0-64
	MOVQ dst_base+0(FP), DST
	MOVQ dstStep+24(FP), DSTEP
	MOVQ src_base+32(FP), SRC
	MOVQ srcStep+56(FP), STEP
	SHLQ $2, DSTEP
	SHLQ $2, STEP
	LEAQ (DSTEP)(DSTEP*2), DSTEP3
	LEAQ (STEP)(STEP*2), STEP3
	LEAQ (SRC)(STEP*4), ROW4
	LEAQ (ROW4)(STEP*4), ROW8
	LEAQ (ROW8)(STEP*4), ROW12
	MOVQ $4, LEFT

columns:
	EIGHT(SRC, ROW4, 0)
	EIGHT(ROW8, ROW12, 32)
	ADDQ $16, SRC
	ADDQ $16, ROW4
	ADDQ $16, ROW8
	ADDQ $16, ROW12
	LEAQ (DST)(DSTEP*4), DST
	DECQ LEFT
	JNE  columns
	VZEROUPPER
	RET
