//go:build !purego

#include "textflag.h"

// Reductions, AVX-512: eight float64 partial sums in each of Z0-Z3, one group of 32 elements per turn.

#define lanes DI
#define a     SI
#define b     DX
#define n     CX // elements left

#define LOADLANES \
	VMOVUPD (lanes), Z0    \
	VMOVUPD 64(lanes), Z1  \
	VMOVUPD 128(lanes), Z2 \
	VMOVUPD 192(lanes), Z3

#define STORELANES \
	VMOVUPD Z0, (lanes)    \
	VMOVUPD Z1, 64(lanes)  \
	VMOVUPD Z2, 128(lanes) \
	VMOVUPD Z3, 192(lanes)

// func sumAVX512(l *[lanes]float64, a, b []float32)
//
//	l[j] += float64(a[i+j]) for i = 0, 32, 64, ... while i+32 <= len(a)
TEXT ·sumAVX512(SB), NOSPLIT, $0-56
	MOVQ l+0(FP), lanes
	MOVQ a_base+8(FP), a
	MOVQ a_len+16(FP), n
	LOADLANES
	SUBQ $32, n
	JLT  done

loop:
	VCVTPS2PD (a), Z4
	VCVTPS2PD 32(a), Z5
	VCVTPS2PD 64(a), Z6
	VCVTPS2PD 96(a), Z7
	VADDPD    Z4, Z0, Z0
	VADDPD    Z5, Z1, Z1
	VADDPD    Z6, Z2, Z2
	VADDPD    Z7, Z3, Z3
	ADDQ      $128, a
	SUBQ      $32, n
	JGE       loop

done:
	STORELANES
	VZEROUPPER
	RET

// func dotAVX512(l *[lanes]float64, a, b []float32)
//
//	l[j] += float64(a[i+j]) * float64(b[i+j]) for i = 0, 32, 64, ... while i+32 <= len(a)
TEXT ·dotAVX512(SB), NOSPLIT, $0-56
	MOVQ l+0(FP), lanes
	MOVQ a_base+8(FP), a
	MOVQ a_len+16(FP), n
	MOVQ b_base+32(FP), b
	LOADLANES
	SUBQ $32, n
	JLT  done

loop:
	VCVTPS2PD   (a), Z4
	VCVTPS2PD   32(a), Z5
	VCVTPS2PD   64(a), Z6
	VCVTPS2PD   96(a), Z7
	VCVTPS2PD   (b), Z8
	VCVTPS2PD   32(b), Z9
	VCVTPS2PD   64(b), Z10
	VCVTPS2PD   96(b), Z11
	VFMADD231PD Z4, Z8, Z0
	VFMADD231PD Z5, Z9, Z1
	VFMADD231PD Z6, Z10, Z2
	VFMADD231PD Z7, Z11, Z3
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

// func colSumsAVX512(acc []float64, x []float32)
//
//	acc[j] += x[i*len(acc)+j] for all i and the whole groups of 16 columns j
TEXT ·colSumsAVX512(SB), NOSPLIT, $0-48
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
	VMOVUPD (lanes), Z0
	VMOVUPD 64(lanes), Z1

rows:
	VCVTPS2PD (at), Z4
	VCVTPS2PD 32(at), Z5
	VADDPD    Z4, Z0, Z0
	VADDPD    Z5, Z1, Z1
	ADDQ      stride, at
	CMPQ      at, end
	JLT       rows
	VMOVUPD   Z0, (lanes)
	VMOVUPD   Z1, 64(lanes)
	ADDQ      $128, lanes
	ADDQ      $64, a
	DECQ      n
	JNZ       columns

done:
	VZEROUPPER
	RET
