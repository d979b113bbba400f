//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"

// Elementwise kernels, AVX2. Each walks two vectors of 8 floats at a time while they last, then one at a time under the
// mask MASKV of the elements that are left, so that nothing outside the slices is touched.

#define dst   DI
#define a     SI
#define b     DX
#define n     CX // elements left
#define MASKV Y15

// MASKV = n > {0 … 7}, lane by lane.
#define MASK \
	LANESBELOW(n, X15, MASKV)

// func addAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] + b[i]
TEXT ·addAVX2(SB), NOSPLIT, $0-76
	MOVQ dst_base+0(FP), dst
	MOVQ dst_len+8(FP), n
	MOVQ a_base+24(FP), a
	MOVQ b_base+48(FP), b
	SUBQ $16, n
	JLT  tail

loop:
	VMOVUPS (a), Y0
	VMOVUPS 32(a), Y1
	VADDPS  (b), Y0, Y0
	VADDPS  32(b), Y1, Y1
	VMOVUPS Y0, (dst)
	VMOVUPS Y1, 32(dst)
	ADDQ    $64, a
	ADDQ    $64, b
	ADDQ    $64, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ $16, n
	JLE  done

masked:
	MASK
	VMASKMOVPS (a), MASKV, Y0
	VMASKMOVPS (b), MASKV, Y2
	VADDPS     Y2, Y0, Y0
	VMASKMOVPS Y0, MASKV, (dst)
	ADDQ       $32, a
	ADDQ       $32, b
	ADDQ       $32, dst
	SUBQ       $8, n
	JGT        masked

done:
	VZEROUPPER
	RET

// func axpyAVX2(dst, a, b []float32, s float32)
//
//	dst[i] += float32(s * a[i])
TEXT ·axpyAVX2(SB), NOSPLIT, $0-76
	MOVQ         dst_base+0(FP), dst
	MOVQ         dst_len+8(FP), n
	MOVQ         a_base+24(FP), a
	VBROADCASTSS s+72(FP), Y14 // s
	SUBQ         $16, n
	JLT          tail

loop:
	VMOVUPS (a), Y0
	VMOVUPS 32(a), Y1
	VMULPS  Y14, Y0, Y0
	VMULPS  Y14, Y1, Y1
	VADDPS  (dst), Y0, Y0
	VADDPS  32(dst), Y1, Y1
	VMOVUPS Y0, (dst)
	VMOVUPS Y1, 32(dst)
	ADDQ    $64, a
	ADDQ    $64, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ $16, n
	JLE  done

masked:
	MASK
	VMASKMOVPS (a), MASKV, Y0
	VMULPS     Y14, Y0, Y0
	VMASKMOVPS (dst), MASKV, Y2
	VADDPS     Y0, Y2, Y0
	VMASKMOVPS Y0, MASKV, (dst)
	ADDQ       $32, a
	ADDQ       $32, dst
	SUBQ       $8, n
	JGT        masked

done:
	VZEROUPPER
	RET

// func scaleAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = s * a[i]
TEXT ·scaleAVX2(SB), NOSPLIT, $0-76
	MOVQ         dst_base+0(FP), dst
	MOVQ         dst_len+8(FP), n
	MOVQ         a_base+24(FP), a
	VBROADCASTSS s+72(FP), Y14 // s
	SUBQ         $16, n
	JLT          tail

loop:
	VMOVUPS (a), Y0
	VMOVUPS 32(a), Y1
	VMULPS  Y14, Y0, Y0
	VMULPS  Y14, Y1, Y1
	VMOVUPS Y0, (dst)
	VMOVUPS Y1, 32(dst)
	ADDQ    $64, a
	ADDQ    $64, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ $16, n
	JLE  done

masked:
	MASK
	VMASKMOVPS (a), MASKV, Y0
	VMULPS     Y14, Y0, Y0
	VMASKMOVPS Y0, MASKV, (dst)
	ADDQ       $32, a
	ADDQ       $32, dst
	SUBQ       $8, n
	JGT        masked

done:
	VZEROUPPER
	RET

// func reluAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] < 0 ? 0 : a[i]
//
// MAX returns its last source, here a[i], when either is NaN or both are zero.
TEXT ·reluAVX2(SB), NOSPLIT, $0-76
	MOVQ   dst_base+0(FP), dst
	MOVQ   dst_len+8(FP), n
	MOVQ   a_base+24(FP), a
	VXORPS X14, X14, X14 // 0
	SUBQ   $16, n
	JLT    tail

