//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Depthwise convolutions for eight rows of outputs and one vector of channels at a time, AVX-512: see tallArgs in tall.go.
//
// The four kernels share their loops, which are macros. Each defines
//
//	LOAD(r)      Z15 = row r of the piece, at this position, zero where the mask K1 has no lane
//	FMA(w, out)  the product: of Z15 and a weight, added to an output, or of Z15 and an output's gradient, added to a weight's

#define args   AX
#define rows   BX  // pointers to the rows of the window
#define x      CX  // offset of the piece in the rows, bytes
#define piece  DX  // next piece
#define left   SI  // pieces left
#define w      DI  // weights of the next piece
#define row    R8  // pointers to the rows of the piece
#define mask   R9  // of the next piece
#define at     R10 // offset of the position in the rows, bytes
#define out    R11 // outputs of the position
#define count  R12 // positions left
#define tmp    R13
#define phases R15 // positions left before the weights begin again

// NEXTPIECE points at the rows of a piece and sets K1 to the lanes that it reads.
#define NEXTPIECE \
	MOVQ  tallPiece_x(piece), x     \
	ADDQ  at, x                     \
	MOVQ  tallPiece_row(piece), row \
	LEAQ  (rows)(row*8), row        \
	KMOVW (mask), K1                \
	ADDQ  $2, mask                  \
	MOVQ  tallPiece_n(piece), tmp   \
	ADDQ  $tallPiece__size, piece

// A row of the source, and what it adds to outputs a … e.
#define ROW1(r, w0, a) \
	LOAD(r)                 \
	FMA(w0, a)

#define ROW2(r, w0, a, w1, b) \
	ROW1(r, w0, a)          \
	FMA(w1, b)

#define ROW3(r, w0, a, w1, b, w2, c) \
	ROW2(r, w0, a, w1, b)   \
	FMA(w2, c)

#define ROW4(r, w0, a, w1, b, w2, c, w3, d) \
	ROW3(r, w0, a, w1, b, w2, c) \
	FMA(w3, d)

#define ROW5(r, w0, a, w1, b, w2, c, w3, d, w4, e) \
	ROW4(r, w0, a, w1, b, w2, c, w3, d) \
	FMA(w4, e)

#define ROW6(r, w0, a, w1, b, w2, c, w3, d, w4, e, w5, f) \
	ROW5(r, w0, a, w1, b, w2, c, w3, d, w4, e) \
	FMA(w5, f)

#define ROW7(r, w0, a, w1, b, w2, c, w3, d, w4, e, w5, f, w6, g) \
	ROW6(r, w0, a, w1, b, w2, c, w3, d, w4, e, w5, f) \
	FMA(w6, g)

// The rows of a piece of n taps: row r meets output o with tap r − o. Z0-Z7 belong to the outputs, Z8-Z14 to the taps.
#define ROWS1 \
	ROW1(0, Z8, Z0) \
	ROW1(1, Z8, Z1) \
	ROW1(2, Z8, Z2) \
	ROW1(3, Z8, Z3) \
	ROW1(4, Z8, Z4) \
	ROW1(5, Z8, Z5) \
	ROW1(6, Z8, Z6) \
	ROW1(7, Z8, Z7)

#define ROWS2 \
	ROW1(0, Z8, Z0)         \
	ROW2(1, Z9, Z0, Z8, Z1) \
	ROW2(2, Z9, Z1, Z8, Z2) \
	ROW2(3, Z9, Z2, Z8, Z3) \
	ROW2(4, Z9, Z3, Z8, Z4) \
	ROW2(5, Z9, Z4, Z8, Z5) \
	ROW2(6, Z9, Z5, Z8, Z6) \
	ROW2(7, Z9, Z6, Z8, Z7) \
	ROW1(8, Z9, Z7)

#define ROWS3 \
	ROW1(0, Z8, Z0)                  \
	ROW2(1, Z9, Z0, Z8, Z1)          \
	ROW3(2, Z10, Z0, Z9, Z1, Z8, Z2) \
	ROW3(3, Z10, Z1, Z9, Z2, Z8, Z3) \
	ROW3(4, Z10, Z2, Z9, Z3, Z8, Z4) \
	ROW3(5, Z10, Z3, Z9, Z4, Z8, Z5) \
	ROW3(6, Z10, Z4, Z9, Z5, Z8, Z6) \
	ROW3(7, Z10, Z5, Z9, Z6, Z8, Z7) \
	ROW2(8, Z10, Z6, Z9, Z7)         \
	ROW1(9, Z10, Z7)

