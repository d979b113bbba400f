//go:build !purego

#include "textflag.h"

// Elementwise kernels, AVX-512. Each walks two vectors of 16 floats at a time while they last, then one at a time under
// the mask K1 of the elements that are left, so that nothing outside the slices is touched.

#define dst DI
#define a   SI
#define b   DX
#define n   CX // elements left
#define t   AX

// K1 = the lowest min(n, 16) bits.
#define MASK \
	MOVL  $-1, t  \
	BZHIL n, t, t \
	KMOVW t, K1

// func addAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] + b[i]
TEXT ·addAVX512(SB), NOSPLIT, $0-76
	MOVQ dst_base+0(FP), dst
	MOVQ dst_len+8(FP), n
	MOVQ a_base+24(FP), a
	MOVQ b_base+48(FP), b
	SUBQ $32, n
	JLT  tail

loop:
	VMOVUPS (a), Z0
	VMOVUPS 64(a), Z1
	VADDPS  (b), Z0, Z0
	VADDPS  64(b), Z1, Z1
	VMOVUPS Z0, (dst)
	VMOVUPS Z1, 64(dst)
	ADDQ    $128, a
	ADDQ    $128, b
	ADDQ    $128, dst
	SUBQ    $32, n
	JGE     loop

tail:
	ADDQ $32, n
	JLE  done

masked:
	MASK
	VMOVUPS.Z (a), K1, Z0
	VMOVUPS.Z (b), K1, Z2
	VADDPS    Z2, Z0, Z0
	VMOVUPS   Z0, K1, (dst)
	ADDQ      $64, a
	ADDQ      $64, b
	ADDQ      $64, dst
	SUBQ      $16, n
	JGT       masked

done:
	VZEROUPPER
	RET

// func axpyAVX512(dst, a, b []float32, s float32)
//
//	dst[i] += float32(s * a[i])
TEXT ·axpyAVX512(SB), NOSPLIT, $0-76
	MOVQ         dst_base+0(FP), dst
	MOVQ         dst_len+8(FP), n
	MOVQ         a_base+24(FP), a
	VBROADCASTSS s+72(FP), Z14 // s
	SUBQ         $32, n
	JLT          tail

loop:
	VMOVUPS (a), Z0
	VMOVUPS 64(a), Z1
	VMULPS  Z14, Z0, Z0
	VMULPS  Z14, Z1, Z1
	VADDPS  (dst), Z0, Z0
	VADDPS  64(dst), Z1, Z1
	VMOVUPS Z0, (dst)
	VMOVUPS Z1, 64(dst)
	ADDQ    $128, a
	ADDQ    $128, dst
	SUBQ    $32, n
	JGE     loop

tail:
	ADDQ $32, n
	JLE  done

masked:
	MASK
	VMOVUPS.Z (a), K1, Z0
	VMULPS    Z14, Z0, Z0
	VMOVUPS.Z (dst), K1, Z2
	VADDPS    Z0, Z2, Z0
	VMOVUPS   Z0, K1, (dst)
	ADDQ      $64, a
	ADDQ      $64, dst
	SUBQ      $16, n
	JGT       masked

done:
	VZEROUPPER
	RET

// func scaleAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = s * a[i]
TEXT ·scaleAVX512(SB), NOSPLIT, $0-76
	MOVQ         dst_base+0(FP), dst
	MOVQ         dst_len+8(FP), n
	MOVQ         a_base+24(FP), a
	VBROADCASTSS s+72(FP), Z14 // s
	SUBQ         $32, n
	JLT          tail

loop:
	VMOVUPS (a), Z0
	VMOVUPS 64(a), Z1
	VMULPS  Z14, Z0, Z0
	VMULPS  Z14, Z1, Z1
	VMOVUPS Z0, (dst)
	VMOVUPS Z1, 64(dst)
	ADDQ    $128, a
	ADDQ    $128, dst
	SUBQ    $32, n
	JGE     loop

tail:
	ADDQ $32, n
	JLE  done

masked:
	MASK
	VMOVUPS.Z (a), K1, Z0
	VMULPS    Z14, Z0, Z0
	VMOVUPS   Z0, K1, (dst)
	ADDQ      $64, a
	ADDQ      $64, dst
	SUBQ      $16, n
	JGT       masked

done:
	VZEROUPPER
	RET

// NOFENCE is for stores that other processors see in their order; those past the caches need a fence before what follows.
#define NOFENCE

#define RELU(STORE, FENCE) \
	MOVQ   dst_base+0(FP), dst \
	MOVQ   dst_len+8(FP), n    \
	MOVQ   a_base+24(FP), a    \
	VXORPS X14, X14, X14       \
	SUBQ   $32, n              \
	JLT    tail                \
loop:                          \
	VMAXPS (a), Z14, Z0        \
	VMAXPS 64(a), Z14, Z1      \
	STORE  Z0, (dst)           \
	STORE  Z1, 64(dst)         \
	ADDQ   $128, a             \
	ADDQ   $128, dst           \
	SUBQ   $32, n              \
	JGE    loop                \
