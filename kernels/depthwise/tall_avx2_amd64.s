//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Depthwise convolutions for eight rows of outputs and one vector of channels at a time, AVX2. Y15 holds a row of the source.
// Loads under a mask are slow: there are kernels for where all lanes are read or none, too. Y12 is the mask, Y13 and Y14 are the bounds of an
// activation; kernels without have taps there.

#define O0    Y0
#define O1    Y1
#define O2    Y2
#define O3    Y3
#define O4    Y4
#define O5    Y5
#define O6    Y6
#define O7    Y7
#define T0    Y8
#define T1    Y9
#define T2    Y10
#define T3    Y11
#define T4    Y12
#define T5    Y13
#define T6    Y14
#define LO    Y13
#define HI    Y14
#define BYTES 32

#define OUTMASK \
	MOVWLZX (mask), tmp         \
	MOVQ    tmp, outMask-32(SP) \
	SETMASK((mask))

#define FETCHPOSITION \
	CMPB tallArgs_fetchPieces(args), $0 \
	JNE  fetched                        \
	FETCH(src, srcDone, outs, outsDone) \
fetched:

#define FETCHPIECE \
	CMPB tallArgs_fetchPieces(args), $0                     \
	JEQ  pieceFetched                                       \
	FETCH(pieceSrc, pieceSrcDone, pieceOuts, pieceOutsDone) \
pieceFetched:

#include "tall_amd64.h"

// The bit of a mask that stands for each lane.
DATA tallBits<>+0(SB)/8, $0x0000000200000001
DATA tallBits<>+8(SB)/8, $0x0000000800000004
DATA tallBits<>+16(SB)/8, $0x0000002000000010
DATA tallBits<>+24(SB)/8, $0x0000008000000040
GLOBL tallBits<>(SB), RODATA|NOPTR, $32

// SETMASK sets the lanes of Y12 whose bits are set at mem.
#define SETMASK(mem) \
	VPBROADCASTW mem, Y12                 \
	VPAND        tallBits<>(SB), Y12, Y12 \
	VPCMPEQD     tallBits<>(SB), Y12, Y12

// LOADSOME and LOADALL load Y15: the lanes of Y12, or all.
#define LOADSOME(r) \
	MOVQ       (8*r)(row), tmp \
	VMASKMOVPS (tmp)(x*1), Y12, Y15

#define LOADALL(r) \
	MOVQ    (8*r)(row), tmp \
	VMOVUPS (tmp)(x*1), Y15

// CLAMP passes Y15 through the bounds of an activation, which are the first operands, so that a NaN stays one, and between which a zero is.
#define CLAMP \
	VMAXPS Y15, Y13, Y15 \
	VMINPS Y15, Y14, Y15

// SET and ADD write an output, until there are no more rows; SETSOME and ADDSOME write the lanes of Y12, which takes several times as long.
#define SET(z) \
	VMOVUPS z, (x) \
	ADDQ    tmp, x \
	DECQ    left   \
	JZ      stored

#define ADD(z) \
	VADDPS (x), z, z \
	SET(z)

#define SETSOME(z) \
	VMASKMOVPS z, Y12, (x) \
	ADDQ       tmp, x      \
	DECQ       left        \
	JZ         stored

#define ADDSOME(z) \
	VMASKMOVPS (x), Y12, Y15 \
	VADDPS     Y15, z, z     \
	SETSOME(z)

// GETROW loads the lanes of Y12 of an output's gradient, until there are no more rows.
#define GETROW(z) \
	VMASKMOVPS (x), Y12, z \
	ADDQ       tmp, x      \
	DECQ       left        \
	JZ         gotten

// EIGHT does M with each of eight rows of outputs, which begin at x and are tmp apart. It overwrites x and row.
#define EIGHT(M) \
	LEAQ (tmp)(tmp*2), row \
	M(O0, (x))             \
	M(O1, (x)(tmp*1))      \
	M(O2, (x)(tmp*2))      \
	M(O3, (x)(row*1))      \
	LEAQ (x)(tmp*4), x     \
	M(O4, (x))             \
	M(O5, (x)(tmp*1))      \
	M(O6, (x)(tmp*2))      \
	M(O7, (x)(row*1))

