//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Reductions, NEON: groups of 32 elements, whose sums in float64 are in V16-V31.

#define L R0
#define N R1 // elements left
#define A R2
#define B R3

#define LANES \
	VLD1.P 64(L), [V16.D2, V17.D2, V18.D2, V19.D2] \
	VLD1.P 64(L), [V20.D2, V21.D2, V22.D2, V23.D2] \
	VLD1.P 64(L), [V24.D2, V25.D2, V26.D2, V27.D2] \
	VLD1.P 64(L), [V28.D2, V29.D2, V30.D2, V31.D2] \
	SUB $256, L, L

#define STORELANES \
	VST1.P [V16.D2, V17.D2, V18.D2, V19.D2], 64(L) \
	VST1.P [V20.D2, V21.D2, V22.D2, V23.D2], 64(L) \
	VST1.P [V24.D2, V25.D2, V26.D2, V27.D2], 64(L) \
	VST1.P [V28.D2, V29.D2, V30.D2, V31.D2], 64(L)

// SUM4 adds four elements, times the ones in V4.
#define SUM4(lo, hi) \
	VLD1.P 16(A), [V0.S4]    \
	FCVTL_2D(0, 1)           \
	FCVTL2_2D(0, 2)          \
	VFMLA V4.D2, V1.D2, lo.D2 \
	VFMLA V4.D2, V2.D2, hi.D2

// func sumNEON(l *[lanes]float64, a, b []float32)
//
//	l[i%32] += a[i] for the whole groups of 32
TEXT ·sumNEON(SB), NOSPLIT, $0-56
	MOVD l+0(FP), L
	MOVD a_base+8(FP), A
	MOVD a_len+16(FP), N
	SUBS $32, N, N
	BLT  done
	FMOVD $1.0, F4
	VDUP V4.D[0], V4.D2
	LANES

loop:
	SUM4(V16, V17)
	SUM4(V18, V19)
	SUM4(V20, V21)
	SUM4(V22, V23)
	SUM4(V24, V25)
	SUM4(V26, V27)
	SUM4(V28, V29)
	SUM4(V30, V31)
	SUBS $32, N, N
	BGE  loop
	STORELANES

done:
	RET

// DOT4 adds four products.
#define DOT4(lo, hi) \
	VLD1.P 16(A), [V0.S4]    \
	VLD1.P 16(B), [V3.S4]    \
	FCVTL_2D(0, 1)           \
	FCVTL2_2D(0, 2)          \
	FCVTL_2D(3, 4)           \
	FCVTL2_2D(3, 5)          \
	VFMLA V4.D2, V1.D2, lo.D2 \
	VFMLA V5.D2, V2.D2, hi.D2

// func dotNEON(l *[lanes]float64, a, b []float32)
//
//	l[i%32] += a[i]·b[i] for the whole groups of 32
TEXT ·dotNEON(SB), NOSPLIT, $0-56
	MOVD l+0(FP), L
	MOVD a_base+8(FP), A
	MOVD a_len+16(FP), N
	MOVD b_base+32(FP), B
	SUBS $32, N, N
	BLT  done
	LANES

loop:
	DOT4(V16, V17)
	DOT4(V18, V19)
	DOT4(V20, V21)
	DOT4(V22, V23)
	DOT4(V24, V25)
	DOT4(V26, V27)
	DOT4(V28, V29)
	DOT4(V30, V31)
	SUBS $32, N, N
	BGE  loop
	STORELANES

done:
	RET
