//go:build !purego

#include "textflag.h"

#define left CX

// func fmaAVX2(turns int)
//
//	for ; turns > 0; turns-- { Y0 += Y12*Y12; …; Y11 += Y12*Y12 }
TEXT ·fmaAVX2(SB), NOSPLIT, $0-8
	MOVQ   turns+0(FP), left
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11
	VXORPS Y12, Y12, Y12

loop:
	VFMADD231PS Y12, Y12, Y0
	VFMADD231PS Y12, Y12, Y1
	VFMADD231PS Y12, Y12, Y2
	VFMADD231PS Y12, Y12, Y3
	VFMADD231PS Y12, Y12, Y4
	VFMADD231PS Y12, Y12, Y5
	VFMADD231PS Y12, Y12, Y6
	VFMADD231PS Y12, Y12, Y7
	VFMADD231PS Y12, Y12, Y8
	VFMADD231PS Y12, Y12, Y9
	VFMADD231PS Y12, Y12, Y10
	VFMADD231PS Y12, Y12, Y11
	DECQ        left
	JGT         loop
	VZEROUPPER
	RET

#define dst DI
#define b   SI
#define c   DX
#define n   CX

// func triadAVX2(a, b, c []float32, s float32)
//
//	a[i] = b[i] + s*c[i], for a positive multiple of 32 elements
TEXT ·triadAVX2(SB), NOSPLIT, $0-76
	MOVQ         a_base+0(FP), dst
	MOVQ         a_len+8(FP), n
	MOVQ         b_base+24(FP), b
	MOVQ         c_base+48(FP), c
	VBROADCASTSS s+72(FP), Y8

loop:
	VMOVUPS     (b), Y0
	VMOVUPS     32(b), Y1
	VMOVUPS     64(b), Y2
	VMOVUPS     96(b), Y3
	VFMADD231PS (c), Y8, Y0
	VFMADD231PS 32(c), Y8, Y1
	VFMADD231PS 64(c), Y8, Y2
	VFMADD231PS 96(c), Y8, Y3
	VMOVUPS     Y0, (dst)
	VMOVUPS     Y1, 32(dst)
	VMOVUPS     Y2, 64(dst)
	VMOVUPS     Y3, 96(dst)
	ADDQ        $128, dst
	ADDQ        $128, b
	ADDQ        $128, c
	SUBQ        $32, n
	JGT         loop
	VZEROUPPER
	RET
