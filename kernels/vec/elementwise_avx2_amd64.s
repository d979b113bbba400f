//go:build !purego

#include "textflag.h"

// Elementwise kernels, AVX2. Each walks two vectors of 8 floats at a time while they last, then one at a time under the
// mask MASKV of the elements that are left, so that nothing outside the slices is touched.

#define DST   DI
#define A     SI
#define B     DX
#define N     CX // elements left
#define MASKV Y15

DATA iota<>+0(SB)/4, $0
DATA iota<>+4(SB)/4, $1
DATA iota<>+8(SB)/4, $2
DATA iota<>+12(SB)/4, $3
DATA iota<>+16(SB)/4, $4
DATA iota<>+20(SB)/4, $5
DATA iota<>+24(SB)/4, $6
DATA iota<>+28(SB)/4, $7
GLOBL iota<>(SB), RODATA|NOPTR, $32

// MASKV = N > {0 … 7}, lane by lane.
#define MASK \
	VMOVQ        N, X15; \
	VPBROADCASTD X15, MASKV; \
	VPCMPGTD     iota<>(SB), MASKV, MASKV

// func addAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] + b[i]
TEXT ·addAVX2(SB), NOSPLIT, $0-76
	MOVQ         dst_base+0(FP), DST
	MOVQ         dst_len+8(FP), N
	MOVQ         a_base+24(FP), A
	MOVQ         b_base+48(FP), B
	SUBQ         $16, N
	JLT          tail

loop:
	VMOVUPS      (A), Y0
	VMOVUPS      32(A), Y1
	VADDPS       (B), Y0, Y0
	VADDPS       32(B), Y1, Y1
	VMOVUPS      Y0, (DST)
	VMOVUPS      Y1, 32(DST)
	ADDQ         $64, A
	ADDQ         $64, B
	ADDQ         $64, DST
	SUBQ         $16, N
	JGE          loop

tail:
	ADDQ         $16, N
	JLE          done

masked:
	MASK
	VMASKMOVPS   (A), MASKV, Y0
	VMASKMOVPS   (B), MASKV, Y2
	VADDPS       Y2, Y0, Y0
	VMASKMOVPS   Y0, MASKV, (DST)
	ADDQ         $32, A
	ADDQ         $32, B
	ADDQ         $32, DST
	SUBQ         $8, N
	JGT          masked

done:
	VZEROUPPER
	RET

// func axpyAVX2(dst, a, b []float32, s float32)
//
//	dst[i] += float32(s * a[i])
TEXT ·axpyAVX2(SB), NOSPLIT, $0-76
	MOVQ         dst_base+0(FP), DST
	MOVQ         dst_len+8(FP), N
	MOVQ         a_base+24(FP), A
	VBROADCASTSS s+72(FP), Y14 // s
	SUBQ         $16, N
	JLT          tail

loop:
	VMOVUPS      (A), Y0
	VMOVUPS      32(A), Y1
	VMULPS       Y14, Y0, Y0
	VMULPS       Y14, Y1, Y1
	VADDPS       (DST), Y0, Y0
	VADDPS       32(DST), Y1, Y1
	VMOVUPS      Y0, (DST)
	VMOVUPS      Y1, 32(DST)
	ADDQ         $64, A
	ADDQ         $64, DST
	SUBQ         $16, N
	JGE          loop

tail:
	ADDQ         $16, N
	JLE          done

masked:
	MASK
	VMASKMOVPS   (A), MASKV, Y0
	VMULPS       Y14, Y0, Y0
	VMASKMOVPS   (DST), MASKV, Y2
	VADDPS       Y0, Y2, Y0
	VMASKMOVPS   Y0, MASKV, (DST)
	ADDQ         $32, A
	ADDQ         $32, DST
	SUBQ         $8, N
	JGT          masked

done:
	VZEROUPPER
	RET

// func scaleAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = s * a[i]
TEXT ·scaleAVX2(SB), NOSPLIT, $0-76
	MOVQ         dst_base+0(FP), DST
	MOVQ         dst_len+8(FP), N
	MOVQ         a_base+24(FP), A
	VBROADCASTSS s+72(FP), Y14 // s
	SUBQ         $16, N
	JLT          tail

loop:
	VMOVUPS      (A), Y0
	VMOVUPS      32(A), Y1
	VMULPS       Y14, Y0, Y0
	VMULPS       Y14, Y1, Y1
	VMOVUPS      Y0, (DST)
	VMOVUPS      Y1, 32(DST)
	ADDQ         $64, A
	ADDQ         $64, DST
	SUBQ         $16, N
	JGE          loop

tail:
	ADDQ         $16, N
	JLE          done

masked:
	MASK
	VMASKMOVPS   (A), MASKV, Y0
	VMULPS       Y14, Y0, Y0
	VMASKMOVPS   Y0, MASKV, (DST)
	ADDQ         $32, A
	ADDQ         $32, DST
	SUBQ         $8, N
	JGT          masked

