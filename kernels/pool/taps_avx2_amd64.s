//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"
#include "bytes_avx2_amd64.h"

#define dst  DI  // pixel of dst
#define src  SI  // pixel of src
#define w    DX  // weights
#define taps R8  // their number
#define step R9  // bytes from a tap to the next
#define left R10 // pixels left in the row
#define drow R13 // row of dst
#define srow R15 // row of src
#define n    CX  // channels left
#define off  R11 // bytes of the pixel that are done
#define p    R12 // tap of src at off
#define t    BX  // index of the tap
#define tmp  AX
#define OLD  Y14 // all lanes to accumulate, none otherwise
#define TAIL Y15 // lanes of the last vector

// func tapsAVX2(dst, src, w []float32, g grid, accumulate bool)
//
//	for each pixel of each row
//		for 32, at last 8 or fewer channels at a time
//			Y0-Y3 = accumulate ? dst : 0
//			for t in taps { Y0-Y3 += w[t] * src[t] }
//			dst = Y0-Y3
TEXT ·tapsAVX2(SB), NOSPLIT, $0-137
	MOVQ         dst_base+0(FP), drow
	MOVQ         src_base+24(FP), srow
	MOVQ         w_base+48(FP), w
	MOVQ         w_len+56(FP), taps
	MOVQ         g_tapStep+128(FP), step
	SHLQ         $2, step
	MOVBLZX      accumulate+136(FP), tmp
	NEGL         tmp
	VMOVD        tmp, X14
	VPBROADCASTD X14, OLD

row:
	MOVQ drow, dst
	MOVQ srow, src
	MOVQ g_pixels+80(FP), left

pixel:
	MOVQ g_cols+88(FP), n
	XORL off, off
	SUBQ $32, n
	JLT  narrow

wide:
	CMPB    accumulate+136(FP), $0 // a load under an empty mask waits for dst like any other
	JNE     wideOld
	VXORPS  Y0, Y0, Y0
	VXORPS  Y1, Y1, Y1
	VXORPS  Y2, Y2, Y2
	VXORPS  Y3, Y3, Y3
	JMP     wideSum

wideOld:
	VMOVUPS (dst)(off*1), Y0
	VMOVUPS 32(dst)(off*1), Y1
	VMOVUPS 64(dst)(off*1), Y2
	VMOVUPS 96(dst)(off*1), Y3

wideSum:
	LEAQ (src)(off*1), p
	XORL t, t

wideTap:
	CMPQ         t, taps
	JGE          wideStore
	VBROADCASTSS (w)(t*4), Y4
	VFMADD231PS  (p), Y4, Y0
	VFMADD231PS  32(p), Y4, Y1
	VFMADD231PS  64(p), Y4, Y2
	VFMADD231PS  96(p), Y4, Y3
	ADDQ         step, p
	INCQ         t
	JMP          wideTap

wideStore:
	VMOVUPS Y0, (dst)(off*1)
	VMOVUPS Y1, 32(dst)(off*1)
	VMOVUPS Y2, 64(dst)(off*1)
	VMOVUPS Y3, 96(dst)(off*1)
	ADDQ    $128, off
	SUBQ    $32, n
	JGE     wide

narrow:
	ADDQ $32, n
	JLE  next

narrowVector:
	LANESBELOW(n, X15, TAIL) // n > {0 … 7}
	VANDPS     OLD, TAIL, Y5
	VMASKMOVPS (dst)(off*1), Y5, Y0
	LEAQ       (src)(off*1), p
	XORL       t, t

narrowTap:
	CMPQ         t, taps
	JGE          narrowStore
	VMASKMOVPS   (p), TAIL, Y4
	VBROADCASTSS (w)(t*4), Y5
	VFMADD231PS  Y4, Y5, Y0
	ADDQ         step, p
	INCQ         t
	JMP          narrowTap

narrowStore:
	CMPQ    n, $8
	JLT     partStore
	VMOVUPS Y0, (dst)(off*1)
	ADDQ    $32, off
	SUBQ    $8, n
	JGT     narrowVector
	JMP     next

partStore: // masked stores are slow on some processors
	VMASKMOVPS Y0, TAIL, (dst)(off*1)

next:
	MOVQ g_dstStep+104(FP), tmp
	LEAQ (dst)(tmp*4), dst
	MOVQ g_srcStep+120(FP), tmp
	LEAQ (src)(tmp*4), src
	DECQ left
	JGT  pixel
	MOVQ g_dstRow+96(FP), tmp
	LEAQ (drow)(tmp*4), drow
	MOVQ g_srcRow+112(FP), tmp
	LEAQ (srow)(tmp*4), srow
	DECQ g_rows+72(FP)
	JGT  row
	VZEROUPPER
	RET
