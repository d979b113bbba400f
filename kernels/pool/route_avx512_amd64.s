//go:build !purego

#include "textflag.h"

#define DST   DI  // pixel of dst
#define SRC   SI  // of src
#define INDEX DX  // of index
#define LEFT  R10 // pixels left in the row
#define N     CX  // channels left
#define OFF   R11 // channels of the pixel that are done
#define P     R12 // src at OFF
#define Q     R13 // index at OFF
#define TAP   BX  // the current tap: src, index, pos
#define T     AX  // taps left
#define TMP   R15
#define A     R8  // distance of the tap in src
#define B     R9  // in index
#define OLD   K2  // all lanes to accumulate, none otherwise
#define TAIL  K3  // lanes of the last vector

#define READTAP \
	MOVQ         (TAP), A      \
	MOVQ         8(TAP), B     \
	VPBROADCASTB 16(TAP), X4   \
	ADDQ         $24, TAP

// func routeAVX512(dst, src []float32, index []uint8, taps []tap, g routeGrid, accumulate, past bool)
//
//	for each pixel of each row
//		for 64, at last 16 or fewer channels at a time
//			Z0-Z3 = accumulate ? dst : 0
//			for t in taps
//				Z0-Z3 += src[t.src] where index[t.index] == t.pos
//			dst = Z0-Z3, past the caches if so wanted
TEXT ·routeAVX512(SB), NOSPLIT, $0-162
	MOVBLZX accumulate+160(FP), TMP
	NEGL    TMP
	KMOVW   TMP, OLD

row:
	MOVQ dst_base+0(FP), DST
	MOVQ src_base+24(FP), SRC
	MOVQ index_base+48(FP), INDEX
	MOVQ g_pixels+104(FP), LEFT

pixel:
	MOVQ g_cols+112(FP), N
	XORL OFF, OFF
	SUBQ $64, N
	JLT  narrow

wide:
	VPXORD    Z0, Z0, Z0
	VPXORD    Z1, Z1, Z1
	VPXORD    Z2, Z2, Z2
	VPXORD    Z3, Z3, Z3
	CMPB      accumulate+160(FP), $0
	JEQ       wideTaps // a load under an empty mask would fetch the line all the same
	VMOVUPS   (DST)(OFF*4), Z0
	VMOVUPS   64(DST)(OFF*4), Z1
	VMOVUPS   128(DST)(OFF*4), Z2
	VMOVUPS   192(DST)(OFF*4), Z3

wideTaps:
	LEAQ      (SRC)(OFF*4), P
	LEAQ      (INDEX)(OFF*1), Q
	MOVQ      taps_base+72(FP), TAP
	MOVQ      taps_len+80(FP), T

wideTap:
	DECQ     T
	JLT      wideStore
	READTAP
	VPCMPEQB (Q)(B*1), X4, K4
	VPCMPEQB 16(Q)(B*1), X4, K5
	VPCMPEQB 32(Q)(B*1), X4, K6
	VPCMPEQB 48(Q)(B*1), X4, K7
	VADDPS   (P)(A*4), Z0, K4, Z0
	VADDPS   64(P)(A*4), Z1, K5, Z1
	VADDPS   128(P)(A*4), Z2, K6, Z2
	VADDPS   192(P)(A*4), Z3, K7, Z3
	JMP      wideTap

wideStore:
	CMPB     past+161(FP), $0
	JNE      widePast
	VMOVUPS  Z0, (DST)(OFF*4)
	VMOVUPS  Z1, 64(DST)(OFF*4)
	VMOVUPS  Z2, 128(DST)(OFF*4)
	VMOVUPS  Z3, 192(DST)(OFF*4)
	ADDQ     $64, OFF
	SUBQ     $64, N
	JGE      wide
	JMP      narrow

widePast:
	VMOVNTPS Z0, (DST)(OFF*4)
	VMOVNTPS Z1, 64(DST)(OFF*4)
	VMOVNTPS Z2, 128(DST)(OFF*4)
	VMOVNTPS Z3, 192(DST)(OFF*4)
	ADDQ     $64, OFF
	SUBQ     $64, N
	JGE      wide

narrow:
	ADDQ $64, N
	JLE  next

narrowVector:
	MOVL      $-1, TMP
	BZHIL     N, TMP, TMP // the lowest min(N, 32) bits
	KMOVW     TMP, TAIL
	KANDW     OLD, TAIL, K1
	VMOVUPS.Z (DST)(OFF*4), K1, Z0
	LEAQ      (SRC)(OFF*4), P
	LEAQ      (INDEX)(OFF*1), Q
	MOVQ      taps_base+72(FP), TAP
	MOVQ      taps_len+80(FP), T

narrowTap:
	DECQ     T
	JLT      narrowStore
	READTAP
	VPCMPEQB (Q)(B*1), X4, TAIL, K4
	VADDPS   (P)(A*4), Z0, K4, Z0
	JMP      narrowTap

narrowStore:
	VMOVUPS Z0, TAIL, (DST)(OFF*4)
	ADDQ    $16, OFF
	SUBQ    $16, N
	JGT     narrowVector

next:
	MOVQ g_dstStep+128(FP), TMP
	LEAQ (DST)(TMP*4), DST
	MOVQ g_srcStep+144(FP), TMP
	LEAQ (SRC)(TMP*4), SRC
	ADDQ g_cols+112(FP), INDEX
	DECQ LEFT
	JGT  pixel
	MOVQ g_dstRow+120(FP), TMP
	SHLQ $2, TMP
	ADDQ TMP, dst_base+0(FP)
	MOVQ g_srcRow+136(FP), TMP
	SHLQ $2, TMP
	ADDQ TMP, src_base+24(FP)
	MOVQ g_indexRow+152(FP), TMP
	ADDQ TMP, index_base+48(FP)
	DECQ g_rows+96(FP)
	JGT  row
	SFENCE
	VZEROUPPER
	RET
