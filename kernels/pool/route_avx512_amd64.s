//go:build !purego

#include "textflag.h"

#define dst   DI  // pixel of dst
#define src   SI  // of src
#define index DX  // of index
#define left  R10 // pixels left in the row
#define n     CX  // channels left
#define off   R11 // channels of the pixel that are done
#define p     R12 // src at off
#define q     R13 // index at off
#define tap   BX  // the current tap: src, index, pos
#define t     AX  // taps left
#define tmp   R15
#define a     R8  // distance of the tap in src
#define b     R9  // in index
#define OLD   K2  // all lanes to accumulate, none otherwise
#define TAIL  K3  // lanes of the last vector

#define READTAP \
	MOVQ         (tap), a    \
	MOVQ         8(tap), b   \
	VPBROADCASTB 16(tap), X4 \
	ADDQ         $24, tap

// func routeAVX512(dst, src []float32, index []uint8, taps []tap, g routeGrid, accumulate, nonTemporal bool)
//
//	for each pixel of each row
//		for 64, at last 16 or fewer channels at a time
//			Z0-Z3 = accumulate ? dst : 0
//			for t in taps
//				Z0-Z3 += src[t.src] where index[t.index] == t.pos
//			dst = Z0-Z3, past the caches if so wanted
TEXT ·routeAVX512(SB), NOSPLIT, $0-162
	MOVBLZX accumulate+160(FP), tmp
	NEGL    tmp
	KMOVW   tmp, OLD

row:
	MOVQ dst_base+0(FP), dst
	MOVQ src_base+24(FP), src
	MOVQ index_base+48(FP), index
	MOVQ g_pixels+104(FP), left

pixel:
	MOVQ g_cols+112(FP), n
	XORL off, off
	SUBQ $64, n
	JLT  narrow

wide:
	VPXORD  Z0, Z0, Z0
	VPXORD  Z1, Z1, Z1
	VPXORD  Z2, Z2, Z2
	VPXORD  Z3, Z3, Z3
	CMPB    accumulate+160(FP), $0
	JEQ     wideTaps // a load under an empty mask would fetch the line all the same
	VMOVUPS (dst)(off*4), Z0
	VMOVUPS 64(dst)(off*4), Z1
	VMOVUPS 128(dst)(off*4), Z2
	VMOVUPS 192(dst)(off*4), Z3

wideTaps:
	LEAQ (src)(off*4), p
	LEAQ (index)(off*1), q
	MOVQ taps_base+72(FP), tap
	MOVQ taps_len+80(FP), t

wideTap:
	DECQ     t
	JLT      wideStore
	READTAP
	VPCMPEQB (q)(b*1), X4, K4
	VPCMPEQB 16(q)(b*1), X4, K5
	VPCMPEQB 32(q)(b*1), X4, K6
	VPCMPEQB 48(q)(b*1), X4, K7
	VADDPS   (p)(a*4), Z0, K4, Z0
	VADDPS   64(p)(a*4), Z1, K5, Z1
	VADDPS   128(p)(a*4), Z2, K6, Z2
	VADDPS   192(p)(a*4), Z3, K7, Z3
	JMP      wideTap

wideStore:
	CMPB    nonTemporal+161(FP), $0
	JNE     widePast
	VMOVUPS Z0, (dst)(off*4)
	VMOVUPS Z1, 64(dst)(off*4)
	VMOVUPS Z2, 128(dst)(off*4)
	VMOVUPS Z3, 192(dst)(off*4)
	ADDQ    $64, off
	SUBQ    $64, n
	JGE     wide
	JMP     narrow

widePast:
	VMOVNTPS Z0, (dst)(off*4)
	VMOVNTPS Z1, 64(dst)(off*4)
	VMOVNTPS Z2, 128(dst)(off*4)
	VMOVNTPS Z3, 192(dst)(off*4)
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
	KANDW     OLD, TAIL, K1
	VMOVUPS.Z (dst)(off*4), K1, Z0
	LEAQ      (src)(off*4), p
	LEAQ      (index)(off*1), q
	MOVQ      taps_base+72(FP), tap
	MOVQ      taps_len+80(FP), t

narrowTap:
	DECQ     t
	JLT      narrowStore
	READTAP
	VPCMPEQB (q)(b*1), X4, TAIL, K4
	VADDPS   (p)(a*4), Z0, K4, Z0
	JMP      narrowTap

narrowStore:
	VMOVUPS Z0, TAIL, (dst)(off*4)
	ADDQ    $16, off
	SUBQ    $16, n
	JGT     narrowVector

next:
	MOVQ g_dstStep+128(FP), tmp
	LEAQ (dst)(tmp*4), dst
	MOVQ g_srcStep+144(FP), tmp
	LEAQ (src)(tmp*4), src
	ADDQ g_cols+112(FP), index
	DECQ left
	JGT  pixel
	MOVQ g_dstRow+120(FP), tmp
	SHLQ $2, tmp
	ADDQ tmp, dst_base+0(FP)
	MOVQ g_srcRow+136(FP), tmp
	SHLQ $2, tmp
	ADDQ tmp, src_base+24(FP)
	MOVQ g_indexRow+152(FP), tmp
	ADDQ tmp, index_base+48(FP)
	DECQ g_rows+96(FP)
	JGT  row
	SFENCE
	VZEROUPPER
	RET
