//go:build !purego

#include "textflag.h"

// Loading pixels into the ring, AVX-512: see kernels in kernels.go.

#define dst   DI
#define src   SI
#define pitch R8 // from a pixel of src to the next, bytes
#define left  R9 // pixels left

// func loadAVX512(dst, src []float32, ldSrc, n, c int, lo, hi float32)
//
//	for each pixel: dst[j] = min(max(src[j], lo), hi) for j < c, zero for j = c..15
//
// A NaN stays one: the bounds are the first operands.
TEXT ·loadAVX512(SB), NOSPLIT, $0-80
	MOVQ  dst_base+0(FP), dst
	MOVQ  src_base+24(FP), src
	MOVQ  ldSrc+48(FP), pitch
	SHLQ  $2, pitch
	MOVQ  n+56(FP), left
	MOVQ  c+64(FP), CX
	MOVQ  $1, AX
	SHLQ  CX, AX
	DECQ  AX
	KMOVW AX, K1
	VBROADCASTSS lo+72(FP), Z1
	VBROADCASTSS hi+76(FP), Z2

pixel:
	VMOVUPS.Z (src), K1, Z0
	VMAXPS.Z  Z0, Z1, K1, Z0
	VMINPS.Z  Z0, Z2, K1, Z0
	VMOVUPS   Z0, (dst)
	ADDQ      pitch, src
	ADDQ      $64, dst
	DECQ      left
	JNZ       pixel
	VZEROUPPER
	RET
