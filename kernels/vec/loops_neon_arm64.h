// The loops of elementwise_neon_arm64.s and arithmetic_neon_arm64.s, and the exponential: NEON, four floats at a time. UNARY, BINARY and
// INTO are the loops; OP leaves its result in V0.

#define dst R0
#define n   R1 // elements left
#define a   R2
#define b   R3

#define ARGS \
	MOVD dst_base+0(FP), dst \
	MOVD dst_len+8(FP), n    \
	MOVD a_base+24(FP), a    \
	MOVD b_base+48(FP), b

// UNARY works on V0 (of a). The last elements go one by one, in a vector of which one lane counts.
#define UNARY(OP) \
	SUBS $4, n, n           \
	BLT  tail               \
loop:                       \
	VLD1.P 16(a), [V0.S4]   \
	OP                      \
	VST1.P [V0.S4], 16(dst) \
	SUBS   $4, n, n         \
	BGE    loop             \
tail:                       \
	ADDS $4, n, n           \
	BEQ  done               \
single:                     \
	FMOVS.P 4(a), F0        \
	OP                      \
	FMOVS.P F0, 4(dst)      \
	SUBS    $1, n, n        \
	BNE     single          \
done:                       \
	RET

// BINARY works on V0 (of a) and V1 (of b).
#define BINARY(OP) \
	SUBS $4, n, n           \
	BLT  tail               \
loop:                       \
	VLD1.P 16(a), [V0.S4]   \
	VLD1.P 16(b), [V1.S4]   \
	OP                      \
	VST1.P [V0.S4], 16(dst) \
	SUBS   $4, n, n         \
	BGE    loop             \
tail:                       \
	ADDS $4, n, n           \
	BEQ  done               \
single:                     \
	FMOVS.P 4(a), F0        \
	FMOVS.P 4(b), F1        \
	OP                      \
	FMOVS.P F0, 4(dst)      \
	SUBS    $1, n, n        \
	BNE     single          \
done:                       \
	RET

// INTO works on V0 (of a), V1 (of b) and V2 (of dst).
#define INTO(OP) \
	SUBS $4, n, n           \
	BLT  tail               \
loop:                       \
	VLD1.P 16(a), [V0.S4]   \
	VLD1.P 16(b), [V1.S4]   \
	VLD1   (dst), [V2.S4]   \
	OP                      \
	VST1.P [V0.S4], 16(dst) \
	SUBS   $4, n, n         \
	BGE    loop             \
tail:                       \
	ADDS $4, n, n           \
	BEQ  done               \
single:                     \
	FMOVS.P 4(a), F0        \
	FMOVS.P 4(b), F1        \
	FMOVS   (dst), F2       \
	OP                      \
	FMOVS.P F0, 4(dst)      \
	SUBS    $1, n, n        \
	BNE     single          \
done:                       \
	RET

// BROADCAST fills a register with a constant.
#define BROADCAST(c, f, v) \
	FMOVS c, f \
	VDUP  v.S[0], v.S4

#define ZERO VEOR V16.B16, V16.B16, V16.B16

#define EXPCONSTANTS \
	BROADCAST(C_MIN, F16, V16)   \
	BROADCAST(C_MAX, F17, V17)   \
	BROADCAST(C_LOG2E, F18, V18) \
	BROADCAST(C_LN2HI, F19, V19) \
	BROADCAST(C_LN2LO, F20, V20) \
	BROADCAST(C_E7, F21, V21)    \
	BROADCAST(C_E6, F22, V22)    \
	BROADCAST(C_E5, F23, V23)    \
	BROADCAST(C_E4, F24, V24)    \
	BROADCAST(C_E3, F25, V25)    \
	BROADCAST(C_E2, F26, V26)    \
	BROADCAST(C_ONE, F27, V27)

// HORNER is p = p·x + c, by way of the next register.
#define HORNER(c, x, p, next) \
	VORR  c.B16, c.B16, next.B16 \
	VFMLA x.S4, p.S4, next.S4

// V0 = e^V0: with n the integer nearest to x/ln 2 and r = x - n·ln 2, it is 2ⁿ·e^r. 2ⁿ comes in two factors, for it may be too small
// or too large for one.
#define EXP \
	FMAX_4S(16, 0, 0)          \
	FMIN_4S(17, 0, 0)          \
	FMUL_4S(18, 0, 3)          \
	FRINTN_4S(3, 3)            \
	VFMLS V19.S4, V3.S4, V0.S4 \
	VFMLS V20.S4, V3.S4, V0.S4 \
	HORNER(V22, V0, V21, V4)   \
	HORNER(V23, V0, V4, V5)    \
	HORNER(V24, V0, V5, V4)    \
	HORNER(V25, V0, V4, V5)    \
	HORNER(V26, V0, V5, V4)    \
	FMUL_4S(0, 0, 5)           \
	VFMLA V5.S4, V4.S4, V0.S4  \
	FADD_4S(27, 0, 0)          \
	FCVTNS_4S(3, 3)            \
	SSHR1_4S(3, 4)             \
	VSUB  V4.S4, V3.S4, V3.S4  \
	VSHL  $23, V3.S4, V3.S4    \
	VSHL  $23, V4.S4, V4.S4    \
	VADD  V27.S4, V3.S4, V3.S4 \
	VADD  V27.S4, V4.S4, V4.S4 \
	FMUL_4S(3, 0, 0)           \
	FMUL_4S(4, 0, 0)
