//go:build !purego

#include "textflag.h"

#define dst   DI  // pixel of dst
#define index DX  // of index
#define src   SI  // of src
#define from  BX  // of from
#define left  R10 // pixels left in the row
#define n     CX  // channels left
#define off   R11 // channels of the pixel that are done
#define p     R12 // tap of src at off
#define q     R13 // tap of from at off
#define step  R8  // bytes from a tap of src to the next
#define fstep R9  // bytes from a tap of from to the next
#define t     AX  // taps left
#define tmp   R15
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
	DECQ   t        \
	JLE    done     \
	ADDQ   step, p  \
	ADDQ   fstep, q \
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
	MOVQ         g_tapStep+168(FP), step
	SHLQ         $2, step
	MOVQ         g_fromTap+192(FP), fstep
	MOVQ         g_pos+200(FP), tmp
	VPBROADCASTB tmp, POS0
	MOVQ         g_posStep+208(FP), tmp
	VPBROADCASTB tmp, PSTEP

row:
	MOVQ dst_base+0(FP), dst
	MOVQ index_base+24(FP), index
	MOVQ src_base+48(FP), src
	MOVQ from_base+72(FP), from
	MOVQ g_pixels+104(FP), left

pixel:
	MOVQ g_cols+112(FP), n
	XORL off, off
	SUBQ $64, n
	JLT  narrow

wide:
	LEAQ      (src)(off*4), p
	LEAQ      (from)(off*1), q
	MOVQ      g_taps+120(FP), t
	VMOVDQA64 POS0, POS
	VMOVUPS   (p), Z0
	VMOVUPS   64(p), Z1
	VMOVUPS   128(p), Z2
	VMOVUPS   192(p), Z3
	VPADDB    (q), POS, X4
	VPADDB    16(q), POS, X5
	VPADDB    32(q), POS, X6
	VPADDB    48(q), POS, X7

wideTap:
	NEXTTAP(wideStore)
	VMOVUPS (p), Z8
	VMOVUPS 64(p), Z9
	VMOVUPS 128(p), Z10
	VMOVUPS 192(p), Z11
	TAKE((q), Z8, Z0, X4)
	TAKE(16(q), Z9, Z1, X5)
	TAKE(32(q), Z10, Z2, X6)
	TAKE(48(q), Z11, Z3, X7)
	JMP     wideTap

wideStore:
	VMOVUPS  Z0, (dst)(off*4)
	VMOVUPS  Z1, 64(dst)(off*4)
	VMOVUPS  Z2, 128(dst)(off*4)
	VMOVUPS  Z3, 192(dst)(off*4)
	VMOVDQU8 X4, (index)(off*1)
	VMOVDQU8 X5, 16(index)(off*1)
	VMOVDQU8 X6, 32(index)(off*1)
	VMOVDQU8 X7, 48(index)(off*1)
	ADDQ     $64, off
	SUBQ     $64, n
	JGE      wide

narrow:
	ADDQ $64, n
	JLE  next

narrowVector:
	MOVL      $-1, tmp
	BZHIL     n, tmp, tmp // the lowest min(n, 32) bits
	KMOVW     tmp, TAIL
	LEAQ      (src)(off*4), p
	LEAQ      (from)(off*1), q
	MOVQ      g_taps+120(FP), t
	VMOVDQA64 POS0, POS
	VMOVUPS.Z (p), TAIL, Z0
	VPADDB.Z  (q), POS, TAIL, X4

narrowTap: // lanes beyond the tail hold zeros, of which none is larger
	NEXTTAP(narrowStore)
	VMOVUPS.Z (p), TAIL, Z8
	TAKE((q), Z8, Z0, X4)
	JMP       narrowTap

narrowStore:
	VMOVUPS  Z0, TAIL, (dst)(off*4)
	VMOVDQU8 X4, TAIL, (index)(off*1)
	ADDQ     $16, off
	SUBQ     $16, n
	JGT      narrowVector

next:
	MOVQ g_dstStep+136(FP), tmp
	LEAQ (dst)(tmp*4), dst
	ADDQ g_cols+112(FP), index
	MOVQ g_srcStep+160(FP), tmp
	LEAQ (src)(tmp*4), src
	ADDQ g_fromStep+184(FP), from
	DECQ left
	JGT  pixel
	MOVQ g_dstRow+128(FP), tmp
	SHLQ $2, tmp
	ADDQ tmp, dst_base+0(FP)
	MOVQ g_indexRow+144(FP), tmp
	ADDQ tmp, index_base+24(FP)
	MOVQ g_srcRow+152(FP), tmp
	SHLQ $2, tmp
	ADDQ tmp, src_base+48(FP)
	MOVQ g_fromRow+176(FP), tmp
	ADDQ tmp, from_base+72(FP)
	DECQ g_rows+96(FP)
	JGT  row
	VZEROUPPER
	RET
