//go:build !purego

#include "textflag.h"

// Reductions, AVX-512: eight float64 partial sums in each of Z0-Z3, one group of 32 elements per turn.

#define LANES DI
#define A     SI
#define B     DX
#define N     CX // elements left

#define LOAD_LANES \
	VMOVUPD (LANES), Z0; \
	VMOVUPD 64(LANES), Z1; \
	VMOVUPD 128(LANES), Z2; \
	VMOVUPD 192(LANES), Z3

#define STORE_LANES \
	VMOVUPD Z0, (LANES); \
	VMOVUPD Z1, 64(LANES); \
	VMOVUPD Z2, 128(LANES); \
	VMOVUPD Z3, 192(LANES)

// func sumAVX512(l *[lanes]float64, a, b []float32)
//
//	l[j] += float64(a[i+j]) for i = 0, 32, 64, ... while i+32 <= len(a)
TEXT ·sumAVX512(SB), NOSPLIT, $0-56
	MOVQ l+0(FP), LANES
	MOVQ a_base+8(FP), A
	MOVQ a_len+16(FP), N
	LOAD_LANES
	SUBQ $32, N
	JLT  done

loop:
	VCVTPS2PD (A), Z4
	VCVTPS2PD 32(A), Z5
	VCVTPS2PD 64(A), Z6
	VCVTPS2PD 96(A), Z7
	VADDPD    Z4, Z0, Z0
	VADDPD    Z5, Z1, Z1
	VADDPD    Z6, Z2, Z2
	VADDPD    Z7, Z3, Z3
	ADDQ      $128, A
	SUBQ      $32, N
	JGE       loop

done:
	STORE_LANES
	VZEROUPPER
	RET

// func dotAVX512(l *[lanes]float64, a, b []float32)
//
//	l[j] += float64(a[i+j]) * float64(b[i+j]) for i = 0, 32, 64, ... while i+32 <= len(a)
TEXT ·dotAVX512(SB), NOSPLIT, $0-56
	MOVQ l+0(FP), LANES
	MOVQ a_base+8(FP), A
	MOVQ a_len+16(FP), N
	MOVQ b_base+32(FP), B
	LOAD_LANES
	SUBQ $32, N
	JLT  done

loop:
	VCVTPS2PD   (A), Z4
	VCVTPS2PD   32(A), Z5
	VCVTPS2PD   64(A), Z6
	VCVTPS2PD   96(A), Z7
	VCVTPS2PD   (B), Z8
	VCVTPS2PD   32(B), Z9
	VCVTPS2PD   64(B), Z10
	VCVTPS2PD   96(B), Z11
	VFMADD231PD Z4, Z8, Z0
	VFMADD231PD Z5, Z9, Z1
	VFMADD231PD Z6, Z10, Z2
	VFMADD231PD Z7, Z11, Z3
	ADDQ        $128, A
	ADDQ        $128, B
	SUBQ        $32, N
	JGE         loop

done:
	STORE_LANES
	VZEROUPPER
	RET
