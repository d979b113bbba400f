//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Depthwise convolutions for eight rows of outputs and one vector of channels at a time, AVX2: see tallArgs in tall.go.
//
// The eight kernels share their loops, which are macros. Each defines
//
//	LOAD(r)      Y15 = row r of the piece, at this position: all lanes, or zero where the mask Y12 has none (such loads are slow)
//	FMA(w, out)  the product: of Y15 and a weight, added to an output, or of Y15 and an output's gradient, added to a weight's

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

// The bit of a mask that stands for each lane.
DATA tallBits<>+0(SB)/8, $0x0000000200000001
DATA tallBits<>+8(SB)/8, $0x0000000800000004
DATA tallBits<>+16(SB)/8, $0x0000002000000010
DATA tallBits<>+24(SB)/8, $0x0000008000000040
GLOBL tallBits<>(SB), RODATA|NOPTR, $32

// SETMASK sets the lanes of Y12 whose bits are set at mem.
#define SETMASK(mem) \
	VPBROADCASTW mem, Y12              \
	VPAND tallBits<>(SB), Y12, Y12     \
	VPCMPEQD tallBits<>(SB), Y12, Y12

// NEXTPIECE points at the rows of a piece and sets Y12 to the lanes that it reads.
#define NEXTPIECE \
	MOVQ  tallPiece_x(piece), x     \
	ADDQ  at, x                     \
	MOVQ  tallPiece_row(piece), row \
	LEAQ  (rows)(row*8), row        \
	SETMASK((mask))                 \
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

// The rows of a piece of n taps: row r meets output o with tap r − o. Y0-Y7 belong to the outputs, Y8-Y11 to the taps.
#define ROWS1 \
	ROW1(0, Y8, Y0) \
	ROW1(1, Y8, Y1) \
	ROW1(2, Y8, Y2) \
	ROW1(3, Y8, Y3) \
	ROW1(4, Y8, Y4) \
	ROW1(5, Y8, Y5) \
	ROW1(6, Y8, Y6) \
	ROW1(7, Y8, Y7)

#define ROWS2 \
	ROW1(0, Y8, Y0)         \
	ROW2(1, Y9, Y0, Y8, Y1) \
	ROW2(2, Y9, Y1, Y8, Y2) \
	ROW2(3, Y9, Y2, Y8, Y3) \
	ROW2(4, Y9, Y3, Y8, Y4) \
	ROW2(5, Y9, Y4, Y8, Y5) \
	ROW2(6, Y9, Y5, Y8, Y6) \
	ROW2(7, Y9, Y6, Y8, Y7) \
	ROW1(8, Y9, Y7)

#define ROWS3 \
	ROW1(0, Y8, Y0)                  \
	ROW2(1, Y9, Y0, Y8, Y1)          \
	ROW3(2, Y10, Y0, Y9, Y1, Y8, Y2) \
	ROW3(3, Y10, Y1, Y9, Y2, Y8, Y3) \
	ROW3(4, Y10, Y2, Y9, Y3, Y8, Y4) \
	ROW3(5, Y10, Y3, Y9, Y4, Y8, Y5) \
	ROW3(6, Y10, Y4, Y9, Y5, Y8, Y6) \
	ROW3(7, Y10, Y5, Y9, Y6, Y8, Y7) \
	ROW2(8, Y10, Y6, Y9, Y7)         \
	ROW1(9, Y10, Y7)

#define ROWS4 \
	ROW1(0, Y8, Y0)                           \
	ROW2(1, Y9, Y0, Y8, Y1)                   \
	ROW3(2, Y10, Y0, Y9, Y1, Y8, Y2)          \
	ROW4(3, Y11, Y0, Y10, Y1, Y9, Y2, Y8, Y3) \
	ROW4(4, Y11, Y1, Y10, Y2, Y9, Y3, Y8, Y4) \
	ROW4(5, Y11, Y2, Y10, Y3, Y9, Y4, Y8, Y5) \
	ROW4(6, Y11, Y3, Y10, Y4, Y9, Y5, Y8, Y6) \
	ROW4(7, Y11, Y4, Y10, Y5, Y9, Y6, Y8, Y7) \
	ROW3(8, Y11, Y5, Y10, Y6, Y9, Y7)         \
	ROW2(9, Y11, Y6, Y10, Y7)                 \
	ROW1(10, Y11, Y7)

// The taps of a piece are fetched, and, where they are sums, stored.
#define GET1 VMOVUPS (w), Y8
#define GET2 GET1; VMOVUPS 32(w), Y9
#define GET3 GET2; VMOVUPS 64(w), Y10
#define GET4 GET3; VMOVUPS 96(w), Y11
#define PUT1 VMOVUPS Y8, (w)
#define PUT2 PUT1; VMOVUPS Y9, 32(w)
#define PUT3 PUT2; VMOVUPS Y10, 64(w)
#define PUT4 PUT3; VMOVUPS Y11, 96(w)

