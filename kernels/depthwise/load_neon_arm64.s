//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"

// Loading pixels into the ring, NEON: see load in kernels.go. A NaN in either operand of FMAX and FMIN makes one.

#define dst   R0
#define src   R1
#define pitch R2 // from a pixel of src to the next, bytes
#define left  R3 // pixels left
#define from  R4
#define to    R5
#define step  R6 // from a block to the next in dst, bytes
#define more  R7 // channels left
#define chans R8
#define lane  R9

#define BOUND \
	FMAX_4S(1, 0, 0) \
	FMIN_4S(2, 0, 0)

// func loadNEON(dst []float32, block int, src []float32, ldSrc, n, c int, lo, hi float32)
TEXT ·loadNEON(SB), NOSPLIT, $0-88
	MOVD  dst_base+0(FP), dst
	MOVD  block+24(FP), step
	LSL   $2, step, step
	MOVD  src_base+32(FP), src
	MOVD  ldSrc+56(FP), pitch
	LSL   $2, pitch, pitch
	MOVD  n+64(FP), left
	MOVD  c+72(FP), chans
	FMOVS lo+80(FP), F1
	VDUP  V1.S[0], V1.S4
	FMOVS hi+84(FP), F2
	VDUP  V2.S[0], V2.S4

pixel:
	MOVD src, from
	MOVD dst, to
	SUBS $4, chans, more
	BLT  rest

block:
	VLD1.P 16(from), [V0.S4]
	BOUND
	VST1   [V0.S4], (to)
	ADD    step, to, to
	SUBS   $4, more, more
	BGE    block

rest:
	ADDS $4, more, more
	BEQ  next
	VEOR V3.B16, V3.B16, V3.B16
	VST1 [V3.S4], (to)
	MOVD to, lane

single:
	FMOVS.P 4(from), F0
	BOUND
	FMOVS.P F0, 4(lane)
	SUBS    $1, more, more
	BNE     single

next:
	ADD  pitch, src, src
	ADD  $16, dst, dst
	SUBS $1, left, left
	BNE  pixel
	RET
