//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Depthwise convolutions for eight rows of outputs and one vector of channels at a time, AVX-512. Z15 holds a row of the source, K1 the
// lanes that a piece reads, K2 those of the outputs.

#define O0    Z0
#define O1    Z1
#define O2    Z2
#define O3    Z3
#define O4    Z4
#define O5    Z5
#define O6    Z6
#define O7    Z7
#define T0    Z8
#define T1    Z9
#define T2    Z10
#define T3    Z11
#define T4    Z12
#define T5    Z13
#define T6    Z14
#define LO    Z30
#define HI    Z31
#define BYTES 64

#define PIECEMASK KMOVW (mask), K1
#define OUTMASK   KMOVW (mask), K2

// A position has twice the lines of one with AVX2, and many fetches at once are dropped: each piece makes some.
#define FETCHPOSITION
#define FETCHPIECE FETCH(src, srcDone, outs, outsDone)
#define FIVE       FIVEATONCE
#define SEVEN      SEVENATONCE

#include "tall_amd64.h"

// LOADPLAIN and LOADACT load Z15; the bounds of an activation are the first operands, so that a NaN stays one.
#define LOADPLAIN(r) \
	MOVQ      (8*r)(row), tmp \
	VMOVUPS.Z (tmp)(x*1), K1, Z15

// Lanes that are not read stay zero.
#define LOADACT(r) \
	MOVQ      (8*r)(row), tmp     \
	VMOVUPS.Z (tmp)(x*1), K1, Z15 \
	VMAXPS.Z  Z15, Z30, K1, Z15   \
	VMINPS.Z  Z15, Z31, K1, Z15

// SET, ADD and STREAM write an output, until there are no more rows. What STREAM writes other threads may only read behind an SFENCE.
#define SET(z) \
	VMOVUPS z, K2, (x) \
	ADDQ    tmp, x     \
	DECQ    left       \
	JZ      stored

#define ADD(z) \
	VADDPS (x), z, K2, z \
	SET(z)

#define STREAM(z) \
	VMOVNTPS z, (x) \
	ADDQ     tmp, x \
	DECQ     left   \
	JZ       stored

// GETROW loads an output's gradient, until there are no more rows.
#define GETROW(z) \
	VMOVUPS.Z (x), K2, z \
	ADDQ      tmp, x     \
	DECQ      row        \
	JZ        gotten

#define GETROWS \
	ALL(CLEAR)                      \
	MOVQ out, x                     \
	MOVQ tallArgs_outRow(args), tmp \
	MOVQ tallArgs_outs(args), row   \
	ALL(GETROW)                     \
gotten:

// CONVOLVE is the body of the two kernels:
//
//	for each position:
//	    acc[o] = 0
//	    for each piece, row r < n + 7, tap u < n: acc[r−u] += row[r] · w[u]
//	    out[o] = acc[o] (+ out[o])    for the rows and lanes that exist
#define CONVOLVE \
	BEGIN                           \
position:                           \
	BEGINPOSITION                   \
	ALL(CLEAR)                      \
	READPIECES                      \
	MOVQ out, x                     \
	MOVQ tallArgs_outRow(args), tmp \
	MOVQ tallArgs_outs(args), left  \
	CMPQ tallArgs_mode(args), $1    \
	JEQ  add                        \
	JGT  stream                     \
	ALL(SET)                        \
add:                                \
	ALL(ADD)                        \
stream:                             \
	ALL(STREAM)                     \
stored:                             \
	ENDPOSITION                     \
	JZ   end                        \
	DECQ phases                     \
	JNZ  position                   \
	NEXTPERIOD                      \
	JMP  position                   \
end:                                \
	CMPQ tallArgs_mode(args), $1    \
	JLE  ordered                    \
	SFENCE                          \
ordered:                            \
	VZEROUPPER                      \
	RET

#define FMA(w, out) VFMADD231PS w, Z15, out
#define LOAD(r) LOADPLAIN(r)

// func tallConvolveAVX512(a *tallArgs)
TEXT ·tallConvolveAVX512(SB), NOSPLIT, $24-8
	CONVOLVE

#undef LOAD
#define LOAD(r) LOADACT(r)

// func tallConvolveActAVX512(a *tallArgs)
TEXT ·tallConvolveActAVX512(SB), NOSPLIT, $24-8
	CONVOLVE

#undef FMA
#define FMA(w, out) VFMADD231PS out, Z15, w

// func tallCorrelateActAVX512(a *tallArgs)
TEXT ·tallCorrelateActAVX512(SB), NOSPLIT, $24-8
	CORRELATE

#undef LOAD
#define LOAD(r) LOADPLAIN(r)

// func tallCorrelateAVX512(a *tallArgs)
TEXT ·tallCorrelateAVX512(SB), NOSPLIT, $24-8
	CORRELATE
