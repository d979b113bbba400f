//go:build !purego

#include "textflag.h"
#include "../internal/asm/neon_arm64.h"

// Passes over rows × channels, NEON: four channels at a time, down the rows, and the last n mod 4 one by one, in vectors of which
// one lane counts. FOUR and ONE load and store either.

#define LOADFOUR(p, v, f)  VLD1 (p), [v.S4]
#define LOADONE(p, v, f)   FMOVS (p), f
#define STOREFOUR(v, f, p) VST1 [v.S4], (p)
#define STOREONE(v, f, p)  FMOVS f, (p)

#define ZERO(v) VEOR v.B16, v.B16, v.B16

// STATSROW adds a row to one of the partial sums.
#define STATSROW(LOAD, s, q) \
	LOAD(R4, V16, F16)         \
	ADD   R2, R4, R4           \
	VFMLA V17.S4, V16.S4, s.S4 \
	VFMLA V16.S4, V16.S4, q.S4

// STATS goes down the rows of the channels at R0. V17 holds ones.
#define STATS(LOAD, STORE, rows4, rest, sum) \
	ZERO(V0)               \
	ZERO(V1)               \
	ZERO(V2)               \
	ZERO(V3)               \
	ZERO(V4)               \
	ZERO(V5)               \
	ZERO(V6)               \
	ZERO(V7)               \
	MOVD R0, R4            \
	MOVD R15, R5           \
	SUBS $4, R5, R5        \
	BLT  rest              \
rows4:                     \
	STATSROW(LOAD, V0, V4) \
	STATSROW(LOAD, V1, V5) \
	STATSROW(LOAD, V2, V6) \
	STATSROW(LOAD, V3, V7) \
	SUBS $4, R5, R5        \
	BGE  rows4             \
rest:                      \
	ADDS $4, R5, R5        \
	BEQ  sum               \
	STATSROW(LOAD, V0, V4) \
	SUBS $1, R5, R5        \
	BEQ  sum               \
	STATSROW(LOAD, V1, V5) \
	SUBS $1, R5, R5        \
	BEQ  sum               \
	STATSROW(LOAD, V2, V6) \
sum:                       \
	FADD_4S(1, 0, 0)       \
	FADD_4S(3, 2, 2)       \
	FADD_4S(2, 0, 0)       \
	FADD_4S(5, 4, 4)       \
	FADD_4S(7, 6, 6)       \
	FADD_4S(6, 4, 4)       \
	LOAD(R6, V1, F1)       \
	LOAD(R7, V5, F5)       \
	FADD_4S(1, 0, 0)       \
	FADD_4S(5, 4, 4)       \
	STORE(V0, F0, R6)      \
	STORE(V4, F4, R7)

// func statsNEON(x []float32, rows, ld int, sum, sumsq []float32)
//
//	sum += Σ x, sumsq += Σ x², in four partial sums each (row modulo 4)
TEXT ·statsNEON(SB), NOSPLIT, $0-88
	MOVD  x_base+0(FP), R0
	MOVD  rows+24(FP), R15
	MOVD  ld+32(FP), R2
	LSL   $2, R2, R2
	MOVD  sum_base+40(FP), R6
	MOVD  sumsq_base+64(FP), R7
	MOVD  sum_len+48(FP), R8
	FMOVS $1.0, F17
	VDUP  V17.S[0], V17.S4
	SUBS  $4, R8, R8
	BLT   tail

four:
	STATS(LOADFOUR, STOREFOUR, rows4, rest4, sum4)
	ADD  $16, R0, R0
	ADD  $16, R6, R6
	ADD  $16, R7, R7
	SUBS $4, R8, R8
	BGE  four

tail:
	ADDS $4, R8, R8
	BEQ  done

one:
	STATS(LOADONE, STOREONE, rows1, rest1, sum1)
	ADD  $4, R0, R0
	ADD  $4, R6, R6
	ADD  $4, R7, R7
	SUBS $1, R8, R8
	BNE  one

done:
	RET

// MOMENTSROW adds a row of gradients and one of inputs to partial sums. V18 holds ones.
#define MOMENTSROW(LOAD, s, d) \
	LOAD(R4, V16, F16)         \
	LOAD(R9, V17, F17)         \
	ADD   R2, R4, R4           \
	ADD   R3, R9, R9           \
	VFMLA V18.S4, V16.S4, s.S4 \
	VFMLA V17.S4, V16.S4, d.S4