#define ROWS4 \
	ROW1(0, Z8, Z0)                           \
	ROW2(1, Z9, Z0, Z8, Z1)                   \
	ROW3(2, Z10, Z0, Z9, Z1, Z8, Z2)          \
	ROW4(3, Z11, Z0, Z10, Z1, Z9, Z2, Z8, Z3) \
	ROW4(4, Z11, Z1, Z10, Z2, Z9, Z3, Z8, Z4) \
	ROW4(5, Z11, Z2, Z10, Z3, Z9, Z4, Z8, Z5) \
	ROW4(6, Z11, Z3, Z10, Z4, Z9, Z5, Z8, Z6) \
	ROW4(7, Z11, Z4, Z10, Z5, Z9, Z6, Z8, Z7) \
	ROW3(8, Z11, Z5, Z10, Z6, Z9, Z7)         \
	ROW2(9, Z11, Z6, Z10, Z7)                 \
	ROW1(10, Z11, Z7)

#define ROWS5 \
	ROW1(0, Z8, Z0)                                    \
	ROW2(1, Z9, Z0, Z8, Z1)                            \
	ROW3(2, Z10, Z0, Z9, Z1, Z8, Z2)                   \
	ROW4(3, Z11, Z0, Z10, Z1, Z9, Z2, Z8, Z3)          \
	ROW5(4, Z12, Z0, Z11, Z1, Z10, Z2, Z9, Z3, Z8, Z4) \
	ROW5(5, Z12, Z1, Z11, Z2, Z10, Z3, Z9, Z4, Z8, Z5) \
	ROW5(6, Z12, Z2, Z11, Z3, Z10, Z4, Z9, Z5, Z8, Z6) \
	ROW5(7, Z12, Z3, Z11, Z4, Z10, Z5, Z9, Z6, Z8, Z7) \
	ROW4(8, Z12, Z4, Z11, Z5, Z10, Z6, Z9, Z7)         \
	ROW3(9, Z12, Z5, Z11, Z6, Z10, Z7)                 \
	ROW2(10, Z12, Z6, Z11, Z7)                         \
	ROW1(11, Z12, Z7)

#define ROWS7 \
	ROW1(0, Z8, Z0)                                                      \
	ROW2(1, Z9, Z0, Z8, Z1)                                              \
	ROW3(2, Z10, Z0, Z9, Z1, Z8, Z2)                                     \
	ROW4(3, Z11, Z0, Z10, Z1, Z9, Z2, Z8, Z3)                            \
	ROW5(4, Z12, Z0, Z11, Z1, Z10, Z2, Z9, Z3, Z8, Z4)                   \
	ROW6(5, Z13, Z0, Z12, Z1, Z11, Z2, Z10, Z3, Z9, Z4, Z8, Z5)          \
	ROW7(6, Z14, Z0, Z13, Z1, Z12, Z2, Z11, Z3, Z10, Z4, Z9, Z5, Z8, Z6) \
	ROW7(7, Z14, Z1, Z13, Z2, Z12, Z3, Z11, Z4, Z10, Z5, Z9, Z6, Z8, Z7) \
	ROW6(8, Z14, Z2, Z13, Z3, Z12, Z4, Z11, Z5, Z10, Z6, Z9, Z7)         \
	ROW5(9, Z14, Z3, Z13, Z4, Z12, Z5, Z11, Z6, Z10, Z7)                 \
	ROW4(10, Z14, Z4, Z13, Z5, Z12, Z6, Z11, Z7)                         \
	ROW3(11, Z14, Z5, Z13, Z6, Z12, Z7)                                  \
	ROW2(12, Z14, Z6, Z13, Z7)                                           \
	ROW1(13, Z14, Z7)

