//go:build !purego

#include "textflag.h"
#include "activation.h"
#include "loops_avx2_amd64.h"

// Activations and their gradients, AVX2 and FMA3.

// func expAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = e^a[i]
TEXT ·expAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	UNARY(EXP)

// 1 / (1 + e^-x)
#define SIGMOID \
	VXORPS Y3, Y3, Y3  \
	VSUBPS Y0, Y3, Y0  \
	EXP                \
	VADDPS Y14, Y0, Y0 \
	VDIVPS Y0, Y14, Y0

// func sigmoidAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = 1 / (1 + e^-a[i])
TEXT ·sigmoidAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	UNARY(SIGMOID)

// A polynomial for small x, in Y8, and for the others 1 - 2/(e^2|x| + 1) with the sign of x.
#define TANH \
	VMOVAPS      Y0, Y6          \
	VPAND        Y13, Y0, Y0     \
	VCMPPS       $1, Y12, Y0, Y9 \
	VMULPS       Y0, Y0, Y7      \
	VBROADCASTSS C_T11, Y8       \
	HORNER(C_T9, Y7, Y8)         \
	HORNER(C_T7, Y7, Y8)         \
	HORNER(C_T5, Y7, Y8)         \
	HORNER(C_T3, Y7, Y8)         \
	VMULPS       Y7, Y8, Y8      \
	VFMADD213PS  Y6, Y6, Y8      \
	VADDPS       Y0, Y0, Y0      \
	EXP                          \
	VADDPS       Y14, Y0, Y0     \
	VDIVPS       Y0, Y11, Y0     \
	VSUBPS       Y0, Y14, Y0     \
	VBLENDVPS    Y9, Y8, Y0, Y0  \
	VPANDN       Y6, Y13, Y6     \
	VPOR         Y6, Y0, Y0

// func tanhAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = tanh a[i]
TEXT ·tanhAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	VBROADCASTSS C_ABS, Y13
	VBROADCASTSS C_SMALL, Y12
	VBROADCASTSS C_TWO, Y11
	UNARY(TANH)

// Zero and six are the first operands, so that a NaN stays one.
#define RELU6 \
	VMAXPS Y0, Y13, Y0 \
	VMINPS Y0, Y12, Y0

// func relu6AVX2(dst, a, b []float32, s float32)
//
//	dst[i] = min(max(a[i], 0), 6)
TEXT ·relu6AVX2(SB), NOSPLIT, $0-76
	VXORPS       Y13, Y13, Y13
	VBROADCASTSS C_SIX, Y12
	UNARY(RELU6)

#define MUL VMULPS Y1, Y0, Y0

// func mulAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i]·b[i]
TEXT ·mulAVX2(SB), NOSPLIT, $0-76
	BINARY(MUL)

#define RELU6GRADIENT \
	VCMPPS $1, Y0, Y13, Y2 \
	VCMPPS $1, Y12, Y0, Y0 \
	VPAND  Y2, Y0, Y0      \
	VPAND  Y1, Y0, Y0

#define SIGMOIDGRADIENT \
	VMULPS Y0, Y1, Y1  \
	VSUBPS Y0, Y14, Y0 \
	VMULPS Y1, Y0, Y0

#define TANHGRADIENT \
	VFNMADD213PS Y14, Y0, Y0 \
	VMULPS       Y1, Y0, Y0

// func relu6BackwardAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = 0 < a[i] < 6 ? b[i] : 0
TEXT ·relu6BackwardAVX2(SB), NOSPLIT, $0-76
	VXORPS       Y13, Y13, Y13
	VBROADCASTSS C_SIX, Y12
	BINARY(RELU6GRADIENT)

// func relu6BackwardAddAVX2(dst, a, b []float32, s float32)
//
//	dst[i] += 0 < a[i] < 6 ? b[i] : 0
TEXT ·relu6BackwardAddAVX2(SB), NOSPLIT, $0-76
	VXORPS       Y13, Y13, Y13
	VBROADCASTSS C_SIX, Y12
	BINARYADD(RELU6GRADIENT)