loop:
	VMAXPS  (a), Y14, Y0
	VMAXPS  32(a), Y14, Y1
	VMOVUPS Y0, (dst)
	VMOVUPS Y1, 32(dst)
	ADDQ    $64, a
	ADDQ    $64, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ $16, n
	JLE  done

masked:
	MASK
	VMASKMOVPS (a), MASKV, Y0
	VMAXPS     Y0, Y14, Y0
	VMASKMOVPS Y0, MASKV, (dst)
	ADDQ       $32, a
	ADDQ       $32, dst
	SUBQ       $8, n
	JGT        masked

done:
	VZEROUPPER
	RET

// func reluBackwardAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] > 0 ? b[i] : 0
TEXT ·reluBackwardAVX2(SB), NOSPLIT, $0-76
	MOVQ   dst_base+0(FP), dst
	MOVQ   dst_len+8(FP), n
	MOVQ   a_base+24(FP), a
	MOVQ   b_base+48(FP), b
	VXORPS X14, X14, X14 // 0
	SUBQ   $16, n
	JLT    tail

loop:
	VMOVUPS (a), Y0
	VMOVUPS 32(a), Y1
	VCMPPS  $1, Y0, Y14, Y0 // 0 < a
	VCMPPS  $1, Y1, Y14, Y1 // 0 < a
	VANDPS  (b), Y0, Y2
	VANDPS  32(b), Y1, Y3
	VMOVUPS Y2, (dst)
	VMOVUPS Y3, 32(dst)
	ADDQ    $64, a
	ADDQ    $64, b
	ADDQ    $64, dst
	SUBQ    $16, n
	JGE     loop

tail:
	ADDQ $16, n
	JLE  done

masked:
	MASK
	VMASKMOVPS (a), MASKV, Y0
	VCMPPS     $1, Y0, Y14, Y0 // 0 < a
	VMASKMOVPS (b), MASKV, Y2
	VANDPS     Y2, Y0, Y2
	VMASKMOVPS Y2, MASKV, (dst)
	ADDQ       $32, a
	ADDQ       $32, b
	ADDQ       $32, dst
	SUBQ       $8, n
	JGT        masked

done:
	VZEROUPPER
	RET

// func reluBackwardAddAVX2(dst, a, b []float32, s float32)
//
//	if a[i] > 0 { dst[i] += b[i] }
TEXT ·reluBackwardAddAVX2(SB), NOSPLIT, $0-76
	MOVQ   dst_base+0(FP), dst
	MOVQ   dst_len+8(FP), n
	MOVQ   a_base+24(FP), a
	MOVQ   b_base+48(FP), b
	VXORPS X14, X14, X14 // 0
	SUBQ   $16, n
	JLT    tail

loop:
	VMOVUPS   (a), Y0
	VMOVUPS   32(a), Y1
	VCMPPS    $1, Y0, Y14, Y0 // 0 < a
	VCMPPS    $1, Y1, Y14, Y1 // 0 < a
	VANDPS    (b), Y0, Y2
	VANDPS    32(b), Y1, Y3
	VMOVUPS   (dst), Y4
	VMOVUPS   32(dst), Y5
	VADDPS    Y4, Y2, Y2
	VADDPS    Y5, Y3, Y3
	VBLENDVPS Y0, Y2, Y4, Y2
	VBLENDVPS Y1, Y3, Y5, Y3
	VMOVUPS   Y2, (dst)
	VMOVUPS   Y3, 32(dst)
	ADDQ      $64, a
	ADDQ      $64, b
	ADDQ      $64, dst
	SUBQ      $16, n
	JGE       loop

tail:
	ADDQ $16, n
	JLE  done

masked:
	MASK
	VMASKMOVPS (a), MASKV, Y0
	VCMPPS     $1, Y0, Y14, Y0 // 0 < a
	VMASKMOVPS (b), MASKV, Y2
	VANDPS     Y2, Y0, Y2
	VMASKMOVPS (dst), MASKV, Y4
	VADDPS     Y4, Y2, Y2
	VBLENDVPS  Y0, Y2, Y4, Y2
	VMASKMOVPS Y2, MASKV, (dst)
	ADDQ       $32, a
	ADDQ       $32, b
	ADDQ       $32, dst
	SUBQ       $8, n
	JGT        masked

done:
	VZEROUPPER
	RET
