//go:build !purego

#include "textflag.h"

// Reductions, AVX2: four float64 partial sums in each of Y0-Y7, one group of 32 elements per turn.

#define LANES DI
#define A     SI
#define B     DX
#define N     CX // elements left

#define LOAD_LANES \
	VMOVUPD (LANES), Y0; \
	VMOVUPD 32(LANES), Y1; \
	VMOVUPD 64(LANES), Y2; \
	VMOVUPD 96(LANES), Y3; \
	VMOVUPD 128(LANES), Y4; \
	VMOVUPD 160(LANES), Y5; \
	VMOVUPD 192(LANES), Y6; \
	VMOVUPD 224(LANES), Y7

#define STORE_LANES \
	VMOVUPD Y0, (LANES); \
	VMOVUPD Y1, 32(LANES); \
	VMOVUPD Y2, 64(LANES); \
	VMOVUPD Y3, 96(LANES); \
	VMOVUPD Y4, 128(LANES); \
	VMOVUPD Y5, 160(LANES); \
	VMOVUPD Y6, 192(LANES); \
	VMOVUPD Y7, 224(LANES)

// func sumAVX2(l *[lanes]float64, a, b []float32)
//
//	l[j] += float64(a[i+j]) for i = 0, 32, 64, ... while i+32 <= len(a)
TEXT ·sumAVX2(SB), NOSPLIT, $0-56
	MOVQ l+0(FP), LANES
	MOVQ a_base+8(FP), A
	MOVQ a_len+16(FP), N
	LOAD_LANES
	SUBQ $32, N
	JLT  done

loop:
	VCVTPS2PD (A), Y8
	VCVTPS2PD 16(A), Y9
	VCVTPS2PD 32(A), Y10
	VCVTPS2PD 48(A), Y11
	VADDPD    Y8, Y0, Y0
	VADDPD    Y9, Y1, Y1
	VADDPD    Y10, Y2, Y2
	VADDPD    Y11, Y3, Y3
	VCVTPS2PD 64(A), Y8
	VCVTPS2PD 80(A), Y9
	VCVTPS2PD 96(A), Y10
	VCVTPS2PD 112(A), Y11
	VADDPD    Y8, Y4, Y4
	VADDPD    Y9, Y5, Y5
	VADDPD    Y10, Y6, Y6
	VADDPD    Y11, Y7, Y7
	ADDQ      $128, A
	SUBQ      $32, N
	JGE       loop

done:
	STORE_LANES
	VZEROUPPER
	RET

// func dotAVX2(l *[lanes]float64, a, b []float32)
//
//	l[j] += float64(a[i+j]) * float64(b[i+j]) for i = 0, 32, 64, ... while i+32 <= len(a)
TEXT ·dotAVX2(SB), NOSPLIT, $0-56
	MOVQ l+0(FP), LANES
	MOVQ a_base+8(FP), A
	MOVQ a_len+16(FP), N
	MOVQ b_base+32(FP), B
	LOAD_LANES
	SUBQ $32, N
	JLT  done

loop:
	VCVTPS2PD   (A), Y8
	VCVTPS2PD   16(A), Y9
	VCVTPS2PD   32(A), Y10
	VCVTPS2PD   48(A), Y11
	VCVTPS2PD   (B), Y12
	VCVTPS2PD   16(B), Y13
	VCVTPS2PD   32(B), Y14
	VCVTPS2PD   48(B), Y15
	VFMADD231PD Y8, Y12, Y0
	VFMADD231PD Y9, Y13, Y1
	VFMADD231PD Y10, Y14, Y2
	VFMADD231PD Y11, Y15, Y3
	VCVTPS2PD   64(A), Y8
	VCVTPS2PD   80(A), Y9
	VCVTPS2PD   96(A), Y10
	VCVTPS2PD   112(A), Y11
	VCVTPS2PD   64(B), Y12
	VCVTPS2PD   80(B), Y13
	VCVTPS2PD   96(B), Y14
	VCVTPS2PD   112(B), Y15
	VFMADD231PD Y8, Y12, Y4
	VFMADD231PD Y9, Y13, Y5
	VFMADD231PD Y10, Y14, Y6
	VFMADD231PD Y11, Y15, Y7
	ADDQ        $128, A
	ADDQ        $128, B
	SUBQ        $32, N
	JGE         loop

done:
	STORE_LANES
	VZEROUPPER
	RET
