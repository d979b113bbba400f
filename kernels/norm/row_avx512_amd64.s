//go:build !purego

#include "textflag.h"

// The passes of a layer norm over a row, AVX-512: 16 floats at a time, the last ones under the mask K1, so that nothing outside the slices
// is touched.

#define dst   DI
#define x     SI
#define g     R8
#define scale R9
#define shift R10
#define n     CX // elements left
#define t     AX

// K1 = the lowest n bits, n < 16.
#define MASK \
	MOVL  $1, t \
	SHLL  CX, t \
	DECL  t     \
	KMOVW t, K1

// total = the sum of the eight float64 of all.
#define TOTAL(all, low, total, half, tmp) \
	VEXTRACTF64X4 $1, all, half     \
	VADDPD        half, low, low    \
	VEXTRACTF128  $1, low, tmp      \
	VADDPD        tmp, total, total \
	VPERMILPD     $1, total, tmp    \
	VADDSD        tmp, total, total

// SUMS adds eight float64 to partial sums.
#define SUMS(v, sum, sumsq) \
	VADDPD      v, sum, sum \
	VFMADD231PD v, v, sumsq

// func rowSumsAVX512(x []float32) (sum, sumsq float64)
//
//	Σ x, Σ x²
TEXT ·rowSumsAVX512(SB), NOSPLIT, $0-40
	MOVQ   x_base+0(FP), x
	MOVQ   x_len+8(FP), n
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7
	SUBQ   $16, n
	JLT    tail

loop:
	VCVTPS2PD (x), Z0
	VCVTPS2PD 32(x), Z1
	SUMS(Z0, Z4, Z6)
	SUMS(Z1, Z5, Z7)
	ADDQ      $64, x
	SUBQ      $16, n
	JGE       loop

tail:
	ADDQ          $16, n
	JLE           done
	MASK
	VMOVUPS.Z     (x), K1, Z0
	VEXTRACTF64X4 $1, Z0, Y1
	VCVTPS2PD     Y0, Z0
	VCVTPS2PD     Y1, Z1
	SUMS(Z0, Z4, Z6)
	SUMS(Z1, Z5, Z7)

done:
	VADDPD Z5, Z4, Z4
	VADDPD Z7, Z6, Z6
	TOTAL(Z4, Y4, X4, Y0, X0)
	TOTAL(Z6, Y6, X6, Y0, X0)
	VMOVSD X4, sum+24(FP)
	VMOVSD X6, sumsq+32(FP)
	VZEROUPPER
	RET

// func rowScaleAVX512(dst, x, scale, shift []float32, a, b float32)
//
//	dst = scale⊙(a·x + b) + shift
TEXT ·rowScaleAVX512(SB), NOSPLIT, $0-104
	MOVQ         dst_base+0(FP), dst
	MOVQ         x_base+24(FP), x
	MOVQ         x_len+32(FP), n
	MOVQ         scale_base+48(FP), scale
	MOVQ         shift_base+72(FP), shift
	VBROADCASTSS a+96(FP), Z1
	VBROADCASTSS b+100(FP), Z2
	SUBQ         $16, n
	JLT          tail

loop:
	VMOVUPS     (x), Z0
	VMOVUPS     (scale), Z3
	VFMADD213PS Z2, Z1, Z0
	VFMADD213PS (shift), Z3, Z0
	VMOVUPS     Z0, (dst)
	ADDQ        $64, x
	ADDQ        $64, scale
	ADDQ        $64, shift
	ADDQ        $64, dst
	SUBQ        $16, n
	JGE         loop

tail:
	ADDQ        $16, n
	JLE         done
	MASK
	VMOVUPS.Z   (x), K1, Z0
	VMOVUPS.Z   (scale), K1, Z3
	VMOVUPS.Z   (shift), K1, Z4
	VFMADD213PS Z2, Z1, Z0
	VFMADD213PS Z4, Z3, Z0
	VMOVUPS     Z0, K1, (dst)

done:
	VZEROUPPER
	RET

// DOTS adds the products of sixteen floats, with scale⊙g in v, to partial sums.
#define DOTS(inputs, v, sum, dot) \
	VADDPS      v, sum, sum \
	VFMADD231PS inputs, v, dot

// WIDETOTAL = the sum of the sixteen floats of all, as float64.
#define WIDETOTAL(all, low, total) \
	VEXTRACTF64X4 $1, all, Y1 \
	VCVTPS2PD     low, Z0     \
	VCVTPS2PD     Y1, Z1      \
	VADDPD        Z1, Z0, Z0  \
	TOTAL(Z0, Y0, X0, Y1, X1) \
	VMOVAPD       X0, total

