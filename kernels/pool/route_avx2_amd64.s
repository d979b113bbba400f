//go:build !purego

#include "textflag.h"
#include "bytes_avx2_amd64.h"

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
#define OLD   Y14 // all lanes to accumulate, none otherwise
#define TAIL  Y15 // lanes of the last vector

#define READTAP \
	MOVQ         (TAP), A    \
	MOVQ         8(TAP), B   \
	VPBROADCASTD 16(TAP), Y4 \
	ADDQ         $24, TAP

// func routeAVX2(dst, src []float32, index []uint8, taps []tap, g routeGrid, accumulate, past bool)
//
//	for each pixel of each row
//		for 32, at last 8 or fewer channels at a time
//			Y0-Y3 = accumulate ? dst : 0
//			for t in taps
//				Y0-Y3 += index[t.index] == t.pos ? src[t.src] : 0
//			dst = Y0-Y3
TEXT ·routeAVX2(SB), NOSPLIT, $0-162
	MOVBLZX      accumulate+160(FP), TMP
	NEGL         TMP
	VMOVD        TMP, X14
	VPBROADCASTD X14, OLD

row:
	MOVQ dst_base+0(FP), DST
	MOVQ src_base+24(FP), SRC
	MOVQ index_base+48(FP), INDEX
	MOVQ g_pixels+104(FP), LEFT

pixel:
	MOVQ g_cols+112(FP), N
	XORL OFF, OFF
	SUBQ $32, N
	JLT  narrow

wide:
	VMASKMOVPS (DST)(OFF*4), OLD, Y0
	VMASKMOVPS 32(DST)(OFF*4), OLD, Y1
	VMASKMOVPS 64(DST)(OFF*4), OLD, Y2
	VMASKMOVPS 96(DST)(OFF*4), OLD, Y3
	LEAQ       (SRC)(OFF*4), P
	LEAQ       (INDEX)(OFF*1), Q
	MOVQ       taps_base+72(FP), TAP
	MOVQ       taps_len+80(FP), T

wideTap:
	DECQ      T
	JLT       wideStore
	READTAP
	VPMOVZXBD (Q)(B*1), Y5
	VPMOVZXBD 8(Q)(B*1), Y6
	VPMOVZXBD 16(Q)(B*1), Y7
	VPMOVZXBD 24(Q)(B*1), Y8
	VPCMPEQD  Y5, Y4, Y5
	VPCMPEQD  Y6, Y4, Y6
	VPCMPEQD  Y7, Y4, Y7
	VPCMPEQD  Y8, Y4, Y8
	VANDPS    (P)(A*4), Y5, Y5
	VANDPS    32(P)(A*4), Y6, Y6
	VANDPS    64(P)(A*4), Y7, Y7
	VANDPS    96(P)(A*4), Y8, Y8
	VADDPS    Y5, Y0, Y0
	VADDPS    Y6, Y1, Y1
	VADDPS    Y7, Y2, Y2
	VADDPS    Y8, Y3, Y3
	JMP       wideTap

wideStore:
	VMOVUPS Y0, (DST)(OFF*4)
	VMOVUPS Y1, 32(DST)(OFF*4)
	VMOVUPS Y2, 64(DST)(OFF*4)
	VMOVUPS Y3, 96(DST)(OFF*4)
	ADDQ    $32, OFF
	SUBQ    $32, N
	JGE     wide

narrow:
	ADDQ $32, N
	JLE  next

narrowVector:
	VMOVQ        N, X15
	VPBROADCASTD X15, TAIL
	VPCMPGTD     iota<>(SB), TAIL, TAIL // N > {0 … 7}
	VANDPS       OLD, TAIL, Y5
	VMASKMOVPS   (DST)(OFF*4), Y5, Y0
	MOVQ         taps_base+72(FP), TAP
	MOVQ         taps_len+80(FP), T

narrowTap:
	DECQ       T
	JLT        narrowStore
	READTAP
	LEAQ       (SRC)(OFF*4), P
	LEAQ       (INDEX)(OFF*1), Q
	ADDQ       B, Q
	LOADBYTES(N, Q, X5, whole, part1, part2, part4)
	VPMOVZXBD  X5, Y5
	VPCMPEQD   Y5, Y4, Y5
	VMASKMOVPS (P)(A*4), TAIL, Y6
	VANDPS     Y6, Y5, Y5
	VADDPS     Y5, Y0, Y0
	JMP        narrowTap

narrowStore:
	CMPQ    N, $8
	JLT     partStore
	VMOVUPS Y0, (DST)(OFF*4)
	ADDQ    $8, OFF
	SUBQ    $8, N
	JGT     narrowVector
	JMP     next

partStore: // masked stores are slow on some processors
	VMASKMOVPS Y0, TAIL, (DST)(OFF*4)

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
	VZEROUPPER
	RET
