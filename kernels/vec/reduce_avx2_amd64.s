//go:build !purego

#include "textflag.h"

// Reductions, AVX2: four float64 partial sums in each of Y0-Y7, one group of 32 elements per turn.

#define lanes DI
#define a     SI
#define b     DX
#define n     CX // elements left

#define LOADLANES \
	VMOVUPD (lanes), Y0    \
	VMOVUPD 32(lanes), Y1  \
	VMOVUPD 64(lanes), Y2  \
	VMOVUPD 96(lanes), Y3  \
	VMOVUPD 128(lanes), Y4 \
	VMOVUPD 160(lanes), Y5 \
	VMOVUPD 192(lanes), Y6 \
	VMOVUPD 224(lanes), Y7

#define STORELANES \
	VMOVUPD Y0, (lanes)    \
	VMOVUPD Y1, 32(lanes)  \
	VMOVUPD Y2, 64(lanes)  \
	VMOVUPD Y3, 96(lanes)  \
	VMOVUPD Y4, 128(lanes) \
	VMOVUPD Y5, 160(lanes) \
	VMOVUPD Y6, 192(lanes) \
	VMOVUPD Y7, 224(lanes)

// func sumAVX2(l *[lanes]float64, a, b []float32)
//
//	l[j] += float64(a[i+j]) for i = 0, 32, 64, ... while i+32 <= len(a)
TEXT ·sumAVX2(SB), NOSPLIT, $0-56
	MOVQ l+0(FP), lanes
	MOVQ a_base+8(FP), a
	MOVQ a_len+16(FP), n
	LOADLANES
	SUBQ $32, n
	JLT  done

loop:
	VCVTPS2PD (a), Y8
	VCVTPS2PD 16(a), Y9
	VCVTPS2PD 32(a), Y10
	VCVTPS2PD 48(a), Y11
	VADDPD    Y8, Y0, Y0
	VADDPD    Y9, Y1, Y1
	VADDPD    Y10, Y2, Y2
	VADDPD    Y11, Y3, Y3
	VCVTPS2PD 64(a), Y8
	VCVTPS2PD 80(a), Y9
	VCVTPS2PD 96(a), Y10
	VCVTPS2PD 112(a), Y11
	VADDPD    Y8, Y4, Y4
	VADDPD    Y9, Y5, Y5
	VADDPD    Y10, Y6, Y6
	VADDPD    Y11, Y7, Y7
	ADDQ      $128, a
	SUBQ      $32, n
	JGE       loop

done:
	STORELANES
	VZEROUPPER
	RET

// func dotAVX2(l *[lanes]float64, a, b []float32)
//
//	l[j] += float64(a[i+j]) * float64(b[i+j]) for i = 0, 32, 64, ... while i+32 <= len(a)
TEXT ·dotAVX2(SB), NOSPLIT, $0-56
	MOVQ l+0(FP), lanes
	MOVQ a_base+8(FP), a
	MOVQ a_len+16(FP), n
	MOVQ b_base+32(FP), b
	LOADLANES
	SUBQ $32, n
	JLT  done

loop:
	VCVTPS2PD   (a), Y8
	VCVTPS2PD   16(a), Y9
	VCVTPS2PD   32(a), Y10
	VCVTPS2PD   48(a), Y11
	VCVTPS2PD   (b), Y12
	VCVTPS2PD   16(b), Y13
	VCVTPS2PD   32(b), Y14
	VCVTPS2PD   48(b), Y15
	VFMADD231PD Y8, Y12, Y0
	VFMADD231PD Y9, Y13, Y1
	VFMADD231PD Y10, Y14, Y2
	VFMADD231PD Y11, Y15, Y3
	VCVTPS2PD   64(a), Y8
	VCVTPS2PD   80(a), Y9
	VCVTPS2PD   96(a), Y10
	VCVTPS2PD   112(a), Y11
	VCVTPS2PD   64(b), Y12
	VCVTPS2PD   80(b), Y13
	VCVTPS2PD   96(b), Y14
	VCVTPS2PD   112(b), Y15
	VFMADD231PD Y8, Y12, Y4
	VFMADD231PD Y9, Y13, Y5
	VFMADD231PD Y10, Y14, Y6
	VFMADD231PD Y11, Y15, Y7
	ADDQ        $128, a
	ADDQ        $128, b
	SUBQ        $32, n
	JGE         loop

done:
	STORELANES
	VZEROUPPER
	RET

#define stride R8
#define end    R9
#define at     R10

// func colSumsAVX2(acc []float64, x []float32)
//
//	acc[j] += x[i*len(acc)+j] for all i and the whole groups of 16 columns j
TEXT ·colSumsAVX2(SB), NOSPLIT, $0-48
	MOVQ acc_base+0(FP), lanes
	MOVQ acc_len+8(FP), n
	MOVQ x_base+24(FP), a
	MOVQ x_len+32(FP), end
	LEAQ (a)(end*4), end
	LEAQ (n*4), stride
	SHRQ $4, n
	JZ   done

columns:
	MOVQ    a, at
	VMOVUPD (lanes), Y0
	VMOVUPD 32(lanes), Y1
	VMOVUPD 64(lanes), Y2
	VMOVUPD 96(lanes), Y3

rows:
	VCVTPS2PD (at), Y4
	VCVTPS2PD 16(at), Y5
	VCVTPS2PD 32(at), Y6
	VCVTPS2PD 48(at), Y7
	VADDPD    Y4, Y0, Y0
	VADDPD    Y5, Y1, Y1
	VADDPD    Y6, Y2, Y2
	VADDPD    Y7, Y3, Y3
	ADDQ      stride, at
	CMPQ      at, end
	JLT       rows
	VMOVUPD   Y0, (lanes)
	VMOVUPD   Y1, 32(lanes)
	VMOVUPD   Y2, 64(lanes)
	VMOVUPD   Y3, 96(lanes)
	ADDQ      $128, lanes
	ADDQ      $64, a
	DECQ      n
	JNZ       columns

done:
	VZEROUPPER
	RET