// func sigmoidBackwardAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = b[i]·a[i]·(1 - a[i])
TEXT ·sigmoidBackwardAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	BINARY(SIGMOIDGRADIENT)

// func sigmoidBackwardAddAVX2(dst, a, b []float32, s float32)
//
//	dst[i] += b[i]·a[i]·(1 - a[i])
TEXT ·sigmoidBackwardAddAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	BINARYADD(SIGMOIDGRADIENT)

// func tanhBackwardAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = b[i]·(1 - a[i]²)
TEXT ·tanhBackwardAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	BINARY(TANHGRADIENT)

// func tanhBackwardAddAVX2(dst, a, b []float32, s float32)
//
//	dst[i] += b[i]·(1 - a[i]²)
TEXT ·tanhBackwardAddAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	BINARYADD(TANHGRADIENT)

// x / (1 + e^-x)
#define SILU \
	VMOVAPS Y0, Y6 \
	SIGMOID        \
	VMULPS  Y6, Y0, Y0

// func siluAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] / (1 + e^-a[i])
TEXT ·siluAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	UNARY(SILU)

#define SILUGRADIENT \
	VMOVAPS Y0, Y6      \
	SIGMOID             \
	VSUBPS  Y0, Y14, Y2 \
	VMULPS  Y6, Y2, Y2  \
	VADDPS  Y14, Y2, Y2 \
	VMULPS  Y0, Y2, Y0  \
	VMULPS  Y1, Y0, Y0

// func siluBackwardAVX2(dst, a, b []float32, s float32)
//
//	g = 1 / (1 + e^-a[i])
//	dst[i] = b[i]·g·(1 + a[i]·(1 - g))
TEXT ·siluBackwardAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Y14
	BINARY(SILUGRADIENT)

#define HARDSWISH \
	VADDPS Y11, Y0, Y1 \
	VMAXPS Y1, Y13, Y1 \
	VMINPS Y1, Y12, Y1 \
	VMULPS Y0, Y1, Y0  \
	VMULPS Y10, Y0, Y0

// func hardswishAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i]·min(max(a[i] + 3, 0), 6)·(1/6)
TEXT ·hardswishAVX2(SB), NOSPLIT, $0-76
	VXORPS       Y13, Y13, Y13
	VBROADCASTSS C_SIX, Y12
	VBROADCASTSS C_THREE, Y11
	VBROADCASTSS C_SIXTH, Y10
	UNARY(HARDSWISH)

#define HARDSWISHGRADIENT \
	VMULPS    Y12, Y0, Y2     \
	VADDPS    Y11, Y2, Y2     \
	VMULPS    Y1, Y2, Y2      \
	VCMPPS    $1, Y10, Y0, Y3 \
	VBLENDVPS Y3, Y2, Y1, Y1  \
	VCMPPS    $2, Y13, Y0, Y3 \
	VPANDN    Y1, Y3, Y0

// func hardswishBackwardAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] ≤ -3 ? 0 : a[i] < 3 ? b[i]·(a[i]·(1/3) + 1/2) : b[i]
TEXT ·hardswishBackwardAVX2(SB), NOSPLIT, $0-76
	VBROADCASTSS C_MINUSTHREE, Y13
	VBROADCASTSS C_THIRD, Y12
	VBROADCASTSS C_HALF, Y11
	VBROADCASTSS C_THREE, Y10
	BINARY(HARDSWISHGRADIENT)

// GATE works on Y0 (c), Y1 (f), Y2 (s) and leaves the gate in Y0 and the result in Y2.
#define GATE \
	SIGMOID           \
	VSUBPS Y2, Y1, Y1 \
	VMULPS Y1, Y0, Y1 \
	VADDPS Y1, Y2, Y2

#define c R8
#define f R9
#define s R10

