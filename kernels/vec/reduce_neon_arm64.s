//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"

// Reductions, NEON: groups of 32 elements, whose sums in float64 are in V16-V31.

#define lanes R0
#define n     R1 // elements left
#define a     R2
#define b     R3

#define LOADLANES \
	VLD1.P 64(lanes), [V16.D2, V17.D2, V18.D2, V19.D2] \
	VLD1.P 64(lanes), [V20.D2, V21.D2, V22.D2, V23.D2] \
	VLD1.P 64(lanes), [V24.D2, V25.D2, V26.D2, V27.D2] \
	VLD1.P 64(lanes), [V28.D2, V29.D2, V30.D2, V31.D2] \
	SUB    $256, lanes, lanes

#define STORELANES \
	VST1.P [V16.D2, V17.D2, V18.D2, V19.D2], 64(lanes) \
	VST1.P [V20.D2, V21.D2, V22.D2, V23.D2], 64(lanes) \
	VST1.P [V24.D2, V25.D2, V26.D2, V27.D2], 64(lanes) \
	VST1.P [V28.D2, V29.D2, V30.D2, V31.D2], 64(lanes)

// SUM4 adds four elements, times the ones in V4.
#define SUM4(lo, hi) \
	VLD1.P 16(a), [V0.S4]      \
	FCVTL_2D(0, 1)             \
	FCVTL2_2D(0, 2)            \
	VFMLA  V4.D2, V1.D2, lo.D2 \
	VFMLA  V4.D2, V2.D2, hi.D2

// func sumNEON(l *[lanes]float64, a, b []float32)
//
//	l[i%32] += a[i] for the whole groups of 32
TEXT ·sumNEON(SB), NOSPLIT, $0-56
	MOVD  l+0(FP), lanes
	MOVD  a_base+8(FP), a
	MOVD  a_len+16(FP), n
	SUBS  $32, n, n
	BLT   done
	FMOVD $1.0, F4
	VDUP  V4.D[0], V4.D2
	LOADLANES

loop:
	SUM4(V16, V17)
	SUM4(V18, V19)
	SUM4(V20, V21)
	SUM4(V22, V23)
	SUM4(V24, V25)
	SUM4(V26, V27)
	SUM4(V28, V29)
	SUM4(V30, V31)
	SUBS $32, n, n
	BGE  loop
	STORELANES

done:
	RET

// DOT4 adds four products.
#define DOT4(lo, hi) \
	VLD1.P 16(a), [V0.S4]      \
	VLD1.P 16(b), [V3.S4]      \
	FCVTL_2D(0, 1)             \
	FCVTL2_2D(0, 2)            \
	FCVTL_2D(3, 4)             \
	FCVTL2_2D(3, 5)            \
	VFMLA  V4.D2, V1.D2, lo.D2 \
	VFMLA  V5.D2, V2.D2, hi.D2

// func dotNEON(l *[lanes]float64, a, b []float32)
//
//	l[i%32] += a[i]·b[i] for the whole groups of 32
TEXT ·dotNEON(SB), NOSPLIT, $0-56
	MOVD l+0(FP), lanes
	MOVD a_base+8(FP), a
	MOVD a_len+16(FP), n
	MOVD b_base+32(FP), b
	SUBS $32, n, n
	BLT  done
	LOADLANES

loop:
	DOT4(V16, V17)
	DOT4(V18, V19)
	DOT4(V20, V21)
	DOT4(V22, V23)
	DOT4(V24, V25)
	DOT4(V26, V27)
	DOT4(V28, V29)
	DOT4(V30, V31)
	SUBS $32, n, n
	BGE  loop
	STORELANES

done:
	RET

#define stride R4
#define end    R5
#define at     R6

// COLUMNS4 adds four elements.
#define COLUMNS4(x, lo, hi) \
	FCVTL_2D(x, 4)     \
	FCVTL2_2D(x, 5)    \
	FADD_2D(4, lo, lo) \
	FADD_2D(5, hi, hi)

// func colSumsNEON(acc []float64, x []float32)
//
//	acc[j] += x[i*len(acc)+j] for all i and the whole groups of 16 columns j
TEXT ·colSumsNEON(SB), NOSPLIT, $0-48
	MOVD acc_base+0(FP), lanes
	MOVD acc_len+8(FP), n
	MOVD x_base+24(FP), a
	MOVD x_len+32(FP), end
	ADD  end<<2, a, end
	LSL  $2, n, stride
	LSR  $4, n, n
	CBZ  n, done

columns:
	MOVD   a, at
	VLD1.P 64(lanes), [V16.D2, V17.D2, V18.D2, V19.D2]
	VLD1   (lanes), [V20.D2, V21.D2, V22.D2, V23.D2]
	SUB    $64, lanes, lanes

rows:
	VLD1   (at), [V0.S4, V1.S4, V2.S4, V3.S4]
	COLUMNS4(0, 16, 17)
	COLUMNS4(1, 18, 19)
	COLUMNS4(2, 20, 21)
	COLUMNS4(3, 22, 23)
	ADD    stride, at, at
	CMP    end, at
	BLT    rows
	VST1.P [V16.D2, V17.D2, V18.D2, V19.D2], 64(lanes)
	VST1.P [V20.D2, V21.D2, V22.D2, V23.D2], 64(lanes)
	ADD    $64, a, a
	SUBS   $1, n, n
	BNE    columns

done:
	RET
