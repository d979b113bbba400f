//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"

// The passes of a layer norm over a row, NEON: four floats at a time, the last ones one by one, in a vector of which one lane counts.

#define dst   R0
#define n     R1 // elements left
#define x     R2
#define g     R3
#define scale R4
#define shift R5

#define NONE(v) VEOR v.B16, v.B16, v.B16

// BROADCAST fills a register with an argument.
#define BROADCAST(c, f, v) \
	FMOVS c, f \
	VDUP  v.S[0], v.S4

// SUMS adds the floats of V0 to partial sums.
#define SUMS \
	FCVTL_2D(0, 1)             \
	FCVTL2_2D(0, 2)            \
	FADD_2D(1, 16, 16)         \
	FADD_2D(2, 17, 17)         \
	VFMLA V1.D2, V1.D2, V18.D2 \
	VFMLA V2.D2, V2.D2, V19.D2

// func rowSumsNEON(x []float32) (sum, sumsq float64)
//
//	Σ x, Σ x²
TEXT ·rowSumsNEON(SB), NOSPLIT, $0-40
	MOVD x_base+0(FP), x
	MOVD x_len+8(FP), n
	NONE(V16)
	NONE(V17)
	NONE(V18)
	NONE(V19)
	SUBS $4, n, n
	BLT  tail

loop:
	VLD1.P 16(x), [V0.S4]
	SUMS
	SUBS   $4, n, n
	BGE    loop

tail:
	ADDS $4, n, n
	BEQ  done

one:
	FMOVS.P 4(x), F0
	SUMS
	SUBS    $1, n, n
	BNE     one

done:
	FADD_2D(17, 16, 16)
	FADD_2D(19, 18, 18)
	FADDP_2D(16, 16)
	FADDP_2D(18, 18)
	FMOVD F16, sum+24(FP)
	FMOVD F18, sumsq+32(FP)
	RET

// ROWSCALE works on V0 (of x), V3 (of scale) and V4 (of shift), with a in V1 and b in V2; the result is in V4.
#define ROWSCALE \
	VORR  V2.B16, V2.B16, V5.B16 \
	VFMLA V1.S4, V0.S4, V5.S4    \
	VFMLA V5.S4, V3.S4, V4.S4

// func rowScaleNEON(dst, x, scale, shift []float32, a, b float32)
//
//	dst = scale⊙(a·x + b) + shift
TEXT ·rowScaleNEON(SB), NOSPLIT, $0-104
	MOVD dst_base+0(FP), dst
	MOVD x_base+24(FP), x
	MOVD x_len+32(FP), n
	MOVD scale_base+48(FP), scale
	MOVD shift_base+72(FP), shift
	BROADCAST(a+96(FP), F1, V1)
	BROADCAST(b+100(FP), F2, V2)
	SUBS $4, n, n
	BLT  tail

loop:
	VLD1.P 16(x), [V0.S4]
	VLD1.P 16(scale), [V3.S4]
	VLD1.P 16(shift), [V4.S4]
	ROWSCALE
	VST1.P [V4.S4], 16(dst)
	SUBS   $4, n, n
	BGE    loop

tail:
	ADDS $4, n, n
	BEQ  done

one:
	FMOVS.P 4(x), F0
	FMOVS.P 4(scale), F3
	FMOVS.P 4(shift), F4
	ROWSCALE
	FMOVS.P F4, 4(dst)
	SUBS    $1, n, n
	BNE     one

done:
	RET

// DOTS adds the products of V0 (of g), V1 (of scale) and V2 (of x) to partial sums, with a in V5 and b in V6.
#define DOTS \
	FMUL_4S(1, 0, 0)             \
	VORR  V6.B16, V6.B16, V3.B16 \
	VFMLA V5.S4, V2.S4, V3.S4    \
	FADD_4S(0, 16, 16)           \
	VFMLA V3.S4, V0.S4, V17.S4

// WIDETOTAL is the sum of the four floats of a register, as float64.
#define WIDETOTAL(v) \
	FCVTL_2D(v, 1)   \
	FCVTL2_2D(v, 2)  \
	FADD_2D(1, 2, 2) \
	FADDP_2D(2, v)

