//go:build !purego

#include "textflag.h"

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
#define OLD  K2  // all lanes to accumulate, none otherwise
#define TAIL K1  // lanes of the last vector

// func tapsAVX512(dst, src, w []float32, g grid, accumulate bool)
//
//	for each pixel of each row
//		for 64, at last 16 or fewer channels at a time
//			Z0-Z3 = accumulate ? dst : 0
//			for t in taps { Z0-Z3 += w[t] * src[t] }
//			dst = Z0-Z3
TEXT ·tapsAVX512(SB), NOSPLIT, $0-137
	MOVQ    dst_base+0(FP), drow
	MOVQ    src_base+24(FP), srow
	MOVQ    w_base+48(FP), w
	MOVQ    w_len+56(FP), taps
	MOVQ    g_tapStep+128(FP), step
	SHLQ    $2, step
	MOVBLZX accumulate+136(FP), tmp
	NEGL    tmp
	KMOVW   tmp, OLD

row:
	MOVQ drow, dst
	MOVQ srow, src
	MOVQ g_pixels+80(FP), left

pixel:
	MOVQ g_cols+88(FP), n
	XORL off, off
	SUBQ $64, n
	JLT  narrow

wide:
	VPXORD  Z0, Z0, Z0
	VPXORD  Z1, Z1, Z1
	VPXORD  Z2, Z2, Z2
	VPXORD  Z3, Z3, Z3
	CMPB    accumulate+136(FP), $0
	JEQ     wideTaps // a load under an empty mask would fetch the line all the same
	VMOVUPS (dst)(off*1), Z0
	VMOVUPS 64(dst)(off*1), Z1
	VMOVUPS 128(dst)(off*1), Z2
	VMOVUPS 192(dst)(off*1), Z3

wideTaps:
	LEAQ (src)(off*1), p
	XORL t, t

wideTap:
	CMPQ         t, taps
	JGE          wideStore
	VBROADCASTSS (w)(t*4), Z4
	VFMADD231PS  (p), Z4, Z0
	VFMADD231PS  64(p), Z4, Z1
	VFMADD231PS  128(p), Z4, Z2
	VFMADD231PS  192(p), Z4, Z3
	ADDQ         step, p
	INCQ         t
	JMP          wideTap

wideStore:
	VMOVUPS Z0, (dst)(off*1)
	VMOVUPS Z1, 64(dst)(off*1)
	VMOVUPS Z2, 128(dst)(off*1)
	VMOVUPS Z3, 192(dst)(off*1)
	ADDQ    $256, off
	SUBQ    $64, n
	JGE     wide

narrow:
	ADDQ $64, n
	JLE  next

narrowVector:
	MOVL      $-1, tmp
	BZHIL     n, tmp, tmp // the lowest min(n, 32) bits
	KMOVW     tmp, TAIL
	KANDW     OLD, TAIL, K3
	VMOVUPS.Z (dst)(off*1), K3, Z0
	LEAQ      (src)(off*1), p
	XORL      t, t

narrowTap:
	CMPQ         t, taps
	JGE          narrowStore
	VMOVUPS.Z    (p), TAIL, Z4
	VBROADCASTSS (w)(t*4), Z5
	VFMADD231PS  Z4, Z5, Z0
	ADDQ         step, p
	INCQ         t
	JMP          narrowTap

narrowStore:
	VMOVUPS Z0, TAIL, (dst)(off*1)
	ADDQ    $64, off
	SUBQ    $16, n
	JGT     narrowVector

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