#define MOMENTS(LOAD, STORE, rows4, rest, sum) \
	ZERO(V0)                 \
	ZERO(V1)                 \
	ZERO(V2)                 \
	ZERO(V3)                 \
	ZERO(V4)                 \
	ZERO(V5)                 \
	ZERO(V6)                 \
	ZERO(V7)                 \
	MOVD R0, R4              \
	MOVD R1, R9              \
	MOVD R15, R5             \
	SUBS $4, R5, R5          \
	BLT  rest                \
rows4:                       \
	MOMENTSROW(LOAD, V0, V4) \
	MOMENTSROW(LOAD, V1, V5) \
	MOMENTSROW(LOAD, V2, V6) \
	MOMENTSROW(LOAD, V3, V7) \
	SUBS $4, R5, R5          \
	BGE  rows4               \
rest:                        \
	ADDS $4, R5, R5          \
	BEQ  sum                 \
	MOMENTSROW(LOAD, V0, V4) \
	SUBS $1, R5, R5          \
	BEQ  sum                 \
	MOMENTSROW(LOAD, V1, V5) \
	SUBS $1, R5, R5          \
	BEQ  sum                 \
	MOMENTSROW(LOAD, V2, V6) \
sum:                         \
	FADD_4S(1, 0, 0)         \
	FADD_4S(3, 2, 2)         \
	FADD_4S(2, 0, 0)         \
	FADD_4S(5, 4, 4)         \
	FADD_4S(7, 6, 6)         \
	FADD_4S(6, 4, 4)         \
	LOAD(R6, V1, F1)         \
	LOAD(R7, V5, F5)         \
	FADD_4S(1, 0, 0)         \
	FADD_4S(5, 4, 4)         \
	STORE(V0, F0, R6)        \
	STORE(V4, F4, R7)

// func gradSumsNEON(g []float32, ldg int, x []float32, ldx int, rows int, sum, dot []float32)
//
//	sum += Σ g, dot += Σ g·x, in four partial sums each (row modulo 4)
TEXT ·gradSumsNEON(SB), NOSPLIT, $0-120
	MOVD  g_base+0(FP), R0
	MOVD  ldg+24(FP), R2
	LSL   $2, R2, R2
	MOVD  x_base+32(FP), R1
	MOVD  ldx+56(FP), R3
	LSL   $2, R3, R3
	MOVD  sum_base+72(FP), R6
	MOVD  sum_len+80(FP), R8
	MOVD  dot_base+96(FP), R7
	MOVD  rows+64(FP), R15
	FMOVS $1.0, F18
	VDUP  V18.S[0], V18.S4
	SUBS  $4, R8, R8
	BLT   tail

four:
	MOMENTS(LOADFOUR, STOREFOUR, rows4, rest4, sum4)
	ADD  $16, R0, R0
	ADD  $16, R1, R1
	ADD  $16, R6, R6
	ADD  $16, R7, R7
	SUBS $4, R8, R8
	BGE  four

tail:
	ADDS $4, R8, R8
	BEQ  done

one:
	MOMENTS(LOADONE, STOREONE, rows1, rest1, sum1)
	ADD  $4, R0, R0
	ADD  $4, R1, R1
	ADD  $4, R6, R6
	ADD  $4, R7, R7
	SUBS $1, R8, R8
	BNE  one

done:
	RET

// SCALE goes down the rows: V1 and V2 hold scale and shift of the channels.
#define SCALE(LOAD, STORE, row, store) \
	LOAD(R6, V1, F1)             \
	LOAD(R7, V2, F2)             \
	MOVD R0, R4                  \
	MOVD R1, R9                  \
	MOVD R15, R5                 \
row:                             \
	LOAD(R9, V3, F3)             \
	VORR  V2.B16, V2.B16, V0.B16 \
	VFMLA V1.S4, V3.S4, V0.S4    \
	CBZ   R10, store             \
	LOAD(R4, V4, F4)             \
	FADD_4S(4, 0, 0)             \
