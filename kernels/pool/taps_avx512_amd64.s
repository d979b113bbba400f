//go:build !purego

#include "textflag.h"

#define DST   DI  // pixel of dst
#define SRC   SI  // pixel of src
#define W     DX  // weights
#define TAPS  R8  // their number
#define STEP  R9  // bytes from a tap to the next
#define LEFT  R10 // pixels left in the row
#define DROW  R13 // row of dst
#define SROW  R15 // row of src
#define N     CX  // channels left
#define OFF   R11 // bytes of the pixel that are done
#define P     R12 // tap of src at OFF
#define T     BX  // index of the tap
#define TMP   AX
#define OLD   K2  // all lanes to accumulate, none otherwise
#define TAIL  K1  // lanes of the last vector

// func tapsAVX512(dst, src, w []float32, g grid, accumulate bool)
//
//	for each pixel of each row
//		for 64, at last 16 or fewer channels at a time
//			Z0-Z3 = accumulate ? dst : 0
//			for t in taps { Z0-Z3 += w[t] * src[t] }
//			dst = Z0-Z3
TEXT ·tapsAVX512(SB), NOSPLIT, $0-137
	MOVQ    dst_base+0(FP), DROW
	MOVQ    src_base+24(FP), SROW
	MOVQ    w_base+48(FP), W
	MOVQ    w_len+56(FP), TAPS
	MOVQ    g_tapStep+128(FP), STEP
	SHLQ    $2, STEP
	MOVBLZX accumulate+136(FP), TMP
	NEGL    TMP
	KMOVW   TMP, OLD

row:
	MOVQ DROW, DST
	MOVQ SROW, SRC
	MOVQ g_pixels+80(FP), LEFT

pixel:
	MOVQ g_cols+88(FP), N
	XORL OFF, OFF
	SUBQ $64, N
	JLT  narrow

wide:
	VPXORD    Z0, Z0, Z0
	VPXORD    Z1, Z1, Z1
	VPXORD    Z2, Z2, Z2
	VPXORD    Z3, Z3, Z3
	CMPB      accumulate+136(FP), $0
	JEQ       wideTaps // a load under an empty mask would fetch the line all the same
	VMOVUPS   (DST)(OFF*1), Z0
	VMOVUPS   64(DST)(OFF*1), Z1
	VMOVUPS   128(DST)(OFF*1), Z2
	VMOVUPS   192(DST)(OFF*1), Z3

wideTaps:
	LEAQ      (SRC)(OFF*1), P
	XORL      T, T

wideTap:
	CMPQ         T, TAPS
	JGE          wideStore
	VBROADCASTSS (W)(T*4), Z4
	VFMADD231PS  (P), Z4, Z0
	VFMADD231PS  64(P), Z4, Z1
	VFMADD231PS  128(P), Z4, Z2
	VFMADD231PS  192(P), Z4, Z3
	ADDQ         STEP, P
	INCQ         T
	JMP          wideTap

wideStore:
	VMOVUPS Z0, (DST)(OFF*1)
	VMOVUPS Z1, 64(DST)(OFF*1)
	VMOVUPS Z2, 128(DST)(OFF*1)
	VMOVUPS Z3, 192(DST)(OFF*1)
	ADDQ    $256, OFF
	SUBQ    $64, N
	JGE     wide

narrow:
	ADDQ $64, N
	JLE  next

narrowVector:
	MOVL      $-1, TMP
	BZHIL     N, TMP, TMP // the lowest min(N, 32) bits
	KMOVW     TMP, TAIL
	KANDW     OLD, TAIL, K3
	VMOVUPS.Z (DST)(OFF*1), K3, Z0
	LEAQ      (SRC)(OFF*1), P
	XORL      T, T

narrowTap:
	CMPQ         T, TAPS
	JGE          narrowStore
	VMOVUPS.Z    (P), TAIL, Z4
	VBROADCASTSS (W)(T*4), Z5
	VFMADD231PS  Z4, Z5, Z0
	ADDQ         STEP, P
	INCQ         T
	JMP          narrowTap

narrowStore:
	VMOVUPS Z0, TAIL, (DST)(OFF*1)
	ADDQ    $64, OFF
	SUBQ    $16, N
	JGT     narrowVector

next:
	MOVQ g_dstStep+104(FP), TMP
	LEAQ (DST)(TMP*4), DST
	MOVQ g_srcStep+120(FP), TMP
	LEAQ (SRC)(TMP*4), SRC
	DECQ LEFT
	JGT  pixel
	MOVQ g_dstRow+96(FP), TMP
	LEAQ (DROW)(TMP*4), DROW
	MOVQ g_srcRow+112(FP), TMP
	LEAQ (SROW)(TMP*4), SROW
	DECQ g_rows+72(FP)
	JGT  row
	VZEROUPPER
	RET