// func rowDotsNEON(g, x, scale []float32, a, b float32) (sum, dot float64)
//
//	Σ scale⊙g, Σ scale⊙g⊙(a·x + b), in four float32 partial sums each
TEXT ·rowDotsNEON(SB), NOSPLIT, $0-96
	MOVD g_base+0(FP), g
	MOVD g_len+8(FP), n
	MOVD x_base+24(FP), x
	MOVD scale_base+48(FP), scale
	BROADCAST(a+72(FP), F5, V5)
	BROADCAST(b+76(FP), F6, V6)
	NONE(V16)
	NONE(V17)
	SUBS $4, n, n
	BLT  tail

loop:
	VLD1.P 16(g), [V0.S4]
	VLD1.P 16(scale), [V1.S4]
	VLD1.P 16(x), [V2.S4]
	DOTS
	SUBS   $4, n, n
	BGE    loop

tail:
	ADDS $4, n, n
	BEQ  done

one:
	FMOVS.P 4(g), F0
	FMOVS.P 4(scale), F1
	FMOVS.P 4(x), F2
	DOTS
	SUBS    $1, n, n
	BNE     one

done:
	WIDETOTAL(16)
	WIDETOTAL(17)
	FMOVD F16, sum+80(FP)
	FMOVD F17, dot+88(FP)
	RET

#define sumG  R7
#define sumGH R8

// GRAD works on V0 (of x), V6 (of g), V7 (of scale), V8 (of sumG) and V9 (of sumGH), with a, b, p, q and r in V1 to V5; the result is in
// V11.
#define GRAD \
	VORR  V2.B16, V2.B16, V10.B16 \
	VFMLA V1.S4, V0.S4, V10.S4    \
	FADD_4S(6, 8, 8)              \
	VFMLA V10.S4, V6.S4, V9.S4    \
	FMUL_4S(6, 7, 7)              \
	VORR  V5.B16, V5.B16, V11.B16 \
	VFMLA V4.S4, V10.S4, V11.S4   \
	VFMLA V3.S4, V7.S4, V11.S4

// func rowGradNEON(dst, g, x, scale, sumG, sumGH []float32, a, b, p, q, r float32, add bool)
//
//	h = a·x + b
//	sumG += g, sumGH += g⊙h
//	dst = [add: dst +] p·scale⊙g + (q·h + r)
TEXT ·rowGradNEON(SB), NOSPLIT, $0-165
	MOVD  dst_base+0(FP), dst
	MOVD  g_base+24(FP), g
	MOVD  g_len+32(FP), n
	MOVD  x_base+48(FP), x
	MOVD  scale_base+72(FP), scale
	MOVD  sumG_base+96(FP), sumG
	MOVD  sumGH_base+120(FP), sumGH
	BROADCAST(a+144(FP), F1, V1)
	BROADCAST(b+148(FP), F2, V2)
	BROADCAST(p+152(FP), F3, V3)
	BROADCAST(q+156(FP), F4, V4)
	BROADCAST(r+160(FP), F5, V5)
	MOVBU add+164(FP), R6
	SUBS  $4, n, n
	BLT   tail

loop:
	VLD1.P 16(x), [V0.S4]
	VLD1.P 16(g), [V6.S4]
	VLD1.P 16(scale), [V7.S4]
	VLD1   (sumG), [V8.S4]
	VLD1   (sumGH), [V9.S4]
	GRAD
	VST1.P [V8.S4], 16(sumG)
	VST1.P [V9.S4], 16(sumGH)
	CBZ    R6, store
	VLD1   (dst), [V0.S4]
	FADD_4S(0, 11, 11)

store:
	VST1.P [V11.S4], 16(dst)
	SUBS   $4, n, n
	BGE    loop

tail:
	ADDS $4, n, n
	BEQ  done

one:
	FMOVS.P 4(x), F0
	FMOVS.P 4(g), F6
	FMOVS.P 4(scale), F7
	FMOVS   (sumG), F8
	FMOVS   (sumGH), F9
	GRAD
	FMOVS.P F8, 4(sumG)
	FMOVS.P F9, 4(sumGH)
	CBZ     R6, storeOne
	FMOVS   (dst), F0
	FADD_4S(0, 11, 11)

storeOne:
	FMOVS.P F11, 4(dst)
	SUBS    $1, n, n
	BNE     one

done:
	RET
