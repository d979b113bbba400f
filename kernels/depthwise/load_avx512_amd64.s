//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Loading pixels into the ring, AVX-512: see kernels in kernels.go.

#define dst   DI
#define src   SI
#define pitch R8 // from a pixel of src to the next, bytes
#define left  R9 // pixels left
#define chans CX // channels left
#define from  R10

#define BOUND(z) \
	VMAXPS z, Z1, z \
	VMINPS z, Z2, z

// func loadAVX512(dst, src []float32, ldSrc, n, c int, lo, hi float32)
//
//	for each pixel: dst[j] = min(max(src[j], lo), hi) for j < c, and zero up to a multiple of 16
//
// A NaN stays one: both bounds are the first operand.
TEXT ·loadAVX512(SB), NOSPLIT, $0-80
	MOVQ dst_base+0(FP), dst
	MOVQ src_base+24(FP), src
	MOVQ ldSrc+48(FP), pitch
	SHLQ $2, pitch
	MOVQ n+56(FP), left
	VBROADCASTSS lo+72(FP), Z1
	VBROADCASTSS hi+76(FP), Z2
	MOVQ c+64(FP), CX // mask of the last block: 1 to 16 channels
	DECQ CX
	ANDQ $15, CX
	MOVQ $2, R11
	SHLQ CX, R11
	DECQ R11
	KMOVW R11, K1

pixel:
	MOVQ src, from
	MOVQ c+64(FP), chans
	SUBQ $16, chans
	JLE  last

block:
	VMOVUPS (from), Z0
	BOUND(Z0)
	VMOVUPS Z0, (dst)
	ADDQ $64, from
	ADDQ $64, dst
	SUBQ $16, chans
	JG   block

last:
	VMOVUPS.Z (from), K1, Z0
	VMAXPS.Z Z0, Z1, K1, Z0
	VMINPS.Z Z0, Z2, K1, Z0
	VMOVUPS Z0, (dst)
	ADDQ $64, dst
	ADDQ pitch, src
	DECQ left
	JNZ  pixel
	VZEROUPPER
	RET