// The taps of a piece are fetched, and, where they are sums, stored.
#define GET1 VMOVUPS (w), Z8
#define GET2 GET1; VMOVUPS 64(w), Z9
#define GET3 GET2; VMOVUPS 128(w), Z10
#define GET4 GET3; VMOVUPS 192(w), Z11
#define GET5 GET4; VMOVUPS 256(w), Z12
#define GET7 GET5; VMOVUPS 320(w), Z13; VMOVUPS 384(w), Z14
#define PUT1 VMOVUPS Z8, (w)
#define PUT2 PUT1; VMOVUPS Z9, 64(w)
#define PUT3 PUT2; VMOVUPS Z10, 128(w)
#define PUT4 PUT3; VMOVUPS Z11, 192(w)
#define PUT5 PUT4; VMOVUPS Z12, 256(w)
#define PUT7 PUT5; VMOVUPS Z13, 320(w); VMOVUPS Z14, 384(w)

// NEXTTAPS goes on to the next piece, behind n taps.
#define NEXTTAPS(n, more, done) \
	ADDQ $(64*n), w \
	DECQ left       \
	JNZ  more       \
	JMP  done

// BEGIN loads what stays the same.
#define BEGIN \
	MOVQ a+0(FP), args                   \
	MOVQ tallArgs_rows(args), rows       \
	MOVQ tallArgs_x(args), at            \
	MOVQ tallArgs_w(args), w             \
	MOVQ tallArgs_phase(args), tmp       \
	IMULQ tallArgs_wPhase(args), tmp     \
	ADDQ tmp, w                          \
	MOVQ tallArgs_phases(args), phases   \
	SUBQ tallArgs_phase(args), phases    \
	MOVQ tallArgs_out(args), out         \
	MOVQ tallArgs_positions(args), count \
	MOVQ tallArgs_masks(args), mask      \
	MOVQ mask, masks-8(SP)               \
	MOVQ tallArgs_fetchSrc(args), tmp    \
	MOVQ tmp, fetchSrc-16(SP)            \
	MOVQ tallArgs_fetchOut(args), tmp    \
	MOVQ tmp, fetchOut-24(SP)            \
	VBROADCASTSS tallArgs_lo(args), Z30  \
	VBROADCASTSS tallArgs_hi(args), Z31

// NEXTPERIOD goes back to the first weights.
#define NEXTPERIOD \
	MOVQ tallArgs_w(args), w           \
	MOVQ tallArgs_phases(args), phases \
	ADDQ tallArgs_srcJump(args), at    \
	ADDQ tallArgs_outJump(args), out   \
	MOVQ tallArgs_maskJump(args), tmp  \
	ADDQ tmp, masks-8(SP)

#define BEGINPOSITION \
	MOVQ masks-8(SP), mask               \
	MOVQ tallArgs_pieces(args), piece    \
	MOVQ (tallArgs_pieces+8)(args), left \
	KMOVW (mask), K2                     \
	ADDQ  $2, mask

// ENDPOSITION moves on, and sets the flags of the positions left.
#define ENDPOSITION \
	ADDQ tallArgs_srcStep(args), at  \
	ADDQ tallArgs_outStep(args), out \
	MOVQ masks-8(SP), tmp            \
	ADDQ tallArgs_maskStep(args), tmp \
	MOVQ tmp, masks-8(SP)            \
	DECQ count

// FETCH brings the next lines of the source and of the outputs into the level-2 cache. Uses x, row and tmp.
#define FETCH(src, srcDone, outs, outsDone) \
	FETCHLINES(tallArgs_srcLines, fetchSrc-16(SP), src, srcDone) \
	FETCHLINES(tallArgs_outLines, fetchOut-24(SP), outs, outsDone)

#define FETCHLINES(lines, from, next, done) \
	MOVQ  lines(args), row  \
	MOVQ  from, x           \
	TESTQ row, row          \
	JZ    done              \
next:                       \
	PREFETCHT1 (x)          \
	ADDQ  $64, x            \
	DECQ  row               \
	JNZ   next              \
	MOVQ  x, from           \
done:

// LOADPLAIN and LOADACT load Z15; the bounds of an activation are the first operands, so that a NaN stays one.
#define LOADPLAIN(r) \
	MOVQ (8*r)(row), tmp          \
	VMOVUPS.Z (tmp)(x*1), K1, Z15

// Lanes that are not read stay zero.
#define LOADACT(r) \
	MOVQ (8*r)(row), tmp          \
	VMOVUPS.Z (tmp)(x*1), K1, Z15 \
	VMAXPS.Z Z15, Z30, K1, Z15    \
	VMINPS.Z Z15, Z31, K1, Z15