store:                           \
	STORE(V0, F0, R4)            \
	ADD  R2, R4, R4              \
	ADD  R3, R9, R9              \
	SUBS $1, R5, R5              \
	BNE  row

// func scaleNEON(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, add bool)
//
//	dst = [add: dst +] scale⊙x + shift
TEXT ·scaleNEON(SB), NOSPLIT, $0-121
	MOVD  dst_base+0(FP), R0
	MOVD  ldd+24(FP), R2
	LSL   $2, R2, R2
	MOVD  x_base+32(FP), R1
	MOVD  ldx+56(FP), R3
	LSL   $2, R3, R3
	MOVD  scale_base+72(FP), R6
	MOVD  scale_len+80(FP), R8
	MOVD  shift_base+96(FP), R7
	MOVBU add+120(FP), R10
	MOVD  rows+64(FP), R15
	CBZ   R15, done
	SUBS  $4, R8, R8
	BLT   tail

four:
	SCALE(LOADFOUR, STOREFOUR, row4, store4)
	ADD  $16, R0, R0
	ADD  $16, R1, R1
	ADD  $16, R6, R6
	ADD  $16, R7, R7
	SUBS $4, R8, R8
	BGE  four

tail:
	ADDS $4, R8, R8
	BEQ  done

one:
	SCALE(LOADONE, STOREONE, row1, store1)
	ADD  $4, R0, R0
	ADD  $4, R1, R1
	ADD  $4, R6, R6
	ADD  $4, R7, R7
	SUBS $1, R8, R8
	BNE  one

done:
	RET

// AFFINE goes down the rows: V1, V2 and V3 hold a, b and c of the channels.
#define AFFINE(LOAD, STORE, row, store) \
	LOAD(R6, V1, F1)             \
	LOAD(R7, V2, F2)             \
	LOAD(R11, V3, F3)            \
	MOVD R0, R4                  \
	MOVD R1, R9                  \
	MOVD R12, R13                \
	MOVD R15, R5                 \
row:                             \
	LOAD(R9, V4, F4)             \
	LOAD(R13, V5, F5)            \
	VORR  V3.B16, V3.B16, V0.B16 \
	VFMLA V2.S4, V5.S4, V0.S4    \
	VFMLA V1.S4, V4.S4, V0.S4    \
	CBZ   R10, store             \
	LOAD(R4, V6, F6)             \
	FADD_4S(6, 0, 0)             \
store:                           \
	STORE(V0, F0, R4)            \
	ADD  R2, R4, R4              \
	ADD  R3, R9, R9              \
	ADD  R14, R13, R13           \
	SUBS $1, R5, R5              \
	BNE  row

// func affineNEON(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32, add bool)
//
//	dst = [add: dst +] a⊙g + (b⊙x + c)
TEXT ·affineNEON(SB), NOSPLIT, $0-177
	MOVD  dst_base+0(FP), R0
	MOVD  ldd+24(FP), R2
	LSL   $2, R2, R2
	MOVD  g_base+32(FP), R1
	MOVD  ldg+56(FP), R3
	LSL   $2, R3, R3
	MOVD  x_base+64(FP), R12
	MOVD  ldx+88(FP), R14
	LSL   $2, R14, R14
	MOVD  a_base+104(FP), R6
	MOVD  a_len+112(FP), R8
	MOVD  b_base+128(FP), R7
	MOVD  c_base+152(FP), R11
	MOVBU add+176(FP), R10
	MOVD  rows+96(FP), R15
	CBZ   R15, done
	SUBS  $4, R8, R8
	BLT   tail

four:
	AFFINE(LOADFOUR, STOREFOUR, row4, store4)
	ADD  $16, R0, R0
	ADD  $16, R1, R1
	ADD  $16, R12, R12
	ADD  $16, R6, R6
	ADD  $16, R7, R7
	ADD  $16, R11, R11
	SUBS $4, R8, R8
	BGE  four

tail:
	ADDS $4, R8, R8
	BEQ  done

one:
	AFFINE(LOADONE, STOREONE, row1, store1)
	ADD  $4, R0, R0
	ADD  $4, R1, R1
	ADD  $4, R12, R12
	ADD  $4, R6, R6
	ADD  $4, R7, R7
	ADD  $4, R11, R11
	SUBS $1, R8, R8
	BNE  one

done:
	RET
