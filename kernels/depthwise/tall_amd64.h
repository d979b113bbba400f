// What the depthwise kernels for eight rows of outputs share: see tallArgs in tall.go. The including file names its registers, the outputs
// O0-O7, the taps T0 …, the bounds of an activation LO and HI, says how many BYTES a vector has, and defines
//
//	PIECEMASK    notes which lanes a piece reads, unless it is all, OUTMASK which outputs exist: the mask is at (mask)
//	FETCHPOSITION, FETCHPIECE
//	             FETCH, or nothing: as tallArgs says, once a position or once a piece
//	LOAD(r)      the source's row r of the piece, at this position
//	FMA(w, out)  the product: of that and a weight, added to an output, or of that and an output's gradient, added to a weight's
//	FIVE, SEVEN  what PIECES does for a piece of so many taps

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

// NEXTPIECE points at the rows of a piece and has PIECEMASK note which lanes it reads. If there are none, it goes to where PIECES passes the
// piece over.
#define NEXTPIECE(none) \
	CMPW (mask), $0                \
	JEQ  none                      \
	MOVQ tallPiece_x(piece), x     \
	ADDQ at, x                     \
	MOVQ tallPiece_row(piece), row \
	LEAQ (rows)(row*8), row        \
	PIECEMASK                      \
	ADDQ $2, mask                  \
	MOVQ tallPiece_n(piece), tmp   \
	ADDQ $tallPiece__size, piece

// A row of the source, and what it adds to outputs a … d.
#define ROW1(r, w0, a) \
	LOAD(r) \
	FMA(w0, a)

#define ROW2(r, w0, a, w1, b) \
	ROW1(r, w0, a) \
	FMA(w1, b)

#define ROW3(r, w0, a, w1, b, w2, c) \
	ROW2(r, w0, a, w1, b) \
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

// The rows of a piece of n taps: row r meets output o with tap r − o. O0-O7 belong to the outputs, T0-T6 to the taps.
#define ROWS1 \
	ROW1(0, T0, O0) \
	ROW1(1, T0, O1) \
	ROW1(2, T0, O2) \
	ROW1(3, T0, O3) \
	ROW1(4, T0, O4) \
	ROW1(5, T0, O5) \
	ROW1(6, T0, O6) \
	ROW1(7, T0, O7)

#define ROWS2 \
	ROW1(0, T0, O0)         \
	ROW2(1, T1, O0, T0, O1) \
	ROW2(2, T1, O1, T0, O2) \
	ROW2(3, T1, O2, T0, O3) \
	ROW2(4, T1, O3, T0, O4) \
	ROW2(5, T1, O4, T0, O5) \
	ROW2(6, T1, O5, T0, O6) \
	ROW2(7, T1, O6, T0, O7) \
	ROW1(8, T1, O7)

#define ROWS3 \
	ROW1(0, T0, O0)                 \
	ROW2(1, T1, O0, T0, O1)         \
	ROW3(2, T2, O0, T1, O1, T0, O2) \
	ROW3(3, T2, O1, T1, O2, T0, O3) \
	ROW3(4, T2, O2, T1, O3, T0, O4) \
	ROW3(5, T2, O3, T1, O4, T0, O5) \
	ROW3(6, T2, O4, T1, O5, T0, O6) \
	ROW3(7, T2, O5, T1, O6, T0, O7) \
	ROW2(8, T2, O6, T1, O7)         \
	ROW1(9, T2, O7)

#define ROWS4 \
	ROW1(0, T0, O0)                         \
	ROW2(1, T1, O0, T0, O1)                 \
	ROW3(2, T2, O0, T1, O1, T0, O2)         \
	ROW4(3, T3, O0, T2, O1, T1, O2, T0, O3) \
	ROW4(4, T3, O1, T2, O2, T1, O3, T0, O4) \
	ROW4(5, T3, O2, T2, O3, T1, O4, T0, O5) \
	ROW4(6, T3, O3, T2, O4, T1, O5, T0, O6) \
	ROW4(7, T3, O4, T2, O5, T1, O6, T0, O7) \
	ROW3(8, T3, O5, T2, O6, T1, O7)         \
	ROW2(9, T3, O6, T2, O7)                 \
	ROW1(10, T3, O7)

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

// The taps of a piece are fetched, and, where they are sums, stored.
#define GET1 VMOVUPS (w), T0
#define GET2 GET1; VMOVUPS (BYTES*1)(w), T1
#define GET3 GET2; VMOVUPS (BYTES*2)(w), T2
#define GET4 GET3; VMOVUPS (BYTES*3)(w), T3
#define PUT1 VMOVUPS T0, (w)
#define PUT2 PUT1; VMOVUPS T1, (BYTES*1)(w)
#define PUT3 PUT2; VMOVUPS T2, (BYTES*2)(w)
#define PUT4 PUT3; VMOVUPS T3, (BYTES*3)(w)
#define GET5 GET4; VMOVUPS (BYTES*4)(w), T4
#define GET7 GET5; VMOVUPS (BYTES*5)(w), T5; VMOVUPS (BYTES*6)(w), T6
#define PUT5 PUT4; VMOVUPS T4, (BYTES*4)(w)
#define PUT7 PUT5; VMOVUPS T5, (BYTES*5)(w); VMOVUPS T6, (BYTES*6)(w)

// NOPUT leaves them as they are.
#define NOPUT

// NEXTTAPS goes on to the next piece, behind n taps.
#define NEXTTAPS(n, more, done) \
	ADDQ $(BYTES*n), w \
	DECQ left          \
	JNZ  more          \
	JMP  done

