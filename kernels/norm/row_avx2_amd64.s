//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"

// The passes of a layer norm over a row, AVX2 and FMA3: 8 floats at a time, the last ones under the mask Y15, so that nothing outside the
// slices is touched.

#define dst   DI
#define x     SI
#define g     R8
#define scale R9
#define shift R10
#define n     CX // elements left
#define t     AX

// Y15 = the lowest n elements, n < 8.
#define MASK \
	FIRSTLANES(n, t, Y15)

// total = the sum of the four float64 of all.
#define TOTAL(all, low, total, tmp) \
	VEXTRACTF128 $1, all, tmp    \
	VADDPD       tmp, low, total \
	VPERMILPD    $1, total, tmp  \
	VADDSD       tmp, total, total

// SUMS adds four float64 to partial sums.
#define SUMS(v, sum, sumsq) \
	VADDPD      v, sum, sum \
	VFMADD231PD v, v, sumsq

// SUMSEIGHT does so with the floats of Y0.
#define SUMSEIGHT \
	VEXTRACTF128 $1, Y0, X1 \
	VCVTPS2PD    X0, Y0     \
	VCVTPS2PD    X1, Y1     \
	SUMS(Y0, Y4, Y8)        \
	SUMS(Y1, Y5, Y9)

// func rowSumsAVX2(x []float32) (sum, sumsq float64)
//
//	Σ x, Σ x²
TEXT ·rowSumsAVX2(SB), NOSPLIT, $0-40
	MOVQ   x_base+0(FP), x
	MOVQ   x_len+8(FP), n
	VXORPD Y4, Y4, Y4
	VXORPD Y5, Y5, Y5
	VXORPD Y6, Y6, Y6
	VXORPD Y7, Y7, Y7
	VXORPD Y8, Y8, Y8
	VXORPD Y9, Y9, Y9
	VXORPD Y10, Y10, Y10
	VXORPD Y11, Y11, Y11
	SUBQ   $16, n
	JLT    eight

loop:
	VCVTPS2PD (x), Y0
	VCVTPS2PD 16(x), Y1
	VCVTPS2PD 32(x), Y2
	VCVTPS2PD 48(x), Y3
	SUMS(Y0, Y4, Y8)
	SUMS(Y1, Y5, Y9)
	SUMS(Y2, Y6, Y10)
	SUMS(Y3, Y7, Y11)
	ADDQ      $64, x
	SUBQ      $16, n
	JGE       loop

eight:
	ADDQ    $8, n
	JLT     tail
	VMOVUPS (x), Y0
	SUMSEIGHT
	ADDQ    $32, x
	SUBQ    $8, n

tail:
	ADDQ       $8, n
	JLE        done
	MASK
	VMASKMOVPS (x), Y15, Y0
	SUMSEIGHT

done:
	VADDPD Y6, Y4, Y4
	VADDPD Y7, Y5, Y5
	VADDPD Y5, Y4, Y4
	VADDPD Y10, Y8, Y8
	VADDPD Y11, Y9, Y9
	VADDPD Y9, Y8, Y8
	TOTAL(Y4, X4, X4, X0)
	TOTAL(Y8, X8, X8, X0)
	VMOVSD X4, sum+24(FP)
	VMOVSD X8, sumsq+32(FP)
	VZEROUPPER
	RET

// func rowScaleAVX2(dst, x, scale, shift []float32, a, b float32)
//
//	dst = scale⊙(a·x + b) + shift
TEXT ·rowScaleAVX2(SB), NOSPLIT, $0-104
	MOVQ         dst_base+0(FP), dst
	MOVQ         x_base+24(FP), x
	MOVQ         x_len+32(FP), n
	MOVQ         scale_base+48(FP), scale
	MOVQ         shift_base+72(FP), shift
	VBROADCASTSS a+96(FP), Y1
	VBROADCASTSS b+100(FP), Y2
	SUBQ         $8, n
	JLT          tail

loop:
	VMOVUPS     (x), Y0
	VMOVUPS     (scale), Y3
	VFMADD213PS Y2, Y1, Y0
	VFMADD213PS (shift), Y3, Y0
	VMOVUPS     Y0, (dst)
	ADDQ        $32, x
	ADDQ        $32, scale
	ADDQ        $32, shift
	ADDQ        $32, dst
	SUBQ        $8, n
	JGE         loop

tail:
	ADDQ        $8, n
	JLE         done
	MASK
	VMASKMOVPS  (x), Y15, Y0
	VMASKMOVPS  (scale), Y15, Y3
	VMASKMOVPS  (shift), Y15, Y4
	VFMADD213PS Y2, Y1, Y0
	VFMADD213PS Y4, Y3, Y0
	VMASKMOVPS  Y0, Y15, (dst)

done:
	VZEROUPPER
	RET

// DOTS adds the products of eight floats, with scale⊙g in v, to partial sums.
#define DOTS(inputs, v, sum, dot) \
	VADDPS      v, sum, sum \
	VFMADD231PS inputs, v, dot

// WIDETOTAL = the sum of the eight floats of all, as float64.
#define WIDETOTAL(all, low, total) \
	VEXTRACTF128 $1, all, X1 \
	VCVTPS2PD    low, Y0     \
	VCVTPS2PD    X1, Y1      \
	VADDPD       Y1, Y0, Y0  \
	TOTAL(Y0, X0, total, X1)

