//go:build !purego

#include "textflag.h"
#include "activation.h"
#include "loops_avx512_amd64.h"

// Activations and their gradients, AVX-512.

// func expAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = e^a[i]
TEXT ·expAVX512(SB), NOSPLIT, $0-76
	EXPCONSTANTS
	UNARY(EXP)

// 1 / (1 + e^-x)
#define SIGMOID \
	VPXORD Z3, Z3, Z3  \
	VSUBPS Z0, Z3, Z0  \
	EXP                \
	VADDPS Z27, Z0, Z0 \
	VDIVPS Z0, Z27, Z0

// func sigmoidAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = 1 / (1 + e^-a[i])
TEXT ·sigmoidAVX512(SB), NOSPLIT, $0-76
	EXPCONSTANTS
	UNARY(SIGMOID)

// A polynomial for small x, in Z8, and for the others 1 - 2/(e^2|x| + 1) with the sign of x.
#define TANH \
	VMOVAPS          Z0, Z6          \
	VPANDD           Z28, Z0, Z0     \
	VCMPPS           $1, Z29, Z0, K2 \
	VMULPS           Z0, Z0, Z7      \
	VBROADCASTSS     C_T11, Z8       \
	VFMADD213PS.BCST C_T9, Z7, Z8    \
	VFMADD213PS.BCST C_T7, Z7, Z8    \
	VFMADD213PS.BCST C_T5, Z7, Z8    \
	VFMADD213PS.BCST C_T3, Z7, Z8    \
	VMULPS           Z7, Z8, Z8      \
	VFMADD213PS      Z6, Z6, Z8      \
	VADDPS           Z0, Z0, Z0      \
	EXP                              \
	VADDPS           Z27, Z0, Z0     \
	VDIVPS           Z0, Z30, Z0     \
	VSUBPS           Z0, Z27, Z0     \
	VMOVAPS          Z8, K2, Z0      \
	VPANDND          Z6, Z28, Z6     \
	VPORD            Z6, Z0, Z0

// func tanhAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = tanh a[i]
TEXT ·tanhAVX512(SB), NOSPLIT, $0-76
	EXPCONSTANTS
	VBROADCASTSS C_ABS, Z28
	VBROADCASTSS C_SMALL, Z29
	VBROADCASTSS C_TWO, Z30
	UNARY(TANH)

// Zero and six are the first operands, so that a NaN stays one.
#define RELU6 \
	VMAXPS Z0, Z16, Z0 \
	VMINPS Z0, Z17, Z0

// func relu6AVX512(dst, a, b []float32, s float32)
//
//	dst[i] = min(max(a[i], 0), 6)
TEXT ·relu6AVX512(SB), NOSPLIT, $0-76
	VPXORD       Z16, Z16, Z16
	VBROADCASTSS C_SIX, Z17
	UNARY(RELU6)

#define MUL VMULPS Z1, Z0, Z0

// func mulAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i]·b[i]
TEXT ·mulAVX512(SB), NOSPLIT, $0-76
	BINARY(MUL)

#define RELU6GRADIENT \
	VCMPPS    $1, Z0, Z16, K2     \
	VCMPPS    $1, Z17, Z0, K2, K2 \
	VMOVAPS.Z Z1, K2, Z0

#define SIGMOIDGRADIENT \
	VMULPS Z0, Z1, Z1  \
	VSUBPS Z0, Z27, Z0 \
	VMULPS Z1, Z0, Z0

#define TANHGRADIENT \
	VFNMADD213PS Z27, Z0, Z0 \
	VMULPS       Z1, Z0, Z0

// func relu6BackwardAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = 0 < a[i] < 6 ? b[i] : 0
TEXT ·relu6BackwardAVX512(SB), NOSPLIT, $0-76
	VPXORD       Z16, Z16, Z16
	VBROADCASTSS C_SIX, Z17
	BINARY(RELU6GRADIENT)