// func rowDotsAVX512(g, x, scale []float32, a, b float32) (sum, dot float64)
//
//	Σ scale⊙g, Σ scale⊙g⊙(a·x + b), in sixteen float32 partial sums each
TEXT ·rowDotsAVX512(SB), NOSPLIT, $0-96
	MOVQ         g_base+0(FP), g
	MOVQ         g_len+8(FP), n
	MOVQ         x_base+24(FP), x
	MOVQ         scale_base+48(FP), scale
	VBROADCASTSS a+72(FP), Z8
	VBROADCASTSS b+76(FP), Z9
	VPXORQ       Z4, Z4, Z4
	VPXORQ       Z6, Z6, Z6
	SUBQ         $16, n
	JLT          tail

loop:
	VMOVUPS     (g), Z0
	VMOVUPS     (x), Z2
	VMULPS      (scale), Z0, Z0
	VFMADD213PS Z9, Z8, Z2
	DOTS(Z2, Z0, Z4, Z6)
	ADDQ        $64, g
	ADDQ        $64, x
	ADDQ        $64, scale
	SUBQ        $16, n
	JGE         loop

tail:
	ADDQ        $16, n
	JLE         done
	MASK
	VMOVUPS.Z   (g), K1, Z0
	VMOVUPS.Z   (scale), K1, Z1
	VMOVUPS.Z   (x), K1, Z2
	VMULPS      Z1, Z0, Z0
	VFMADD213PS Z9, Z8, Z2
	DOTS(Z2, Z0, Z4, Z6)

done:
	WIDETOTAL(Z4, Y4, X4)
	WIDETOTAL(Z6, Y6, X6)
	VMOVSD X4, sum+80(FP)
	VMOVSD X6, dot+88(FP)
	VZEROUPPER
	RET

#define sumG  R11
#define sumGH R12

// GRAD works on Z0 (of x), Z6 (of g), Z7 (of scale), Z8 (of sumG) and Z9 (of sumGH), with a, b, p, q and r in Z1 to Z5; the result is in
// Z0.
#define GRAD \
	VFMADD213PS Z2, Z1, Z0 \
	VADDPS      Z6, Z8, Z8 \
	VFMADD231PS Z0, Z6, Z9 \
	VMULPS      Z6, Z7, Z7 \
	VFMADD213PS Z5, Z4, Z0 \
	VFMADD231PS Z7, Z3, Z0

// func rowGradAVX512(dst, g, x, scale, sumG, sumGH []float32, a, b, p, q, r float32, add bool)
//
//	h = a·x + b
//	sumG += g, sumGH += g⊙h
//	dst = [add: dst +] p·scale⊙g + (q·h + r)
TEXT ·rowGradAVX512(SB), NOSPLIT, $0-165
	MOVQ         dst_base+0(FP), dst
	MOVQ         g_base+24(FP), g
	MOVQ         g_len+32(FP), n
	MOVQ         x_base+48(FP), x
	MOVQ         scale_base+72(FP), scale
	MOVQ         sumG_base+96(FP), sumG
	MOVQ         sumGH_base+120(FP), sumGH
	VBROADCASTSS a+144(FP), Z1
	VBROADCASTSS b+148(FP), Z2
	VBROADCASTSS p+152(FP), Z3
	VBROADCASTSS q+156(FP), Z4
	VBROADCASTSS r+160(FP), Z5
	MOVBQZX      add+164(FP), DX
	SUBQ         $16, n
	JLT          tail

loop:
	VMOVUPS (x), Z0
	VMOVUPS (g), Z6
	VMOVUPS (scale), Z7
	VMOVUPS (sumG), Z8
	VMOVUPS (sumGH), Z9
	GRAD
	VMOVUPS Z8, (sumG)
	VMOVUPS Z9, (sumGH)
	TESTQ   DX, DX
	JEQ     store
	VADDPS  (dst), Z0, Z0

store:
	VMOVUPS Z0, (dst)
	ADDQ    $64, x
	ADDQ    $64, g
	ADDQ    $64, scale
	ADDQ    $64, sumG
	ADDQ    $64, sumGH
	ADDQ    $64, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ      $16, n
	JLE       done
	MASK
	VMOVUPS.Z (x), K1, Z0
	VMOVUPS.Z (g), K1, Z6
	VMOVUPS.Z (scale), K1, Z7
	VMOVUPS.Z (sumG), K1, Z8
	VMOVUPS.Z (sumGH), K1, Z9
	GRAD
	VMOVUPS   Z8, K1, (sumG)
	VMOVUPS   Z9, K1, (sumGH)
	TESTQ     DX, DX
	JEQ       storeTail
	VMOVUPS.Z (dst), K1, Z6
	VADDPS    Z6, Z0, Z0

storeTail:
	VMOVUPS Z0, K1, (dst)

done:
	VZEROUPPER
	RET
