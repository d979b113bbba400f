//go:build !purego

#include "textflag.h"
#include "bytes_avx2_amd64.h"

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
#define OLD   Y14 // all lanes to accumulate, none otherwise
#define TAIL  Y15 // lanes of the last vector

// func tapsAVX2(dst, src, w []float32, g grid, accumulate bool)
//
//	for each pixel of each row
//		for 32, at last 8 or fewer channels at a time
//			Y0-Y3 = accumulate ? dst : 0
//			for t in taps { Y0-Y3 += w[t] * src[t] }
//			dst = Y0-Y3
TEXT ·tapsAVX2(SB), NOSPLIT, $0-137
	MOVQ         dst_base+0(FP), DROW
	MOVQ         src_base+24(FP), SROW
	MOVQ         w_base+48(FP), W
	MOVQ         w_len+56(FP), TAPS
	MOVQ         g_tapStep+128(FP), STEP
	SHLQ         $2, STEP
	MOVBLZX      accumulate+136(FP), TMP
	NEGL         TMP
	VMOVD        TMP, X14
	VPBROADCASTD X14, OLD

row:
	MOVQ DROW, DST
	MOVQ SROW, SRC
	MOVQ g_pixels+80(FP), LEFT

pixel:
	MOVQ g_cols+88(FP), N
	XORL OFF, OFF
	SUBQ $32, N
	JLT  narrow

wide:
	VMASKMOVPS (DST)(OFF*1), OLD, Y0
	VMASKMOVPS 32(DST)(OFF*1), OLD, Y1
	VMASKMOVPS 64(DST)(OFF*1), OLD, Y2
	VMASKMOVPS 96(DST)(OFF*1), OLD, Y3
	LEAQ       (SRC)(OFF*1), P
	XORL       T, T

wideTap:
	CMPQ         T, TAPS
	JGE          wideStore
	VBROADCASTSS (W)(T*4), Y4
	VFMADD231PS  (P), Y4, Y0
	VFMADD231PS  32(P), Y4, Y1
	VFMADD231PS  64(P), Y4, Y2
	VFMADD231PS  96(P), Y4, Y3
	ADDQ         STEP, P
	INCQ         T
	JMP          wideTap

wideStore:
	VMOVUPS Y0, (DST)(OFF*1)
	VMOVUPS Y1, 32(DST)(OFF*1)
	VMOVUPS Y2, 64(DST)(OFF*1)
	VMOVUPS Y3, 96(DST)(OFF*1)
	ADDQ    $128, OFF
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
	VMASKMOVPS   (DST)(OFF*1), Y5, Y0
	LEAQ         (SRC)(OFF*1), P
	XORL         T, T

narrowTap:
	CMPQ         T, TAPS
	JGE          narrowStore
	VMASKMOVPS   (P), TAIL, Y4
	VBROADCASTSS (W)(T*4), Y5
	VFMADD231PS  Y4, Y5, Y0
	ADDQ         STEP, P
	INCQ         T
	JMP          narrowTap

narrowStore:
	CMPQ       N, $8
	JLT        partStore
	VMOVUPS    Y0, (DST)(OFF*1)
	ADDQ       $32, OFF
	SUBQ       $8, N
	JGT        narrowVector
	JMP        next

partStore: // masked stores are slow on some processors
	VMASKMOVPS Y0, TAIL, (DST)(OFF*1)

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