#define PUTWHOLE(z, mem) VMOVUPS z, mem
#define GETWHOLE(z, mem) VMOVUPS mem, z

#define GETROWS \
	MOVQ out, x                     \
	MOVQ tallArgs_outRow(args), tmp \
	MOVQ tallArgs_outs(args), left  \
	CMPQ left, $8                   \
	JNE  few                        \
	CMPQ outMask-32(SP), $0xFF      \
	JNE  few                        \
	EIGHT(GETWHOLE)                 \
	JMP  gotten                     \
few:                                \
	ALL(CLEAR)                      \
	ALL(GETROW)                     \
gotten:                             \
	MOVQ (tallArgs_pieces+8)(args), left

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
	CMPQ outMask-32(SP), $0xFF      \
	JNE  some                       \
	CMPQ tallArgs_mode(args), $0    \
	JNE  add                        \
	CMPQ left, $8                   \
	JNE  few                        \
	EIGHT(PUTWHOLE)                 \
	JMP  stored                     \
few:                                \
	ALL(SET)                        \
add:                                \
	ALL(ADD)                        \
some:                               \
	SETMASK(outMask-32(SP))         \
	CMPQ tallArgs_mode(args), $0    \
	JNE  addSome                    \
	ALL(SETSOME)                    \
addSome:                            \
	ALL(ADDSOME)                    \
stored:                             \
	ENDPOSITION                     \
	JZ   end                        \
	DECQ phases                     \
	JNZ  position                   \
	NEXTPERIOD                      \
	JMP  position                   \
end:                                \
	VZEROUPPER                      \
	RET

#define FMA(w, out) VFMADD231PS w, Y15, out
#define LOAD(r) LOADSOME(r)
#define PIECEMASK SETMASK((mask))
#define FIVE FOURANDONE
#define SEVEN FOURANDTHREE

// func tallConvolveAVX2(a *tallArgs)
TEXT ·tallConvolveAVX2(SB), NOSPLIT, $32-8
	CONVOLVE

#undef LOAD
#define LOAD(r) LOADSOME(r); CLAMP

// func tallConvolveActAVX2(a *tallArgs)
TEXT ·tallConvolveActAVX2(SB), NOSPLIT, $32-8
	CONVOLVE

#undef LOAD
#undef PIECEMASK
#undef FIVE
#define LOAD(r) LOADALL(r); CLAMP
#define PIECEMASK
#define FIVE FIVEATONCE

// func tallConvolveActAllAVX2(a *tallArgs)
TEXT ·tallConvolveActAllAVX2(SB), NOSPLIT, $32-8
	CONVOLVE

#undef LOAD
#undef SEVEN
#define LOAD(r) LOADALL(r)
#define SEVEN SEVENATONCE

// func tallConvolveAllAVX2(a *tallArgs)
TEXT ·tallConvolveAllAVX2(SB), NOSPLIT, $32-8
	CONVOLVE

#undef FMA
#define FMA(w, out) VFMADD231PS out, Y15, w

// func tallCorrelateAllAVX2(a *tallArgs)
TEXT ·tallCorrelateAllAVX2(SB), NOSPLIT, $32-8
	CORRELATE

#undef LOAD
#undef SEVEN
#define LOAD(r) LOADALL(r); CLAMP
#define SEVEN FOURANDTHREE

// func tallCorrelateActAllAVX2(a *tallArgs)
TEXT ·tallCorrelateActAllAVX2(SB), NOSPLIT, $32-8
	CORRELATE

#undef LOAD
#undef PIECEMASK
#undef FIVE
#define LOAD(r) LOADSOME(r); CLAMP
#define PIECEMASK SETMASK((mask))
#define FIVE FOURANDONE

// func tallCorrelateActAVX2(a *tallArgs)
TEXT ·tallCorrelateActAVX2(SB), NOSPLIT, $32-8
	CORRELATE

#undef LOAD
#define LOAD(r) LOADSOME(r)

// func tallCorrelateAVX2(a *tallArgs)
TEXT ·tallCorrelateAVX2(SB), NOSPLIT, $32-8
	CORRELATE