done:
	VZEROUPPER
	RET

// func reluAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] < 0 ? 0 : a[i]
//
// MAX returns its last source, here a[i], when either is NaN or both are zero.
TEXT ·reluAVX2(SB), NOSPLIT, $0-76
	MOVQ         dst_base+0(FP), DST
	MOVQ         dst_len+8(FP), N
	MOVQ         a_base+24(FP), A
	VXORPS       X14, X14, X14 // 0
	SUBQ         $16, N
	JLT          tail

loop:
	VMAXPS       (A), Y14, Y0
	VMAXPS       32(A), Y14, Y1
	VMOVUPS      Y0, (DST)
	VMOVUPS      Y1, 32(DST)
	ADDQ         $64, A
	ADDQ         $64, DST
	SUBQ         $16, N
	JGE          loop

tail:
	ADDQ         $16, N
	JLE          done

masked:
	MASK
	VMASKMOVPS   (A), MASKV, Y0
	VMAXPS       Y0, Y14, Y0
	VMASKMOVPS   Y0, MASKV, (DST)
	ADDQ         $32, A
	ADDQ         $32, DST
	SUBQ         $8, N
	JGT          masked

done:
	VZEROUPPER
	RET

// func reluBackwardAVX2(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] > 0 ? b[i] : 0
TEXT ·reluBackwardAVX2(SB), NOSPLIT, $0-76
	MOVQ         dst_base+0(FP), DST
	MOVQ         dst_len+8(FP), N
	MOVQ         a_base+24(FP), A
	MOVQ         b_base+48(FP), B
	VXORPS       X14, X14, X14 // 0
	SUBQ         $16, N
	JLT          tail

loop:
	VMOVUPS      (A), Y0
	VMOVUPS      32(A), Y1
	VCMPPS       $1, Y0, Y14, Y0 // 0 < a
	VCMPPS       $1, Y1, Y14, Y1 // 0 < a
	VANDPS       (B), Y0, Y2
	VANDPS       32(B), Y1, Y3
	VMOVUPS      Y2, (DST)
	VMOVUPS      Y3, 32(DST)
	ADDQ         $64, A
	ADDQ         $64, B
	ADDQ         $64, DST
	SUBQ         $16, N
	JGE          loop

tail:
	ADDQ         $16, N
	JLE          done

masked:
	MASK
	VMASKMOVPS   (A), MASKV, Y0
	VCMPPS       $1, Y0, Y14, Y0 // 0 < a
	VMASKMOVPS   (B), MASKV, Y2
	VANDPS       Y2, Y0, Y2
	VMASKMOVPS   Y2, MASKV, (DST)
	ADDQ         $32, A
	ADDQ         $32, B
	ADDQ         $32, DST
	SUBQ         $8, N
	JGT          masked

done:
	VZEROUPPER
	RET

// func reluBackwardAddAVX2(dst, a, b []float32, s float32)
//
//	if a[i] > 0 { dst[i] += b[i] }
TEXT ·reluBackwardAddAVX2(SB), NOSPLIT, $0-76
	MOVQ         dst_base+0(FP), DST
	MOVQ         dst_len+8(FP), N
	MOVQ         a_base+24(FP), A
	MOVQ         b_base+48(FP), B
	VXORPS       X14, X14, X14 // 0
	SUBQ         $16, N
	JLT          tail

loop:
	VMOVUPS      (A), Y0
	VMOVUPS      32(A), Y1
	VCMPPS       $1, Y0, Y14, Y0 // 0 < a
	VCMPPS       $1, Y1, Y14, Y1 // 0 < a
	VANDPS       (B), Y0, Y2
	VANDPS       32(B), Y1, Y3
	VMOVUPS      (DST), Y4
	VMOVUPS      32(DST), Y5
	VADDPS       Y4, Y2, Y2
	VADDPS       Y5, Y3, Y3
	VBLENDVPS    Y0, Y2, Y4, Y2
	VBLENDVPS    Y1, Y3, Y5, Y3
	VMOVUPS      Y2, (DST)
	VMOVUPS      Y3, 32(DST)
	ADDQ         $64, A
	ADDQ         $64, B
	ADDQ         $64, DST
	SUBQ         $16, N
	JGE          loop

tail:
	ADDQ         $16, N
	JLE          done

masked:
	MASK
	VMASKMOVPS   (A), MASKV, Y0
	VCMPPS       $1, Y0, Y14, Y0 // 0 < a
	VMASKMOVPS   (B), MASKV, Y2
	VANDPS       Y2, Y0, Y2
	VMASKMOVPS   (DST), MASKV, Y4
	VADDPS       Y4, Y2, Y2
	VBLENDVPS    Y0, Y2, Y4, Y2
	VMASKMOVPS   Y2, MASKV, (DST)
	ADDQ         $32, A
	ADDQ         $32, B
	ADDQ         $32, DST
	SUBQ         $8, N
	JGT          masked

done:
	VZEROUPPER
	RET