// BEGIN loads what stays the same.
#define BEGIN \
	MOVQ         a+0(FP), args                   \
	MOVQ         tallArgs_rows(args), rows       \
	MOVQ         tallArgs_x(args), at            \
	MOVQ         tallArgs_w(args), w             \
	MOVQ         tallArgs_phase(args), tmp       \
	IMULQ        tallArgs_wPhase(args), tmp      \
	ADDQ         tmp, w                          \
	MOVQ         tallArgs_phases(args), phases   \
	SUBQ         tallArgs_phase(args), phases    \
	MOVQ         tallArgs_out(args), out         \
	MOVQ         tallArgs_positions(args), count \
	MOVQ         tallArgs_masks(args), mask      \
	MOVQ         mask, masks-8(SP)               \
	MOVQ         tallArgs_fetchSrc(args), tmp    \
	MOVQ         tmp, fetchSrc-16(SP)            \
	MOVQ         tallArgs_fetchOut(args), tmp    \
	MOVQ         tmp, fetchOut-24(SP)            \
	VBROADCASTSS tallArgs_lo(args), LO           \
	VBROADCASTSS tallArgs_hi(args), HI

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
	OUTMASK                              \
	ADDQ $2, mask                        \
	FETCHPOSITION

// ENDPOSITION moves on, and sets the flags of the positions left.
#define ENDPOSITION \
	ADDQ tallArgs_srcStep(args), at   \
	ADDQ tallArgs_outStep(args), out  \
	MOVQ masks-8(SP), tmp             \
	ADDQ tallArgs_maskStep(args), tmp \
	MOVQ tmp, masks-8(SP)             \
	DECQ count

// FETCH brings the next lines of the source and of the outputs into the level-2 cache. Uses x, row and tmp.
#define FETCH(src, srcDone, outs, outsDone) \
	FETCHLINES(tallArgs_srcLines, fetchSrc-16(SP), src, srcDone) \
	FETCHLINES(tallArgs_outLines, fetchOut-24(SP), outs, outsDone)

#define FETCHLINES(lines, from, next, done) \
	MOVQ  lines(args), row \
	TESTQ row, row         \
	JZ    done             \
	MOVQ  from, x          \
next:                      \
	PREFETCHT1 (x)         \
	ADDQ       $64, x      \
	DECQ       row         \
	JNZ        next        \
	MOVQ       x, from     \
done:

// A piece of five or seven taps, at once, or as four and the rest where there are too few registers.
#define FIVEATONCE(put5, put4, put1) \
	GET5  \
	ROWS5 \
	put5  \
	NEXTTAPS(5, more, piecesDone)

#define SEVENATONCE(put7, put4, put3) \
	GET7  \
	ROWS7 \
	put7  \
	NEXTTAPS(7, more, piecesDone)

#define FOURTAPS(put4) \
	GET4               \
	ROWS4              \
	put4               \
	ADDQ $(BYTES*4), w \
	ADDQ $(8*4), row

#define FOURANDONE(put5, put4, put1) \
	FOURTAPS(put4) \
	GET1           \
	ROWS1          \
	put1           \
	NEXTTAPS(1, more, piecesDone)

#define FOURANDTHREE(put7, put4, put3) \
	FOURTAPS(put4) \
	GET3           \
	ROWS3          \
	put3           \
	NEXTTAPS(3, more, piecesDone)

// PIECES goes through the pieces; put1 … put7 may store the taps.
#define PIECES(put1, put2, put3, put4, put5, put7) \
more:                                      \
	FETCHPIECE                             \
	NEXTPIECE(none)                        \
	CMPQ tmp, $3                           \
	JEQ  n3                                \
	JLT  n12                               \
	CMPQ tmp, $5                           \
	JEQ  n5                                \
	JLT  n4                                \
	SEVEN(put7, put4, put3)                \
n5:                                        \
	FIVE(put5, put4, put1)                 \
n4:                                        \
	GET4                                   \
	ROWS4                                  \
	put4                                   \
	NEXTTAPS(4, more, piecesDone)          \
n3:                                        \
	GET3                                   \
	ROWS3                                  \
	put3                                   \
	NEXTTAPS(3, more, piecesDone)          \
n12:                                       \
	CMPQ tmp, $2                           \
	JLT  n1                                \
	GET2                                   \
	ROWS2                                  \
	put2                                   \
	NEXTTAPS(2, more, piecesDone)          \
n1:                                        \
	GET1                                   \
	ROWS1                                  \
	put1                                   \
	NEXTTAPS(1, more, piecesDone)          \
none:                                      \
	ADDQ   $2, mask                        \
	IMUL3Q $BYTES, tallPiece_n(piece), tmp \
	ADDQ   $tallPiece__size, piece         \
	ADDQ   tmp, w                          \
	DECQ   left                            \
	JNZ    more                            \
piecesDone:

#define PUTPIECES PIECES(PUT1, PUT2, PUT3, PUT4, PUT5, PUT7)
#define READPIECES PIECES(NOPUT, NOPUT, NOPUT, NOPUT, NOPUT, NOPUT)

#define ALL(M) \
	M(O0) \
	M(O1) \
	M(O2) \
	M(O3) \
	M(O4) \
	M(O5) \
	M(O6) \
	M(O7)

#define CLEAR(z) VXORPS z, z, z

// CORRELATE is the body of the kernels that sum gradients:
//
//	for each position:
//	    g[o] = out[o], zero for the rows and lanes that do not exist
//	    for each piece, row r < n + 7, tap u < n: w[u] += row[r] · g[r−u]
//
// GETROWS loads the gradients.
#define CORRELATE \
	BEGIN         \
position:         \
	BEGINPOSITION \
	GETROWS       \
	PUTPIECES     \
	ENDPOSITION   \
	JZ   end      \
	DECQ phases   \
	JNZ  position \
	NEXTPERIOD    \
	JMP  position \
end:              \
	VZEROUPPER    \
	RET
