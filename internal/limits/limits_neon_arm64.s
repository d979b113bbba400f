//go:build !purego

#include "textflag.h"

#define ZERO4(v0, v1, v2, v3) \
	VEOR v0.B16, v0.B16, v0.B16 \
	VEOR v1.B16, v1.B16, v1.B16 \
	VEOR v2.B16, v2.B16, v2.B16 \
	VEOR v3.B16, v3.B16, v3.B16

#define FMA4(v0, v1, v2, v3) \
	VFMLA V31.S4, V31.S4, v0.S4 \
	VFMLA V31.S4, V31.S4, v1.S4 \
	VFMLA V31.S4, V31.S4, v2.S4 \
	VFMLA V31.S4, V31.S4, v3.S4

// func fmaNEON(turns int)
//
//	for ; turns > 0; turns-- { V0 += V31*V31; …; V23 += V31*V31 }
//
// Four units with a latency of four cycles need sixteen accumulators.
TEXT ·fmaNEON(SB), NOSPLIT, $0-8
	MOVD turns+0(FP), R0
	ZERO4(V0, V1, V2, V3)
	ZERO4(V4, V5, V6, V7)
	ZERO4(V8, V9, V10, V11)
	ZERO4(V12, V13, V14, V15)
	ZERO4(V16, V17, V18, V19)
	ZERO4(V20, V21, V22, V23)
	VEOR V31.B16, V31.B16, V31.B16

loop:
	FMA4(V0, V1, V2, V3)
	FMA4(V4, V5, V6, V7)
	FMA4(V8, V9, V10, V11)
	FMA4(V12, V13, V14, V15)
	FMA4(V16, V17, V18, V19)
	FMA4(V20, V21, V22, V23)
	SUBS $1, R0
	BGT  loop
	RET

#define dst R0
#define b   R1
#define c   R2
#define n   R3

// func triadNEON(a, b, c []float32, s float32)
//
//	a[i] = b[i] + s*c[i], for a positive multiple of 16 elements
TEXT ·triadNEON(SB), NOSPLIT, $0-76
	MOVD  a_base+0(FP), dst
	MOVD  a_len+8(FP), n
	MOVD  b_base+24(FP), b
	MOVD  c_base+48(FP), c
	FMOVS s+72(FP), F8
	VDUP  V8.S[0], V8.S4

loop16:
	VLD1.P 64(b), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(c), [V4.S4, V5.S4, V6.S4, V7.S4]
	VFMLA  V8.S4, V4.S4, V0.S4
	VFMLA  V8.S4, V5.S4, V1.S4
	VFMLA  V8.S4, V6.S4, V2.S4
	VFMLA  V8.S4, V7.S4, V3.S4
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(dst)
	SUBS   $16, n
	BGT    loop16
	RET