tail:                          \
	ADDQ $32, n                \
	JLE  done                  \
masked:                        \
	MASK                       \
	VMOVUPS.Z (a), K1, Z0      \
	VMAXPS    Z0, Z14, Z0      \
	VMOVUPS   Z0, K1, (dst)    \
	ADDQ      $64, a           \
	ADDQ      $64, dst         \
	SUBQ      $16, n           \
	JGT       masked           \
done:                          \
	FENCE                      \
	VZEROUPPER                 \
	RET

// func reluAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] < 0 ? 0 : a[i]
//
// MAX returns its last source, here a[i], when either is NaN or both are zero.
TEXT ·reluAVX512(SB), NOSPLIT, $0-76
	RELU(VMOVUPS, NOFENCE)

// func reluNonTemporalAVX512(dst, a, b []float32, s float32)
//
//	the same, past the caches: dst begins at a cache line
TEXT ·reluNonTemporalAVX512(SB), NOSPLIT, $0-76
	RELU(VMOVNTPS, SFENCE)

#define RELUBACKWARD(STORE, FENCE) \
	MOVQ   dst_base+0(FP), dst    \
	MOVQ   dst_len+8(FP), n       \
	MOVQ   a_base+24(FP), a       \
	MOVQ   b_base+48(FP), b       \
	VXORPS X14, X14, X14          \
	SUBQ   $32, n                 \
	JLT    tail                   \
loop:                             \
	VMOVUPS   (a), Z0             \
	VMOVUPS   64(a), Z1           \
	VCMPPS    $1, Z0, Z14, K2     \
	VCMPPS    $1, Z1, Z14, K3     \
	VMOVUPS.Z (b), K2, Z0         \
	VMOVUPS.Z 64(b), K3, Z1       \
	STORE     Z0, (dst)           \
	STORE     Z1, 64(dst)         \
	ADDQ      $128, a             \
	ADDQ      $128, b             \
	ADDQ      $128, dst           \
	SUBQ      $32, n              \
	JGE       loop                \
tail:                             \
	ADDQ $32, n                   \
	JLE  done                     \
masked:                           \
	MASK                          \
	VMOVUPS.Z (a), K1, Z0         \
	VCMPPS    $1, Z0, Z14, K1, K2 \
	VMOVUPS.Z (b), K2, Z0         \
	VMOVUPS   Z0, K1, (dst)       \
	ADDQ      $64, a              \
	ADDQ      $64, b              \
	ADDQ      $64, dst            \
	SUBQ      $16, n              \
	JGT       masked              \
done:                             \
	FENCE                         \
	VZEROUPPER                    \
	RET

// func reluBackwardAVX512(dst, a, b []float32, s float32)
//
//	dst[i] = a[i] > 0 ? b[i] : 0
TEXT ·reluBackwardAVX512(SB), NOSPLIT, $0-76
	RELUBACKWARD(VMOVUPS, NOFENCE)

// func reluBackwardNonTemporalAVX512(dst, a, b []float32, s float32)
//
//	the same, past the caches: dst begins at a cache line
TEXT ·reluBackwardNonTemporalAVX512(SB), NOSPLIT, $0-76
	RELUBACKWARD(VMOVNTPS, SFENCE)

// func reluBackwardAddAVX512(dst, a, b []float32, s float32)
//
//	if a[i] > 0 { dst[i] += b[i] }
TEXT ·reluBackwardAddAVX512(SB), NOSPLIT, $0-76
	MOVQ   dst_base+0(FP), dst
	MOVQ   dst_len+8(FP), n
	MOVQ   a_base+24(FP), a
	MOVQ   b_base+48(FP), b
	VXORPS X14, X14, X14 // 0
	SUBQ   $32, n
	JLT    tail

loop:
	VMOVUPS   (a), Z0
	VMOVUPS   64(a), Z1
	VCMPPS    $1, Z0, Z14, K2 // 0 < a
	VCMPPS    $1, Z1, Z14, K3 // 0 < a
	VMOVUPS.Z (b), K2, Z0
	VMOVUPS.Z 64(b), K3, Z1
	VMOVUPS   (dst), Z2
	VMOVUPS   64(dst), Z3
	VADDPS    Z0, Z2, K2, Z2
	VADDPS    Z1, Z3, K3, Z3
	VMOVUPS   Z2, (dst)
	VMOVUPS   Z3, 64(dst)
	ADDQ      $128, a
	ADDQ      $128, b
	ADDQ      $128, dst
	SUBQ      $32, n
	JGE       loop

tail:
	ADDQ $32, n
	JLE  done

masked:
	MASK
	VMOVUPS.Z (a), K1, Z0
	VCMPPS    $1, Z0, Z14, K1, K2 // 0 < a
	VMOVUPS.Z (b), K2, Z0
	VMOVUPS.Z (dst), K1, Z2
	VADDPS    Z0, Z2, K2, Z2
	VMOVUPS   Z2, K1, (dst)
	ADDQ      $64, a
	ADDQ      $64, b
	ADDQ      $64, dst
	SUBQ      $16, n
	JGT       masked

done:
	VZEROUPPER
	RET