// SET, ADD and STREAM write an output, until there are no more rows.
#define SET(z) \
	VMOVUPS z, K2, (x) \
	ADDQ tmp, x        \
	DECQ left          \
	JZ   stored

#define ADD(z) \
	VADDPS (x), z, K2, z \
	SET(z)

#define STREAM(z) \
	VMOVNTPS z, (x) \
	ADDQ tmp, x     \
	DECQ left       \
	JZ   stored

#define ALL(M) \
	M(Z0) \
	M(Z1) \
	M(Z2) \
	M(Z3) \
	M(Z4) \
	M(Z5) \
	M(Z6) \
	M(Z7)

#define CLEAR(z) VPXORD z, z, z

// NOPUT leaves the taps as they are.
#define NOPUT

// PIECES goes through the pieces; what follows it is done. PUT may store the taps.
#define PIECES(put1, put2, put3, put4, put5, put7) \
more:                        \
	FETCH(src, srcDone, outs, outsDone) \
	NEXTPIECE                \
	CMPQ tmp, $3             \
	JEQ  n3                  \
	JLT  n12                 \
	CMPQ tmp, $5             \
	JEQ  n5                  \
	JLT  n4                  \
	GET7                     \
	ROWS7                    \
	put7                     \
	NEXTTAPS(7, more, piecesDone) \
n5:                          \
	GET5                     \
	ROWS5                    \
	put5                     \
	NEXTTAPS(5, more, piecesDone) \
n4:                          \
	GET4                     \
	ROWS4                    \
	put4                     \
	NEXTTAPS(4, more, piecesDone) \
n3:                          \
	GET3                     \
	ROWS3                    \
	put3                     \
	NEXTTAPS(3, more, piecesDone) \
n12:                         \
	CMPQ tmp, $2             \
	JLT  n1                  \
	GET2                     \
	ROWS2                    \
	put2                     \
	NEXTTAPS(2, more, piecesDone) \
n1:                          \
	GET1                     \
	ROWS1                    \
	put1                     \
	NEXTTAPS(1, more, piecesDone) \
piecesDone:

// CONVOLVE is the body of the two kernels:
//
//	for each position:
//	    acc[o] = 0
//	    for each piece, row r < n + 7, tap u < n: acc[r−u] += row[r] · w[u]
//	    out[o] = acc[o] (+ out[o])    for the rows and lanes that exist
#define CONVOLVE \
	BEGIN               \
position:               \
	BEGINPOSITION       \
	ALL(CLEAR)          \
	PIECES(NOPUT, NOPUT, NOPUT, NOPUT, NOPUT, NOPUT) \
	MOVQ out, x         \
	MOVQ tallArgs_outRow(args), tmp \
	MOVQ tallArgs_outs(args), left  \
	CMPQ tallArgs_mode(args), $1    \
	JEQ  add            \
	JGT  stream         \
	ALL(SET)            \
add:                    \
	ALL(ADD)            \
stream:                 \
	ALL(STREAM)         \
stored:                 \
	ENDPOSITION         \
	JZ   end            \
	DECQ phases         \
	JNZ  position       \
	NEXTPERIOD          \
	JMP  position       \
end:                    \
	VZEROUPPER          \
	RET

// CORRELATE is the body of the other two:
//
//	for each position:
//	    g[o] = out[o], zero for the rows and lanes that do not exist
//	    for each piece, row r < n + 7, tap u < n: w[u] += row[r] · g[r−u]
#define CORRELATE \
	BEGIN                            \
position:                            \
	BEGINPOSITION                    \
	ALL(CLEAR)                       \
	MOVQ out, x                      \
	MOVQ tallArgs_outRow(args), tmp  \
	MOVQ tallArgs_outs(args), row    \
	ALL(GETROW)                      \
gotten:                              \
	PIECES(PUT1, PUT2, PUT3, PUT4, PUT5, PUT7) \
	ENDPOSITION                      \
	JZ   end                         \
	DECQ phases                      \
	JNZ  position                    \
	NEXTPERIOD          \
	JMP  position                    \
end:                                 \
	VZEROUPPER                       \
	RET

// GETROW loads an output's gradient, until there are no more rows.
#define GETROW(z) \
	VMOVUPS.Z (x), K2, z \
	ADDQ tmp, x          \
	DECQ row             \
	JZ   gotten

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
