//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"
#include "bytes_avx2_amd64.h"

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
#define POS   Y12 // position of the tap, in every lane
#define PSTEP Y13 // from a tap to the next
#define TAIL  Y15 // lanes of the last vector

// TAKE moves v to best, and its position to at, in the lanes where v > best (predicate GT_OQ, false for NaN) or v is a NaN
// (predicate UNORD_Q).
#define TAKE(v, pos, best, at) \
	VCMPPS    $0x1e, best, v, Y14 \
	VCMPPS    $3, v, v, Y11       \
	VORPS     Y11, Y14, Y14       \
	VBLENDVPS Y14, v, best, best  \
	VPADDD    POS, pos, pos       \
	VBLENDVPS Y14, pos, at, at

// PACK moves the low bytes of the eight lanes of y to the first eight bytes of x, the lower half of y.
#define PACK(y, x) \
	VEXTRACTI128 $1, y, X14 \
	VPACKUSDW    X14, x, x  \
	VPACKUSWB    x, x, x

// NEXTTAP moves on to the next tap, and to done from the last one.
#define NEXTTAP(done) \
	DECQ   t        \
	JLE    done     \
	ADDQ   step, p  \
	ADDQ   fstep, q \
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
	MOVQ         g_tapStep+168(FP), step
	SHLQ         $2, step
	MOVQ         g_fromTap+192(FP), fstep
	VPBROADCASTD g_posStep+208(FP), PSTEP

row:
	MOVQ dst_base+0(FP), dst
	MOVQ index_base+24(FP), index
	MOVQ src_base+48(FP), src
	MOVQ from_base+72(FP), from
	MOVQ g_pixels+104(FP), left

pixel:
	MOVQ g_cols+112(FP), n
	XORL off, off
	SUBQ $16, n
	JLT  narrow

wide:
	LEAQ         (src)(off*4), p
	LEAQ         (from)(off*1), q
	MOVQ         g_taps+120(FP), t
	VPBROADCASTD g_pos+200(FP), POS
	VMOVUPS      (p), Y0
	VMOVUPS      32(p), Y1
	VPMOVZXBD    (q), Y2
	VPMOVZXBD    8(q), Y3
	VPADDD       POS, Y2, Y2
	VPADDD       POS, Y3, Y3

wideTap:
	NEXTTAP(wideStore)
	VMOVUPS   (p), Y4
	VMOVUPS   32(p), Y5
	VPMOVZXBD (q), Y6
	VPMOVZXBD 8(q), Y7
	TAKE(Y4, Y6, Y0, Y2)
	TAKE(Y5, Y7, Y1, Y3)
	JMP       wideTap

wideStore:
	VMOVUPS Y0, (dst)(off*4)
	VMOVUPS Y1, 32(dst)(off*4)
	PACK(Y2, X2)
	PACK(Y3, X3)
	VMOVQ   X2, (index)(off*1)
	VMOVQ   X3, 8(index)(off*1)
	ADDQ    $16, off
	SUBQ    $16, n
	JGE     wide

narrow:
	ADDQ $16, n
	JLE  next

narrowVector:
	LANESBELOW(n, X15, TAIL) // n > {0 … 7}
	LEAQ         (src)(off*4), p
	LEAQ         (from)(off*1), q
	MOVQ         g_taps+120(FP), t
	VPBROADCASTD g_pos+200(FP), POS
	VMASKMOVPS   (p), TAIL, Y0
	LOADBYTES(n, q, X2, firstWhole, firstPart1, firstPart2, firstPart4)
	VPMOVZXBD    X2, Y2
	VPADDD       POS, Y2, Y2

narrowTap: // lanes beyond the tail hold zeros
	NEXTTAP(narrowStore)
	VMASKMOVPS (p), TAIL, Y4
	LOADBYTES(n, q, X6, whole, part1, part2, part4)
	VPMOVZXBD  X6, Y6
	TAKE(Y4, Y6, Y0, Y2)
	JMP        narrowTap

narrowStore:
	PACK(Y2, X2)
	CMPQ    n, $8
	JLT     partStore
	VMOVUPS Y0, (dst)(off*4)
	VMOVQ   X2, (index)(off*1)
	ADDQ    $8, off
	SUBQ    $8, n
	JGT     narrowVector
	JMP     next

partStore: // masked stores are slow on some processors
	VMASKMOVPS Y0, TAIL, (dst)(off*4)
	LEAQ       (index)(off*1), p
	STOREBYTES(n, X2, p, store2, store1, next)

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
