//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"
#include "bytes_avx2_amd64.h"

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
#define OLD   Y14 // all lanes to accumulate, none otherwise
#define TAIL  Y15 // lanes of the last vector

// AHEAD is how many bytes further along a row memory is asked for: the taps of 32 channels are as many instructions as the processor looks
// ahead itself.
#define AHEAD 512

#define READTAP \
	MOVQ         (tap), a    \
	MOVQ         8(tap), b   \
	VPBROADCASTD 16(tap), Y4 \
	ADDQ         $24, tap

// func routeAVX2(dst, src []float32, index []uint8, taps []tap, g routeGrid, accumulate, nonTemporal bool)
//
//	for each pixel of each row
//		for 32, at last 8 or fewer channels at a time
//			Y0-Y3 = accumulate ? dst : 0
//			for t in taps
//				Y0-Y3 += index[t.index] == t.pos ? src[t.src] : 0
//			dst = Y0-Y3
TEXT ·routeAVX2(SB), NOSPLIT, $0-162
	MOVBLZX      accumulate+160(FP), tmp
	NEGL         tmp
	VMOVD        tmp, X14
	VPBROADCASTD X14, OLD

row:
	MOVQ dst_base+0(FP), dst
	MOVQ src_base+24(FP), src
	MOVQ index_base+48(FP), index
	MOVQ g_pixels+104(FP), left

pixel:
	MOVQ g_cols+112(FP), n
	XORL off, off
	SUBQ $32, n
	JLT  narrow

wide:
	CMPB    accumulate+160(FP), $0 // a load under an empty mask waits for dst like any other
	JNE     wideOld
	VXORPS  Y0, Y0, Y0
	VXORPS  Y1, Y1, Y1
	VXORPS  Y2, Y2, Y2
	VXORPS  Y3, Y3, Y3
	JMP     wideSum

wideOld:
	PREFETCHT0 AHEAD(dst)(off*4)
	PREFETCHT0 (AHEAD+64)(dst)(off*4)
	VMOVUPS    (dst)(off*4), Y0
	VMOVUPS    32(dst)(off*4), Y1
	VMOVUPS    64(dst)(off*4), Y2
	VMOVUPS    96(dst)(off*4), Y3

wideSum:
	LEAQ (src)(off*4), p
	LEAQ (index)(off*1), q
	MOVQ taps_base+72(FP), tap
	MOVQ taps_len+80(FP), t

wideTap:
	DECQ      t
	JLT       wideStore
	READTAP
	VPMOVZXBD (q)(b*1), Y5
	VPMOVZXBD 8(q)(b*1), Y6
	VPMOVZXBD 16(q)(b*1), Y7
	VPMOVZXBD 24(q)(b*1), Y8
	VPCMPEQD  Y5, Y4, Y5
	VPCMPEQD  Y6, Y4, Y6
	VPCMPEQD  Y7, Y4, Y7
	VPCMPEQD  Y8, Y4, Y8
	VANDPS    (p)(a*4), Y5, Y5
	VANDPS    32(p)(a*4), Y6, Y6
	VANDPS    64(p)(a*4), Y7, Y7
	VANDPS    96(p)(a*4), Y8, Y8
	VADDPS    Y5, Y0, Y0
	VADDPS    Y6, Y1, Y1
	VADDPS    Y7, Y2, Y2
	VADDPS    Y8, Y3, Y3
	JMP       wideTap

wideStore: // a and b are of the last tap, whose row nobody has read yet
	PREFETCHT0 AHEAD(p)(a*4)
	PREFETCHT0 (AHEAD+64)(p)(a*4)
	PREFETCHT0 (AHEAD/4)(q)(b*1)
	VMOVUPS    Y0, (dst)(off*4)
	VMOVUPS    Y1, 32(dst)(off*4)
	VMOVUPS    Y2, 64(dst)(off*4)
	VMOVUPS    Y3, 96(dst)(off*4)
	ADDQ       $32, off
	SUBQ       $32, n
	JGE        wide

narrow:
	ADDQ $32, n
	JLE  next

narrowVector:
	LANESBELOW(n, X15, TAIL) // n > {0 … 7}
	VANDPS     OLD, TAIL, Y5
	VMASKMOVPS (dst)(off*4), Y5, Y0
	MOVQ       taps_base+72(FP), tap
	MOVQ       taps_len+80(FP), t

narrowTap:
	DECQ       t
	JLT        narrowStore
	READTAP
	LEAQ       (src)(off*4), p
	LEAQ       (index)(off*1), q
	ADDQ       b, q
	LOADBYTES(n, q, X5, whole, part1, part2, part4)
	VPMOVZXBD  X5, Y5
	VPCMPEQD   Y5, Y4, Y5
	VMASKMOVPS (p)(a*4), TAIL, Y6
	VANDPS     Y6, Y5, Y5
	VADDPS     Y5, Y0, Y0
	JMP        narrowTap

narrowStore:
	CMPQ    n, $8
	JLT     partStore
	VMOVUPS Y0, (dst)(off*4)
	ADDQ    $8, off
	SUBQ    $8, n
	JGT     narrowVector
	JMP     next

partStore: // masked stores are slow on some processors
	VMASKMOVPS Y0, TAIL, (dst)(off*4)

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
	VZEROUPPER
	RET