// NEXTTAPS goes on to the next piece, behind n taps.
#define NEXTTAPS(n, more, done) \
	ADDQ $(32*n), w \
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
	VBROADCASTSS tallArgs_lo(args), Y13  \
	VBROADCASTSS tallArgs_hi(args), Y14

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
	MOVWLZX (mask), tmp                  \
	MOVQ  tmp, outMask-32(SP)            \
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

// LOADSOME and LOADALL load Y15: the lanes of Y12, or all.
#define LOADSOME(r) \
	MOVQ (8*r)(row), tmp            \
	VMASKMOVPS (tmp)(x*1), Y12, Y15

#define LOADALL(r) \
	MOVQ (8*r)(row), tmp      \
	VMOVUPS (tmp)(x*1), Y15

// CLAMP passes Y15 through the bounds of an activation, which are the first operands, so that a NaN stays one, and between which a zero is.
#define CLAMP \
	VMAXPS Y15, Y13, Y15 \
	VMINPS Y15, Y14, Y15

// SET and ADD write an output, until there are no more rows; SETSOME and ADDSOME write the lanes of Y12.
#define SET(z) \
	VMOVUPS z, (x) \
	ADDQ tmp, x    \
	DECQ left      \
	JZ   stored

#define ADD(z) \
	VADDPS (x), z, z \
	SET(z)

#define SETSOME(z) \
	VMASKMOVPS z, Y12, (x) \
	ADDQ tmp, x            \
	DECQ left              \
	JZ   stored

#define ADDSOME(z) \
	VMASKMOVPS (x), Y12, Y15 \
	VADDPS Y15, z, z         \
	SETSOME(z)

#define ALL(M) \
	M(Y0) \
	M(Y1) \
	M(Y2) \
	M(Y3) \
	M(Y4) \
	M(Y5) \
	M(Y6) \
	M(Y7)

#define CLEAR(z) VXORPS z, z, z

// NOPUT leaves the taps as they are.
#define NOPUT

// PIECES goes through the pieces; what follows it is done. PUT may store the taps.
#define PIECES(put1, put2, put3, put4) \
more:                        \
	FETCH(src, srcDone, outs, outsDone) \
	NEXTPIECE                \
	CMPQ tmp, $3             \
	JEQ  n3                  \
	JLT  n12                 \
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
	PIECES(NOPUT, NOPUT, NOPUT, NOPUT) \
	MOVQ out, x         \
	MOVQ tallArgs_outRow(args), tmp \
	MOVQ tallArgs_outs(args), left  \
	CMPQ outMask-32(SP), $0xFF      \
	JNE  some           \
	CMPQ tallArgs_mode(args), $0    \
	JNE  add            \
	ALL(SET)            \
add:                    \
	ALL(ADD)            \
some:                   \
	SETMASK(outMask-32(SP))         \
	CMPQ tallArgs_mode(args), $0    \
	JNE  addSome        \
	ALL(SETSOME)        \
addSome:                \
	ALL(ADDSOME)        \
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
	SETMASK(outMask-32(SP))          \
	ALL(GETROW)                      \
gotten:                              \
	PIECES(PUT1, PUT2, PUT3, PUT4) \
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
	VMASKMOVPS (x), Y12, z \
	ADDQ tmp, x            \
	DECQ row               \
	JZ   gotten

#define FMA(w, out) VFMADD231PS w, Y15, out
#define LOAD(r) LOADSOME(r)

// func tallConvolveAVX2(a *tallArgs)
TEXT ·tallConvolveAVX2(SB), NOSPLIT, $32-8
	CONVOLVE

#undef LOAD
#define LOAD(r) LOADALL(r)

// func tallConvolveAllAVX2(a *tallArgs)
TEXT ·tallConvolveAllAVX2(SB), NOSPLIT, $32-8
	CONVOLVE

#undef LOAD
#define LOAD(r) LOADSOME(r); CLAMP

// func tallConvolveActAVX2(a *tallArgs)
TEXT ·tallConvolveActAVX2(SB), NOSPLIT, $32-8
	CONVOLVE

#undef LOAD
#define LOAD(r) LOADALL(r); CLAMP

// func tallConvolveActAllAVX2(a *tallArgs)
TEXT ·tallConvolveActAllAVX2(SB), NOSPLIT, $32-8
	CONVOLVE

#undef FMA
#define FMA(w, out) VFMADD231PS out, Y15, w

// func tallCorrelateActAllAVX2(a *tallArgs)
TEXT ·tallCorrelateActAllAVX2(SB), NOSPLIT, $32-8
	CORRELATE

#undef LOAD
#define LOAD(r) LOADSOME(r); CLAMP

// func tallCorrelateActAVX2(a *tallArgs)
TEXT ·tallCorrelateActAVX2(SB), NOSPLIT, $32-8
	CORRELATE

#undef LOAD
#define LOAD(r) LOADSOME(r)

// func tallCorrelateAVX2(a *tallArgs)
TEXT ·tallCorrelateAVX2(SB), NOSPLIT, $32-8
	CORRELATE

#undef LOAD
#define LOAD(r) LOADALL(r)

// func tallCorrelateAllAVX2(a *tallArgs)
TEXT ·tallCorrelateAllAVX2(SB), NOSPLIT, $32-8
	CORRELATE
