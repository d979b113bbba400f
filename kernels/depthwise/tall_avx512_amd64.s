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

#include "tall_amd64.h"

#define ROW5(r, w0, a, w1, b, w2, c, w3, d, w4, e) \
	ROW4(r, w0, a, w1, b, w2, c, w3, d) \
	FMA(w4, e)

#define ROW6(r, w0, a, w1, b, w2, c, w3, d, w4, e, w5, f) \
	ROW5(r, w0, a, w1, b, w2, c, w3, d, w4, e) \
	FMA(w5, f)

#define ROW7(r, w0, a, w1, b, w2, c, w3, d, w4, e, w5, f, w6, g) \
	ROW6(r, w0, a, w1, b, w2, c, w3, d, w4, e, w5, f) \
	FMA(w6, g)

#define ROWS5 \
	ROW1(0, T0, O0)                                 \
	ROW2(1, T1, O0, T0, O1)                         \
	ROW3(2, T2, O0, T1, O1, T0, O2)                 \
	ROW4(3, T3, O0, T2, O1, T1, O2, T0, O3)         \
	ROW5(4, T4, O0, T3, O1, T2, O2, T1, O3, T0, O4) \
	ROW5(5, T4, O1, T3, O2, T2, O3, T1, O4, T0, O5) \
	ROW5(6, T4, O2, T3, O3, T2, O4, T1, O5, T0, O6) \
	ROW5(7, T4, O3, T3, O4, T2, O5, T1, O6, T0, O7) \
	ROW4(8, T4, O4, T3, O5, T2, O6, T1, O7)         \
	ROW3(9, T4, O5, T3, O6, T2, O7)                 \
	ROW2(10, T4, O6, T3, O7)                        \
	ROW1(11, T4, O7)

#define ROWS7 \
	ROW1(0, T0, O0)                                                 \
	ROW2(1, T1, O0, T0, O1)                                         \
	ROW3(2, T2, O0, T1, O1, T0, O2)                                 \
	ROW4(3, T3, O0, T2, O1, T1, O2, T0, O3)                         \
	ROW5(4, T4, O0, T3, O1, T2, O2, T1, O3, T0, O4)                 \
	ROW6(5, T5, O0, T4, O1, T3, O2, T2, O3, T1, O4, T0, O5)         \
	ROW7(6, T6, O0, T5, O1, T4, O2, T3, O3, T2, O4, T1, O5, T0, O6) \
	ROW7(7, T6, O1, T5, O2, T4, O3, T3, O4, T2, O5, T1, O6, T0, O7) \
	ROW6(8, T6, O2, T5, O3, T4, O4, T3, O5, T2, O6, T1, O7)         \
	ROW5(9, T6, O3, T5, O4, T4, O5, T3, O6, T2, O7)                 \
	ROW4(10, T6, O4, T5, O5, T4, O6, T3, O7)                        \
	ROW3(11, T6, O5, T5, O6, T4, O7)                                \
	ROW2(12, T6, O6, T5, O7)                                        \
	ROW1(13, T6, O7)

#define GET5 GET4; VMOVUPS (BYTES*4)(w), T4
#define GET7 GET5; VMOVUPS (BYTES*5)(w), T5; VMOVUPS (BYTES*6)(w), T6
#define PUT5 PUT4; VMOVUPS T4, (BYTES*4)(w)
#define PUT7 PUT5; VMOVUPS T5, (BYTES*5)(w); VMOVUPS T6, (BYTES*6)(w)

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

#define GETROW(z) \
	VMOVUPS.Z (x), K2, z \
	ADDQ      tmp, x     \
	DECQ      row        \
	JZ        gotten

// PIECES goes through the pieces; put1 … put7 may store the taps.
#define PIECES(put1, put2, put3, put4, put5, put7) \
more:                                   \
	FETCH(src, srcDone, outs, outsDone) \
	NEXTPIECE(none)                     \
	CMPQ tmp, $3                        \
	JEQ  n3                             \
	JLT  n12                            \
	CMPQ tmp, $5                        \
	JEQ  n5                             \
	JLT  n4                             \
	GET7                                \
	ROWS7                               \
	put7                                \
	NEXTTAPS(7, more, piecesDone)       \
n5:                                     \
	GET5                                \
	ROWS5                               \
	put5                                \
	NEXTTAPS(5, more, piecesDone)       \
	FEWTAPS(put1, put2, put3, put4)

#define PUTPIECES PIECES(PUT1, PUT2, PUT3, PUT4, PUT5, PUT7)

// CONVOLVE is the body of the two kernels:
//
//	for each position:
//	    acc[o] = 0
//	    for each piece, row r < n + 7, tap u < n: acc[r−u] += row[r] · w[u]
//	    out[o] = acc[o] (+ out[o])    for the rows and lanes that exist
#define CONVOLVE \
	BEGIN                                            \
position:                                            \
	BEGINPOSITION                                    \
	ALL(CLEAR)                                       \
	PIECES(NOPUT, NOPUT, NOPUT, NOPUT, NOPUT, NOPUT) \
	MOVQ out, x                                      \
	MOVQ tallArgs_outRow(args), tmp                  \
	MOVQ tallArgs_outs(args), left                   \
	CMPQ tallArgs_mode(args), $1                     \
	JEQ  add                                         \
	JGT  stream                                      \
	ALL(SET)                                         \
add:                                                 \
	ALL(ADD)                                         \
stream:                                              \
	ALL(STREAM)                                      \
stored:                                              \
	ENDPOSITION                                      \
	JZ   end                                         \
	DECQ phases                                      \
	JNZ  position                                    \
	NEXTPERIOD                                       \
	JMP  position                                    \
end:                                                 \
	CMPQ tallArgs_mode(args), $1                     \
	JLE  ordered                                     \
	SFENCE                                           \
ordered:                                             \
	VZEROUPPER                                       \
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