// func relu6BackwardAddAVX512(dst, a, b []float32, s float32)
//
//	dst[i] += 0 < a[i] < 6 ? b[i] : 0
TEXT ·relu6BackwardAddAVX512(SB), NOSPLIT, $0-76
	VPXORD       Z16, Z16, Z16
	VBROADCASTSS C_SIX, Z17
	BINARYADD(RELU6GRADIENT)

// func sigmoidBackwardAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = b[i]·a[i]·(1 - a[i])
TEXT ·sigmoidBackwardAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Z27
	BINARY(SIGMOIDGRADIENT)

// func sigmoidBackwardAddAVX512(dst, a, b []float32, s float32)
//
//	dst[i] += b[i]·a[i]·(1 - a[i])
TEXT ·sigmoidBackwardAddAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Z27
	BINARYADD(SIGMOIDGRADIENT)

// func tanhBackwardAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = b[i]·(1 - a[i]²)
TEXT ·tanhBackwardAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Z27
	BINARY(TANHGRADIENT)

// func tanhBackwardAddAVX512(dst, a, b []float32, s float32)
//
//	dst[i] += b[i]·(1 - a[i]²)
TEXT ·tanhBackwardAddAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS C_ONE, Z27
	BINARYADD(TANHGRADIENT)

// x / (1 + e^-x)
#define SILU \
	VMOVAPS Z0, Z6 \
	SIGMOID        \
	VMULPS  Z6, Z0, Z0

// func siluAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] / (1 + e^-a[i])
TEXT ·siluAVX512(SB), NOSPLIT, $0-76
	EXPCONSTANTS
	UNARY(SILU)

#define SILUGRADIENT \
	VMOVAPS Z0, Z6      \
	SIGMOID             \
	VSUBPS  Z0, Z27, Z2 \
	VMULPS  Z6, Z2, Z2  \
	VADDPS  Z27, Z2, Z2 \
	VMULPS  Z0, Z2, Z0  \
	VMULPS  Z1, Z0, Z0

// func siluBackwardAVX512(dst, a, b []float32, s float32)
//
//	g = 1 / (1 + e^-a[i])
//	dst[i] = b[i]·g·(1 + a[i]·(1 - g))
TEXT ·siluBackwardAVX512(SB), NOSPLIT, $0-76
	EXPCONSTANTS
	BINARY(SILUGRADIENT)

#define HARDSWISH \
	VADDPS Z18, Z0, Z1 \
	VMAXPS Z1, Z16, Z1 \
	VMINPS Z1, Z17, Z1 \
	VMULPS Z0, Z1, Z0  \
	VMULPS Z19, Z0, Z0

// func hardswishAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i]·min(max(a[i] + 3, 0), 6)·(1/6)
TEXT ·hardswishAVX512(SB), NOSPLIT, $0-76
	VPXORD       Z16, Z16, Z16
	VBROADCASTSS C_SIX, Z17
	VBROADCASTSS C_THREE, Z18
	VBROADCASTSS C_SIXTH, Z19
	UNARY(HARDSWISH)

#define HARDSWISHGRADIENT \
	VMULPS    Z17, Z0, Z2     \
	VADDPS    Z18, Z2, Z2     \
	VCMPPS    $1, Z19, Z0, K2 \
	VMULPS    Z1, Z2, K2, Z1  \
	VCMPPS    $6, Z16, Z0, K2 \
	VMOVAPS.Z Z1, K2, Z0

// func hardswishBackwardAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] ≤ -3 ? 0 : a[i] < 3 ? b[i]·(a[i]·(1/3) + 1/2) : b[i]
TEXT ·hardswishBackwardAVX512(SB), NOSPLIT, $0-76
	VBROADCASTSS C_MINUSTHREE, Z16
	VBROADCASTSS C_THIRD, Z17
	VBROADCASTSS C_HALF, Z18
	VBROADCASTSS C_THREE, Z19
	BINARY(HARDSWISHGRADIENT)

// GATE works on Z0 (c), Z1 (f), Z2 (s) and leaves the gate in Z0 and the result in Z2.
#define GATE \
	SIGMOID           \
	VSUBPS Z2, Z1, Z1 \
	VMULPS Z1, Z0, Z1 \
	VADDPS Z1, Z2, Z2

