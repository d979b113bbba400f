//go:build !purego

#include "textflag.h"

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
#define TAIL  K3  // lanes of the last vector
#define POS0  X29 // position of the first tap, in every byte
#define POS   X30 // of the current one
#define PSTEP X31 // from a tap to the next

// TAKE moves v to best, and its position to at, in the lanes where v > best (predicate GT_OQ, false for NaN) or v is a NaN
// (predicate UNORD_Q).
#define TAKE(from, v, best, at) \
	VCMPPS  $0x1e, best, v, K1 \
	VCMPPS  $3, v, v, K2       \
	KORW    K1, K2, K1         \
	VMOVAPS v, K1, best        \
	VPADDB  from, POS, K1, at

// NEXTTAP moves on to the next tap, and to done from the last one.
#define NEXTTAP(done) \
	DECQ   T               \
	JLE    done            \
	ADDQ   STEP, P         \
	ADDQ   FSTEP, Q        \
	VPADDB PSTEP, POS, POS

// func maxAVX512(dst []float32, index []uint8, src []float32, from []uint8, g maxGrid)
//
//	for each pixel of each row
//		for 64, at last 16 or fewer channels at a time
//			Z0-Z3, X4-X7 = src[0], pos + from[0]
//			for t in taps after the first
//				Z0-Z3, X4-X7 = src[t], pos + t*posStep + from[t] where src[t] is larger or a NaN
//			dst, index = Z0-Z3, X4-X7
TEXT ·maxAVX512(SB), NOSPLIT, $0-216
	MOVQ         g_tapStep+168(FP), STEP
	SHLQ         $2, STEP
	MOVQ         g_fromTap+192(FP), FSTEP
	MOVQ         g_pos+200(FP), TMP
	VPBROADCASTB TMP, POS0
	MOVQ         g_posStep+208(FP), TMP
	VPBROADCASTB TMP, PSTEP

row:
	MOVQ dst_base+0(FP), DST
	MOVQ index_base+24(FP), INDEX
	MOVQ src_base+48(FP), SRC
	MOVQ from_base+72(FP), FROM
	MOVQ g_pixels+104(FP), LEFT

pixel:
	MOVQ g_cols+112(FP), N
	XORL OFF, OFF
	SUBQ $64, N
	JLT  narrow

wide:
	LEAQ         (SRC)(OFF*4), P
	LEAQ         (FROM)(OFF*1), Q
	MOVQ         g_taps+120(FP), T
	VMOVDQA64    POS0, POS
	VMOVUPS      (P), Z0
	VMOVUPS      64(P), Z1
	VMOVUPS      128(P), Z2
	VMOVUPS      192(P), Z3
	VPADDB       (Q), POS, X4
	VPADDB       16(Q), POS, X5
	VPADDB       32(Q), POS, X6
	VPADDB       48(Q), POS, X7

wideTap:
	NEXTTAP(wideStore)
	VMOVUPS (P), Z8
	VMOVUPS 64(P), Z9
	VMOVUPS 128(P), Z10
	VMOVUPS 192(P), Z11
	TAKE((Q), Z8, Z0, X4)
	TAKE(16(Q), Z9, Z1, X5)
	TAKE(32(Q), Z10, Z2, X6)
	TAKE(48(Q), Z11, Z3, X7)
	JMP     wideTap

wideStore:
	VMOVUPS   Z0, (DST)(OFF*4)
	VMOVUPS   Z1, 64(DST)(OFF*4)
	VMOVUPS   Z2, 128(DST)(OFF*4)
	VMOVUPS   Z3, 192(DST)(OFF*4)
	VMOVDQU8  X4, (INDEX)(OFF*1)
	VMOVDQU8  X5, 16(INDEX)(OFF*1)
	VMOVDQU8  X6, 32(INDEX)(OFF*1)
	VMOVDQU8  X7, 48(INDEX)(OFF*1)
	ADDQ      $64, OFF
	SUBQ      $64, N
	JGE       wide

narrow:
	ADDQ $64, N
	JLE  next

narrowVector:
	MOVL         $-1, TMP
	BZHIL        N, TMP, TMP // the lowest min(N, 32) bits
	KMOVW        TMP, TAIL
	LEAQ         (SRC)(OFF*4), P
	LEAQ         (FROM)(OFF*1), Q
	MOVQ         g_taps+120(FP), T
	VMOVDQA64    POS0, POS
	VMOVUPS.Z    (P), TAIL, Z0
	VPADDB.Z     (Q), POS, TAIL, X4

narrowTap: // lanes beyond the tail hold zeros, of which none is larger
	NEXTTAP(narrowStore)
	VMOVUPS.Z (P), TAIL, Z8
	TAKE((Q), Z8, Z0, X4)
	JMP       narrowTap

narrowStore:
	VMOVUPS  Z0, TAIL, (DST)(OFF*4)
	VMOVDQU8 X4, TAIL, (INDEX)(OFF*1)
	ADDQ     $16, OFF
	SUBQ     $16, N
	JGT      narrowVector

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
