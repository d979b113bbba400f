//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Loading pixels into the ring, AVX2: see load_avx512_amd64.s.

#define dst   DI
#define src   SI
#define pitch R8 // from a pixel of src to the next, bytes
#define left  R9 // pixels left
#define chans CX // channels left
#define from  R10

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
	VBROADCASTSS lo+72(FP), Y1
	VBROADCASTSS hi+76(FP), Y2
	MOVQ c+64(FP), CX // mask of the last block: 1 to 8 channels
	DECQ CX
	ANDQ $7, CX
	INCQ CX
	SHLQ $2, CX
	LEAQ there<>+32(SB), R11
	SUBQ CX, R11
	VMOVUPS (R11), Y3

pixel:
	MOVQ src, from
	MOVQ c+64(FP), chans
	SUBQ $8, chans
	JLE  last

block:
	VMOVUPS (from), Y0
	VMAXPS Y0, Y1, Y0
	VMINPS Y0, Y2, Y0
	VMOVUPS Y0, (dst)
	ADDQ $32, from
	ADDQ $32, dst
	SUBQ $8, chans
	JG   block

last:
	VMASKMOVPS (from), Y3, Y0
	VMAXPS Y0, Y1, Y0
	VMINPS Y0, Y2, Y0
	VANDPS Y3, Y0, Y0
	VMOVUPS Y0, (dst)
	ADDQ $32, dst
	ADDQ pitch, src
	DECQ left
	JNZ  pixel
	VZEROUPPER
	RET