// func rowDotsAVX2(g, x, scale []float32, a, b float32) (sum, dot float64)
//
//	Σ scale⊙g, Σ scale⊙g⊙(a·x + b), in sixteen float32 partial sums each
TEXT ·rowDotsAVX2(SB), NOSPLIT, $0-96
	MOVQ         g_base+0(FP), g
	MOVQ         g_len+8(FP), n
	MOVQ         x_base+24(FP), x
	MOVQ         scale_base+48(FP), scale
	VBROADCASTSS a+72(FP), Y8
	VBROADCASTSS b+76(FP), Y9
	VXORPS       Y4, Y4, Y4
	VXORPS       Y5, Y5, Y5
	VXORPS       Y6, Y6, Y6
	VXORPS       Y7, Y7, Y7
	SUBQ         $16, n
	JLT          eight

loop:
	VMOVUPS     (g), Y0
	VMOVUPS     32(g), Y1
	VMOVUPS     (x), Y2
	VMOVUPS     32(x), Y3
	VMULPS      (scale), Y0, Y0
	VMULPS      32(scale), Y1, Y1
	VFMADD213PS Y9, Y8, Y2
	VFMADD213PS Y9, Y8, Y3
	DOTS(Y2, Y0, Y4, Y6)
	DOTS(Y3, Y1, Y5, Y7)
	ADDQ        $64, g
	ADDQ        $64, x
	ADDQ        $64, scale
	SUBQ        $16, n
	JGE         loop

eight:
	ADDQ        $8, n
	JLT         tail
	VMOVUPS     (g), Y0
	VMOVUPS     (x), Y2
	VMULPS      (scale), Y0, Y0
	VFMADD213PS Y9, Y8, Y2
	DOTS(Y2, Y0, Y4, Y6)
	ADDQ        $32, g
	ADDQ        $32, x
	ADDQ        $32, scale
	SUBQ        $8, n

tail:
	ADDQ        $8, n
	JLE         done
	MASK
	VMASKMOVPS  (g), Y15, Y0
	VMASKMOVPS  (scale), Y15, Y1
	VMASKMOVPS  (x), Y15, Y2
	VMULPS      Y1, Y0, Y0
	VFMADD213PS Y9, Y8, Y2
	DOTS(Y2, Y0, Y5, Y7)

done:
	VADDPS Y5, Y4, Y4
	VADDPS Y7, Y6, Y6
	WIDETOTAL(Y4, X4, X4)
	WIDETOTAL(Y6, X6, X6)
	VMOVSD X4, sum+80(FP)
	VMOVSD X6, dot+88(FP)
	VZEROUPPER
	RET

#define sumG  R11
#define sumGH R12

// GRAD works on Y0 (of x), Y6 (of g), Y7 (of scale), Y8 (of sumG) and Y9 (of sumGH), with a, b, p, q and r in Y1 to Y5; the result is in
// Y0.
#define GRAD \
	VFMADD213PS Y2, Y1, Y0 \
	VADDPS      Y6, Y8, Y8 \
	VFMADD231PS Y0, Y6, Y9 \
	VMULPS      Y6, Y7, Y7 \
	VFMADD213PS Y5, Y4, Y0 \
	VFMADD231PS Y7, Y3, Y0

// func rowGradAVX2(dst, g, x, scale, sumG, sumGH []float32, a, b, p, q, r float32, add bool)
//
//	h = a·x + b
//	sumG += g, sumGH += g⊙h
//	dst = [add: dst +] p·scale⊙g + (q·h + r)
TEXT ·rowGradAVX2(SB), NOSPLIT, $0-165
	MOVQ         dst_base+0(FP), dst
	MOVQ         g_base+24(FP), g
	MOVQ         g_len+32(FP), n
	MOVQ         x_base+48(FP), x
	MOVQ         scale_base+72(FP), scale
	MOVQ         sumG_base+96(FP), sumG
	MOVQ         sumGH_base+120(FP), sumGH
	VBROADCASTSS a+144(FP), Y1
	VBROADCASTSS b+148(FP), Y2
	VBROADCASTSS p+152(FP), Y3
	VBROADCASTSS q+156(FP), Y4
	VBROADCASTSS r+160(FP), Y5
	MOVBQZX      add+164(FP), DX
	SUBQ         $8, n
	JLT          tail

loop:
	VMOVUPS (x), Y0
	VMOVUPS (g), Y6
	VMOVUPS (scale), Y7
	VMOVUPS (sumG), Y8
	VMOVUPS (sumGH), Y9
	GRAD
	VMOVUPS Y8, (sumG)
	VMOVUPS Y9, (sumGH)
	TESTQ   DX, DX
	JEQ     store
	VADDPS  (dst), Y0, Y0

store:
	VMOVUPS Y0, (dst)
	ADDQ    $32, x
	ADDQ    $32, g
	ADDQ    $32, scale
	ADDQ    $32, sumG
	ADDQ    $32, sumGH
	ADDQ    $32, dst
	SUBQ    $8, n
	JGE     loop

tail:
	ADDQ       $8, n
	JLE        done
	MASK
	VMASKMOVPS (x), Y15, Y0
	VMASKMOVPS (g), Y15, Y6
	VMASKMOVPS (scale), Y15, Y7
	VMASKMOVPS (sumG), Y15, Y8
	VMASKMOVPS (sumGH), Y15, Y9
	GRAD
	VMASKMOVPS Y8, Y15, (sumG)
	VMASKMOVPS Y9, Y15, (sumGH)
	TESTQ      DX, DX
	JEQ        storeTail
	VMASKMOVPS (dst), Y15, Y6
	VADDPS     Y6, Y0, Y0

storeTail:
	VMASKMOVPS Y0, Y15, (dst)

done:
	VZEROUPPER
	RET
