// The loops of activation_avx512_amd64.s and arithmetic_avx512_amd64.s, and the exponential: AVX-512, 16 floats at a time, the last ones
// under the mask K1, so that nothing outside the slices is touched. UNARY and BINARY are the loop; OP works on Z0 (of a), Z1 (of b) and
// leaves its result in Z0.

#define dst DI
#define a   SI
#define b   DX
#define n   CX // elements left
#define t   AX

// K1 = the lowest n bits, n < 16.
#define MASK \
	MOVL  $1, t \
	SHLL  CX, t \
	DECL  t     \
	KMOVW t, K1

#define UNARY(OP) \
	MOVQ dst_base+0(FP), dst \
	MOVQ dst_len+8(FP), n    \
	MOVQ a_base+24(FP), a    \
	SUBQ $16, n              \
	JLT  tail                \
loop:                        \
	VMOVUPS (a), Z0          \
	OP                       \
	VMOVUPS Z0, (dst)        \
	ADDQ    $64, a           \
	ADDQ    $64, dst         \
	SUBQ    $16, n           \
	JGE     loop             \
tail:                        \
	ADDQ      $16, n         \
	JLE       done           \
	MASK                     \
	VMOVUPS.Z (a), K1, Z0    \
	OP                       \
	VMOVUPS   Z0, K1, (dst)  \
done:                        \
	VZEROUPPER               \
	RET

#define BINARY(OP) \
	MOVQ dst_base+0(FP), dst \
	MOVQ dst_len+8(FP), n    \
	MOVQ a_base+24(FP), a    \
	MOVQ b_base+48(FP), b    \
	SUBQ $16, n              \
	JLT  tail                \
loop:                        \
	VMOVUPS (a), Z0          \
	VMOVUPS (b), Z1          \
	OP                       \
	VMOVUPS Z0, (dst)        \
	ADDQ    $64, a           \
	ADDQ    $64, b           \
	ADDQ    $64, dst         \
	SUBQ    $16, n           \
	JGE     loop             \
tail:                        \
	ADDQ      $16, n         \
	JLE       done           \
	MASK                     \
	VMOVUPS.Z (a), K1, Z0    \
	VMOVUPS.Z (b), K1, Z1    \
	OP                       \
	VMOVUPS   Z0, K1, (dst)  \
done:                        \
	VZEROUPPER               \
	RET

// BINARYADD adds to what is there.
#define BINARYADD(OP) \
	MOVQ dst_base+0(FP), dst    \
	MOVQ dst_len+8(FP), n       \
	MOVQ a_base+24(FP), a       \
	MOVQ b_base+48(FP), b       \
	SUBQ $16, n                 \
	JLT  tail                   \
loop:                           \
	VMOVUPS (a), Z0             \
	VMOVUPS (b), Z1             \
	OP                          \
	VADDPS  (dst), Z0, Z0       \
	VMOVUPS Z0, (dst)           \
	ADDQ    $64, a              \
	ADDQ    $64, b              \
	ADDQ    $64, dst            \
	SUBQ    $16, n              \
	JGE     loop                \
tail:                           \
	ADDQ      $16, n            \
	JLE       done              \
	MASK                        \
	VMOVUPS.Z (a), K1, Z0       \
	VMOVUPS.Z (b), K1, Z1       \
	OP                          \
	VADDPS    (dst), Z0, K1, Z0 \
	VMOVUPS   Z0, K1, (dst)     \
done:                           \
	VZEROUPPER                  \
	RET

#define EXPCONSTANTS \
	VBROADCASTSS C_MIN, Z16   \
	VBROADCASTSS C_MAX, Z17   \
	VBROADCASTSS C_LOG2E, Z18 \
	VBROADCASTSS C_LN2HI, Z19 \
	VBROADCASTSS C_LN2LO, Z20 \
	VBROADCASTSS C_E7, Z21    \
	VBROADCASTSS C_E6, Z22    \
	VBROADCASTSS C_E5, Z23    \
	VBROADCASTSS C_E4, Z24    \
	VBROADCASTSS C_E3, Z25    \
	VBROADCASTSS C_E2, Z26    \
	VBROADCASTSS C_ONE, Z27

// Z0 = e^Z0: with n the integer nearest to x/ln 2 and r = x - n·ln 2, it is 2ⁿ·e^r. The bounds are the first operands, so that a NaN
// stays one.
#define EXP \
	VMAXPS       Z0, Z16, Z0 \
	VMINPS       Z0, Z17, Z0 \
	VMULPS       Z18, Z0, Z3 \
	VRNDSCALEPS  $0, Z3, Z3  \
	VFNMADD231PS Z19, Z3, Z0 \
	VFNMADD231PS Z20, Z3, Z0 \
	VMOVAPS      Z21, Z4     \
	VFMADD213PS  Z22, Z0, Z4 \
	VFMADD213PS  Z23, Z0, Z4 \
	VFMADD213PS  Z24, Z0, Z4 \
	VFMADD213PS  Z25, Z0, Z4 \
	VFMADD213PS  Z26, Z0, Z4 \
	VMULPS       Z0, Z0, Z5  \
	VFMADD213PS  Z0, Z5, Z4  \
	VADDPS       Z27, Z4, Z4 \
	VSCALEFPS    Z3, Z4, Z0