// func gateAVX2(dst, c, f, s []float32)
//
//	c[i] = 1 / (1 + e^-c[i])
//	dst[i] = s[i] + c[i]·(f[i] - s[i])
TEXT ·gateAVX2(SB), NOSPLIT, $0-96
	VBROADCASTSS C_ONE, Y14
	MOVQ         dst_base+0(FP), dst
	MOVQ         dst_len+8(FP), n
	MOVQ         c_base+24(FP), c
	MOVQ         f_base+48(FP), f
	MOVQ         s_base+72(FP), s
	SUBQ         $8, n
	JLT          tail

loop:
	VMOVUPS (c), Y0
	VMOVUPS (f), Y1
	VMOVUPS (s), Y2
	GATE
	VMOVUPS Y0, (c)
	VMOVUPS Y2, (dst)
	ADDQ    $32, c
	ADDQ    $32, f
	ADDQ    $32, s
	ADDQ    $32, dst
	SUBQ    $8, n
	JGE     loop

tail:
	ADDQ       $8, n
	JLE        done
	MASK
	VMASKMOVPS (c), Y15, Y0
	VMASKMOVPS (f), Y15, Y1
	VMASKMOVPS (s), Y15, Y2
	GATE
	VMASKMOVPS Y0, Y15, (c)
	VMASKMOVPS Y2, Y15, (dst)

done:
	VZEROUPPER
	RET

// GATEGRADIENT works on Y0 (c), Y1 (f), Y2 (s), Y3 (dy) and Y4 (base) and leaves the gradients in Y0 (c), Y1 (f) and Y4 (s).
#define GATEGRADIENT \
	VSUBPS Y2, Y1, Y5  \
	VMULPS Y5, Y3, Y5  \
	VMULPS Y3, Y0, Y1  \
	VADDPS Y3, Y4, Y4  \
	VSUBPS Y1, Y4, Y4  \
	VMULPS Y5, Y0, Y5  \
	VSUBPS Y0, Y14, Y0 \
	VMULPS Y0, Y5, Y0

#define base SI
#define df   R11
#define dy   DX

// func gateBackwardAVX2(ds, base, df, c, f, s, dy []float32)
//
//	df[i], c[i] = dy[i]·c[i], dy[i]·(f[i] - s[i])·c[i]·(1 - c[i])
//	ds[i] = base[i] + dy[i] - df[i]
TEXT ·gateBackwardAVX2(SB), NOSPLIT, $0-168
	VBROADCASTSS C_ONE, Y14
	MOVQ         ds_base+0(FP), dst
	MOVQ         ds_len+8(FP), n
	MOVQ         base_base+24(FP), base
	MOVQ         df_base+48(FP), df
	MOVQ         c_base+72(FP), c
	MOVQ         f_base+96(FP), f
	MOVQ         s_base+120(FP), s
	MOVQ         dy_base+144(FP), dy
	SUBQ         $8, n
	JLT          tail

loop:
	VMOVUPS (c), Y0
	VMOVUPS (f), Y1
	VMOVUPS (s), Y2
	VMOVUPS (dy), Y3
	VMOVUPS (base), Y4
	GATEGRADIENT
	VMOVUPS Y0, (c)
	VMOVUPS Y1, (df)
	VMOVUPS Y4, (dst)
	ADDQ    $32, c
	ADDQ    $32, f
	ADDQ    $32, s
	ADDQ    $32, dy
	ADDQ    $32, base
	ADDQ    $32, df
	ADDQ    $32, dst
	SUBQ    $8, n
	JGE     loop

tail:
	ADDQ       $8, n
	JLE        done
	MASK
	VMASKMOVPS (c), Y15, Y0
	VMASKMOVPS (f), Y15, Y1
	VMASKMOVPS (s), Y15, Y2
	VMASKMOVPS (dy), Y15, Y3
	VMASKMOVPS (base), Y15, Y4
	GATEGRADIENT
	VMASKMOVPS Y0, Y15, (c)
	VMASKMOVPS Y1, Y15, (df)
	VMASKMOVPS Y4, Y15, (dst)

done:
	VZEROUPPER
	RET
