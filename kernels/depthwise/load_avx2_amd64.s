//go:build !purego

#include "textflag.h"

// Loading pixels into the ring, AVX2: see load_avx512_amd64.s.

#define dst   DI
#define src   SI
#define pitch R8 // from a pixel of src to the next, bytes
#define left  R9 // pixels left

// Eight channels that exist, then eight that don't.
DATA there<>+0(SB)/8, $-1
DATA there<>+8(SB)/8, $-1
DATA there<>+16(SB)/8, $-1
DATA there<>+24(SB)/8, $-1
GLOBL there<>(SB), RODATA|NOPTR, $64

// func loadAVX2(dst, src []float32, ldSrc, n, c int, lo, hi float32)
TEXT ·loadAVX2(SB), NOSPLIT, $0-80
	MOVQ dst_base+0(FP), dst
	MOVQ src_base+24(FP), src
	MOVQ ldSrc+48(FP), pitch
	SHLQ $2, pitch
	MOVQ n+56(FP), left
	MOVQ c+64(FP), CX
	SHLQ $2, CX
	LEAQ there<>+32(SB), AX
	SUBQ CX, AX
	VMOVUPS (AX), Y3
	VBROADCASTSS lo+72(FP), Y1
	VBROADCASTSS hi+76(FP), Y2

pixel:
	VMASKMOVPS (src), Y3, Y0
	VMAXPS     Y0, Y1, Y0
	VMINPS     Y0, Y2, Y0
	VANDPS     Y3, Y0, Y0
	VMOVUPS    Y0, (dst)
	ADDQ       pitch, src
	ADDQ       $32, dst
	DECQ       left
	JNZ        pixel
	VZEROUPPER
	RET
