//go:build !purego

#include "textflag.h"

// Loading pixels into the ring, AVX-512: see kernels in kernels.go.

#define dst   DI
#define src   SI
#define pitch R8 // from a pixel of src to the next, bytes
#define left  R9 // pixels left
#define from  R10
#define to    R11
#define step  R12 // from a block to the next in dst, bytes
#define more  R13 // channels left behind this block

// func loadAVX512(dst []float32, block int, src []float32, ldSrc, n, c int, lo, hi float32)
//
//	for each pixel:
//	    for each block of 16 channels: dst = min(max(src, lo), hi), zero beyond c; dst += block
//
// A NaN stays one: the bounds are the first operands.
TEXT ·loadAVX512(SB), NOSPLIT, $0-88
	MOVQ  dst_base+0(FP), dst
	MOVQ  block+24(FP), step
	SHLQ  $2, step
	MOVQ  src_base+32(FP), src
	MOVQ  ldSrc+56(FP), pitch
	SHLQ  $2, pitch
	MOVQ  n+64(FP), left
	MOVQ  c+72(FP), CX // mask of the last block, of 1 to 16 channels
	DECQ  CX
	ANDQ  $15, CX
	MOVQ  $2, AX
	SHLQ  CX, AX
	DECQ  AX
	KMOVW AX, K1
	VBROADCASTSS lo+80(FP), Z1
	VBROADCASTSS hi+84(FP), Z2

pixel:
	MOVQ src, from
	MOVQ dst, to
	MOVQ c+72(FP), more
	SUBQ $16, more
	JLE  last

block:
	VMOVUPS (from), Z0
	VMAXPS  Z0, Z1, Z0
	VMINPS  Z0, Z2, Z0
	VMOVUPS Z0, (to)
	ADDQ    $64, from
	ADDQ    step, to
	SUBQ    $16, more
	JG      block

last:
	VMOVUPS.Z (from), K1, Z0
	VMAXPS.Z  Z0, Z1, K1, Z0
	VMINPS.Z  Z0, Z2, K1, Z0
	VMOVUPS   Z0, (to)
	ADDQ      pitch, src
	ADDQ      $64, dst
	DECQ      left
	JNZ       pixel
	VZEROUPPER
	RET
