//go:build !purego

#include "textflag.h"
#include "bytes_avx2_amd64.h"

#define DST   DI  // pixel of dst
#define INDEX DX  // of index
#define SRC   SI  // of src
#define FROM  BX  // of from
#define LEFT  R10 // pixels left in the row
#define N     CX  // channels left
#define OFF   R11 // channels of the pixel that are done
#define P     R12 // tap of src at OFF
#define Q     R13 // tap of from at OFF
#define STEP  R8  // bytes from a tap of src to the next
#define FSTEP R9  // bytes from a tap of from to the next
#define T     AX  // taps left
#define TMP   R15
#define POS   Y12 // position of the tap, in every lane
#define PSTEP Y13 // from a tap to the next
#define TAIL  Y15 // lanes of the last vector

// TAKE moves v to best, and its position to at, in the lanes where v > best (predicate GT_OQ, false for NaN) or v is a NaN
// (predicate UNORD_Q).
#define TAKE(v, pos, best, at) \
	VCMPPS    $0x1e, best, v, Y14   \
	VCMPPS    $3, v, v, Y11         \
	VORPS     Y11, Y14, Y14         \
	VBLENDVPS Y14, v, best, best    \
	VPADDD    POS, pos, pos         \
	VBLENDVPS Y14, pos, at, at

// PACK moves the low bytes of the eight lanes of y to the first eight bytes of x, the lower half of y.
#define PACK(y, x) \
	VEXTRACTI128 $1, y, X14   \
	VPACKUSDW    X14, x, x    \
	VPACKUSWB    x, x, x

// NEXTTAP moves on to the next tap, and to done from the last one.
#define NEXTTAP(done) \
	DECQ   T               \
	JLE    done            \
	ADDQ   STEP, P         \
	ADDQ   FSTEP, Q        \
	VPADDD PSTEP, POS, POS

// func maxAVX2(dst []float32, index []uint8, src []float32, from []uint8, g maxGrid)
//
//	for each pixel of each row
//		for 16, at last 8 or fewer channels at a time
//			Y0-Y1, Y2-Y3 = src[0], pos + from[0]
//			for t in taps after the first
//				Y0-Y1, Y2-Y3 = src[t], pos + t*posStep + from[t] where src[t] is larger or a NaN
//			dst, index = Y0-Y1, Y2-Y3
TEXT ·maxAVX2(SB), NOSPLIT, $0-216
	MOVQ         g_tapStep+168(FP), STEP
	SHLQ         $2, STEP
	MOVQ         g_fromTap+192(FP), FSTEP
	VPBROADCASTD g_posStep+208(FP), PSTEP

row:
	MOVQ dst_base+0(FP), DST
	MOVQ index_base+24(FP), INDEX
	MOVQ src_base+48(FP), SRC
	MOVQ from_base+72(FP), FROM
	MOVQ g_pixels+104(FP), LEFT

pixel:
	MOVQ g_cols+112(FP), N
	XORL OFF, OFF
	SUBQ $16, N
	JLT  narrow

wide:
	LEAQ         (SRC)(OFF*4), P
	LEAQ         (FROM)(OFF*1), Q
	MOVQ         g_taps+120(FP), T
	VPBROADCASTD g_pos+200(FP), POS
	VMOVUPS      (P), Y0
	VMOVUPS      32(P), Y1
	VPMOVZXBD    (Q), Y2
	VPMOVZXBD    8(Q), Y3
	VPADDD       POS, Y2, Y2
	VPADDD       POS, Y3, Y3

wideTap:
	NEXTTAP(wideStore)
	VMOVUPS   (P), Y4
	VMOVUPS   32(P), Y5
	VPMOVZXBD (Q), Y6
	VPMOVZXBD 8(Q), Y7
	TAKE(Y4, Y6, Y0, Y2)
	TAKE(Y5, Y7, Y1, Y3)
	JMP       wideTap

wideStore:
	VMOVUPS Y0, (DST)(OFF*4)
	VMOVUPS Y1, 32(DST)(OFF*4)
	PACK(Y2, X2)
	PACK(Y3, X3)
	VMOVQ   X2, (INDEX)(OFF*1)
	VMOVQ   X3, 8(INDEX)(OFF*1)
	ADDQ    $16, OFF
	SUBQ    $16, N
	JGE     wide

narrow:
	ADDQ $16, N
	JLE  next

narrowVector:
	VMOVQ        N, X15
	VPBROADCASTD X15, TAIL
	VPCMPGTD     iota<>(SB), TAIL, TAIL // N > {0 … 7}
	LEAQ         (SRC)(OFF*4), P
	LEAQ         (FROM)(OFF*1), Q
	MOVQ         g_taps+120(FP), T
	VPBROADCASTD g_pos+200(FP), POS
	VMASKMOVPS   (P), TAIL, Y0
	LOADBYTES(N, Q, X2, firstWhole, firstPart1, firstPart2, firstPart4)
	VPMOVZXBD    X2, Y2
	VPADDD       POS, Y2, Y2

narrowTap: // lanes beyond the tail hold zeros
	NEXTTAP(narrowStore)
	VMASKMOVPS (P), TAIL, Y4
	LOADBYTES(N, Q, X6, whole, part1, part2, part4)
	VPMOVZXBD  X6, Y6
	TAKE(Y4, Y6, Y0, Y2)
	JMP        narrowTap

narrowStore:
	PACK(Y2, X2)
	CMPQ    N, $8
	JLT     partStore
	VMOVUPS Y0, (DST)(OFF*4)
	VMOVQ   X2, (INDEX)(OFF*1)
	ADDQ    $8, OFF
	SUBQ    $8, N
	JGT     narrowVector
	JMP     next

partStore: // masked stores are slow on some processors
	VMASKMOVPS Y0, TAIL, (DST)(OFF*4)
	LEAQ       (INDEX)(OFF*1), P
	STOREBYTES(N, X2, P, store2, store1, next)

next:
	MOVQ g_dstStep+136(FP), TMP
	LEAQ (DST)(TMP*4), DST
	ADDQ g_cols+112(FP), INDEX
	MOVQ g_srcStep+160(FP), TMP
	LEAQ (SRC)(TMP*4), SRC
	ADDQ g_fromStep+184(FP), FROM
	DECQ LEFT
	JGT  pixel
	MOVQ g_dstRow+128(FP), TMP
	SHLQ $2, TMP
	ADDQ TMP, dst_base+0(FP)
	MOVQ g_indexRow+144(FP), TMP
	ADDQ TMP, index_base+24(FP)
	MOVQ g_srcRow+152(FP), TMP
	SHLQ $2, TMP
	ADDQ TMP, src_base+48(FP)
	MOVQ g_fromRow+176(FP), TMP
	ADDQ TMP, from_base+72(FP)
	DECQ g_rows+96(FP)
	JGT  row
	VZEROUPPER
	RET
