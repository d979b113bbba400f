//go:build !purego

#include "textflag.h"

// Loading pixels into the ring, AVX2: see load_avx512_amd64.s.

#define dst   DI
#define src   SI
#define pitch R8 // from a pixel of src to the next, bytes
#define left  R9 // pixels left
#define from  R10
#define to    R11
#define step  R12 // from a block to the next in dst, bytes
#define more  R13 // channels left behind this block

// Eight channels that exist, then eight that don't.
DATA there<>+0(SB)/8, $-1
DATA there<>+8(SB)/8, $-1
DATA there<>+16(SB)/8, $-1
DATA there<>+24(SB)/8, $-1
GLOBL there<>(SB), RODATA|NOPTR, $64

// func loadAVX2(dst []float32, block int, src []float32, ldSrc, n, c int, lo, hi float32)
TEXT ·loadAVX2(SB), NOSPLIT, $0-88
	MOVQ dst_base+0(FP), dst
	MOVQ block+24(FP), step
	SHLQ $2, step
	MOVQ src_base+32(FP), src
	MOVQ ldSrc+56(FP), pitch
	SHLQ $2, pitch
	MOVQ n+64(FP), left
	MOVQ c+72(FP), CX // mask of the last block, of 1 to 8 channels
	DECQ CX
	ANDQ $7, CX
	INCQ CX
	SHLQ $2, CX
	LEAQ there<>+32(SB), AX
	SUBQ CX, AX
	VMOVUPS (AX), Y3
	VBROADCASTSS lo+80(FP), Y1
	VBROADCASTSS hi+84(FP), Y2

pixel:
	MOVQ src, from
	MOVQ dst, to
	MOVQ c+72(FP), more
	SUBQ $8, more
	JLE  last

block:
	VMOVUPS (from), Y0
	VMAXPS  Y0, Y1, Y0
	VMINPS  Y0, Y2, Y0
	VMOVUPS Y0, (to)
	ADDQ    $32, from
	ADDQ    step, to
	SUBQ    $8, more
	JG      block

last:
	VMASKMOVPS (from), Y3, Y0
	VMAXPS     Y0, Y1, Y0
	VMINPS     Y0, Y2, Y0
	VANDPS     Y3, Y0, Y0
	VMOVUPS    Y0, (to)
	ADDQ       pitch, src
	ADDQ       $32, dst
	DECQ       left
	JNZ        pixel
	VZEROUPPER
	RET