#define c R8
#define f R9
#define s R10

// func gateAVX512(dst, c, f, s []float32)
//
//	c[i] = 1 / (1 + e^-c[i])
//	dst[i] = s[i] + c[i]·(f[i] - s[i])
TEXT ·gateAVX512(SB), NOSPLIT, $0-96
	EXPCONSTANTS
	MOVQ dst_base+0(FP), dst
	MOVQ dst_len+8(FP), n
	MOVQ c_base+24(FP), c
	MOVQ f_base+48(FP), f
	MOVQ s_base+72(FP), s
	SUBQ $16, n
	JLT  tail

loop:
	VMOVUPS (c), Z0
	VMOVUPS (f), Z1
	VMOVUPS (s), Z2
	GATE
	VMOVUPS Z0, (c)
	VMOVUPS Z2, (dst)
	ADDQ    $64, c
	ADDQ    $64, f
	ADDQ    $64, s
	ADDQ    $64, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ      $16, n
	JLE       done
	MASK
	VMOVUPS.Z (c), K1, Z0
	VMOVUPS.Z (f), K1, Z1
	VMOVUPS.Z (s), K1, Z2
	GATE
	VMOVUPS   Z0, K1, (c)
	VMOVUPS   Z2, K1, (dst)

done:
	VZEROUPPER
	RET

// GATEGRADIENT works on Z0 (c), Z1 (f), Z2 (s), Z3 (dy) and Z4 (base) and leaves the gradients in Z0 (c), Z1 (f) and Z4 (s).
#define GATEGRADIENT \
	VSUBPS Z2, Z1, Z5  \
	VMULPS Z5, Z3, Z5  \
	VMULPS Z3, Z0, Z1  \
	VADDPS Z3, Z4, Z4  \
	VSUBPS Z1, Z4, Z4  \
	VMULPS Z5, Z0, Z5  \
	VSUBPS Z0, Z27, Z0 \
	VMULPS Z0, Z5, Z0

#define base SI
#define df   R11
#define dy   DX

// func gateBackwardAVX512(ds, base, df, c, f, s, dy []float32)
//
//	df[i], c[i] = dy[i]·c[i], dy[i]·(f[i] - s[i])·c[i]·(1 - c[i])
//	ds[i] = base[i] + dy[i] - df[i]
TEXT ·gateBackwardAVX512(SB), NOSPLIT, $0-168
	VBROADCASTSS C_ONE, Z27
	MOVQ         ds_base+0(FP), dst
	MOVQ         ds_len+8(FP), n
	MOVQ         base_base+24(FP), base
	MOVQ         df_base+48(FP), df
	MOVQ         c_base+72(FP), c
	MOVQ         f_base+96(FP), f
	MOVQ         s_base+120(FP), s
	MOVQ         dy_base+144(FP), dy
	SUBQ         $16, n
	JLT          tail

loop:
	VMOVUPS (c), Z0
	VMOVUPS (f), Z1
	VMOVUPS (s), Z2
	VMOVUPS (dy), Z3
	VMOVUPS (base), Z4
	GATEGRADIENT
	VMOVUPS Z0, (c)
	VMOVUPS Z1, (df)
	VMOVUPS Z4, (dst)
	ADDQ    $64, c
	ADDQ    $64, f
	ADDQ    $64, s
	ADDQ    $64, dy
	ADDQ    $64, base
	ADDQ    $64, df
	ADDQ    $64, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ      $16, n
	JLE       done
	MASK
	VMOVUPS.Z (c), K1, Z0
	VMOVUPS.Z (f), K1, Z1
	VMOVUPS.Z (s), K1, Z2
	VMOVUPS.Z (dy), K1, Z3
	VMOVUPS.Z (base), K1, Z4
	GATEGRADIENT
	VMOVUPS   Z0, K1, (c)
	VMOVUPS   Z1, K1, (df)
	VMOVUPS   Z4, K1, (dst)

done:
	VZEROUPPER
	RET
