//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Laying out panels, AVX-512: see kernels in kernels.go.

#define dst   R8
#define src   R9
#define pitch R10 // from a row of src to the next, bytes
#define kleft CX  // rows left
#define left  DX  // columns left in this row
#define wide  BX  // columns of a panel
#define next  R11 // from a panel to the next in dst, bytes
#define ahead R13 // from a row of src to the one that is fetched meanwhile, bytes
#define to    DI
#define from  SI

// MASK sets lo and hi to the first n columns of a panel; it uses CX.
#define MASK(n, lo, hi) \
	MOVQ  n, CX    \
	MOVQ  $1, R12  \
	SHLQ  CX, R12  \
	DECQ  R12      \
	KMOVW R12, lo  \
	SHRQ  $16, R12 \
	KMOVW R12, hi

// func panelsAVX512(dst, src []float32, ld, k, cols, width int, alpha float32)
//
//	for each of k rows:
//	    for each panel: copy width columns times alpha, and for the last one zeros beyond cols
TEXT ·panelsAVX512(SB), NOSPLIT, $0-84
	MOVQ         dst_base+0(FP), dst
	MOVQ         src_base+24(FP), src
	MOVQ         ld+48(FP), pitch
	SHLQ         $2, pitch
	MOVQ         width+72(FP), wide
	VBROADCASTSS alpha+80(FP), Z2
	MASK(wide, K1, K2)

	MOVQ cols+64(FP), AX // columns of the last panel: (cols-1) % width + 1
	DECQ AX
	XORQ DX, DX
	DIVQ wide
	INCQ DX
	MASK(DX, K3, K4)

	MOVQ  k+56(FP), kleft
	MOVQ  kleft, next
	IMULQ wide, next
	SHLQ  $2, next

	LEAQ 0(pitch*8), ahead // what a block has of a row is too short for the processor to fetch ahead by itself

	CMPQ wide, $16
	JLE  narrowRow

row:
	MOVQ src, from
	MOVQ dst, to
	MOVQ cols+64(FP), left
	SUBQ wide, left
	JLE  last

panel:
	PREFETCHT0 (from)(ahead*1)
	PREFETCHT0 64(from)(ahead*1)
	VMOVUPS.Z  (from), K1, Z0
	VMOVUPS.Z  64(from), K2, Z1
	VMULPS     Z2, Z0, Z0
	VMULPS     Z2, Z1, Z1
	VMOVUPS    Z0, K1, (to)
	VMOVUPS    Z1, K2, 64(to)
	LEAQ       (from)(wide*4), from
	ADDQ       next, to
	SUBQ       wide, left
	JGT        panel

last:
	VMOVUPS.Z (from), K3, Z0
	VMOVUPS.Z 64(from), K4, Z1
	VMULPS    Z2, Z0, Z0
	VMULPS    Z2, Z1, Z1
	VMOVUPS   Z0, K1, (to)
	VMOVUPS   Z1, K2, 64(to)

	ADDQ pitch, src
	LEAQ (dst)(wide*4), dst
	DECQ kleft
	JNZ  row
	VZEROUPPER
	RET

	// Panels of half the width or less, as rows of A are copied.
narrowRow:
	MOVQ src, from
	MOVQ dst, to
	MOVQ cols+64(FP), left
	SUBQ wide, left
	JLE  narrowLast

narrow:
	PREFETCHT0 (from)(ahead*1)
	VMULPS.Z   (from), Z2, K1, Z0
	VMOVUPS    Z0, K1, (to)
	LEAQ       (from)(wide*4), from
	ADDQ       next, to
	SUBQ       wide, left
	JGT        narrow

narrowLast:
	VMULPS.Z (from), Z2, K3, Z0
	VMOVUPS  Z0, K1, (to)

	ADDQ pitch, src
	LEAQ (dst)(wide*4), dst
	DECQ kleft
	JNZ  narrowRow
	VZEROUPPER
	RET

#undef wide
#undef next
#undef ahead

#define rowsLeft R11 // rows of the matrix that exist, of these sixteen
#define step     R12 // to the next row that exists, or zero
#define zero     R13
#define group    BX  // columns of the panels before this group of sixteen

// LOAD reads sixteen columns of a row and moves on, unless there is no further row.
#define LOAD(z) \
	VMOVUPS.Z (from), K1, z \
	VMULPS    Z16, z, z     \
	DECQ      rowsLeft      \
	CMOVQEQ   zero, step    \
	ADDQ      step, from

// STORE writes a column, now a row of the panel, unless it was the last.
#define STORE(z) \
	VMOVUPS z, (to)  \
	ADDQ    $128, to \
	DECQ    kleft    \
	JZ      groupDone

// PAIR interleaves two rows, QUAD two pairs of rows: of four rows a, b, c, d, lane L of q holds column 4L+q as abcd.
#define PAIR(r0, r1, lo, hi) \
	VUNPCKLPS r1, r0, lo \
	VUNPCKHPS r1, r0, hi

#define QUAD(lo0, hi0, lo1, hi1, q0, q1, q2, q3) \
	VUNPCKLPD lo1, lo0, q0 \
	VUNPCKHPD lo1, lo0, q1 \
	VUNPCKLPD hi1, hi0, q2 \
	VUNPCKHPD hi1, hi0, q3

// LANES transposes the lanes of four registers: what they hold of column 4L+q comes together in column L of four.
#define LANES(u0, u1, u2, u3, t0, t1, t2, t3) \
	VSHUFF32X4 $0x88, u1, u0, t0 \
	VSHUFF32X4 $0x88, u3, u2, t1 \
	VSHUFF32X4 $0xdd, u1, u0, t2 \
	VSHUFF32X4 $0xdd, u3, u2, t3 \
	VSHUFF32X4 $0x88, t1, t0, u0 \
	VSHUFF32X4 $0x88, t3, t2, u1 \
	VSHUFF32X4 $0xdd, t1, t0, u2 \
	VSHUFF32X4 $0xdd, t3, t2, u3

// func transposedAVX512(dst, src []float32, ld, k, cols int, alpha float32)
//
//	for each group of 16 columns of panels, which are rows of the matrix:
//	    for each 16 of k columns of the matrix:
//	        load 16×16, transpose, store
//
// A group that ends beyond the matrix repeats its last row.
TEXT ·transposedAVX512(SB), NOSPLIT, $0-76
	MOVQ dst_base+0(FP), dst
	MOVQ ld+48(FP), pitch
	SHLQ $2, pitch
	XORQ zero, zero
	XORQ group, group

nextGroup:
	MOVQ    cols+64(FP), AX // the first row of the group, or the last of the matrix
	DECQ    AX
	CMPQ    group, AX
	CMOVQLT group, AX
	MOVQ    cols+64(FP), left
	SUBQ    AX, left // rows from there on
	MOVQ    pitch, src
	IMULQ   AX, src
	ADDQ    src_base+24(FP), src
	MOVQ    k+56(FP), kleft
	MOVQ    dst, to

block:
	MOVQ $0xffff, AX
	CMPQ kleft, $16
	JGE  whole
	MOVQ $1, AX
	SHLQ CX, AX // kleft
	DECQ AX

whole:
	KMOVW        AX, K1
	MOVQ         src, from
	MOVQ         left, rowsLeft
	MOVQ         pitch, step
	VBROADCASTSS alpha+72(FP), Z16
	LOAD(Z0)
	LOAD(Z1)
	LOAD(Z2)
	LOAD(Z3)
	LOAD(Z4)
	LOAD(Z5)
	LOAD(Z6)
	LOAD(Z7)
	LOAD(Z8)
	LOAD(Z9)
	LOAD(Z10)
	LOAD(Z11)
	LOAD(Z12)
	LOAD(Z13)
	LOAD(Z14)
	LOAD(Z15)

	PAIR(Z0, Z1, Z16, Z17)
	PAIR(Z2, Z3, Z18, Z19)
	PAIR(Z4, Z5, Z20, Z21)
	PAIR(Z6, Z7, Z22, Z23)
	PAIR(Z8, Z9, Z24, Z25)
	PAIR(Z10, Z11, Z26, Z27)
	PAIR(Z12, Z13, Z28, Z29)
	PAIR(Z14, Z15, Z30, Z31)
	QUAD(Z16, Z17, Z18, Z19, Z0, Z1, Z2, Z3)
	QUAD(Z20, Z21, Z22, Z23, Z4, Z5, Z6, Z7)
	QUAD(Z24, Z25, Z26, Z27, Z8, Z9, Z10, Z11)
	QUAD(Z28, Z29, Z30, Z31, Z12, Z13, Z14, Z15)
	LANES(Z0, Z4, Z8, Z12, Z16, Z17, Z18, Z19)
	LANES(Z1, Z5, Z9, Z13, Z20, Z21, Z22, Z23)
	LANES(Z2, Z6, Z10, Z14, Z24, Z25, Z26, Z27)
	LANES(Z3, Z7, Z11, Z15, Z28, Z29, Z30, Z31)

	STORE(Z0)
	STORE(Z1)
	STORE(Z2)
	STORE(Z3)
	STORE(Z4)
	STORE(Z5)
	STORE(Z6)
	STORE(Z7)
	STORE(Z8)
	STORE(Z9)
	STORE(Z10)
	STORE(Z11)
	STORE(Z12)
	STORE(Z13)
	STORE(Z14)
	STORE(Z15)
	ADDQ $64, src
	JMP  block

groupDone:
	ADDQ $16, group
	CMPQ group, cols+64(FP)
	JGE  maybeDone

advance:
	TESTQ $16, group
	JZ    nextPanel
	ADDQ  $64, dst // the second half of the panel
	JMP   nextGroup

nextPanel:
	MOVQ k+56(FP), AX // the next panel, from the middle of this one
	SHLQ $7, AX
	LEAQ -64(dst)(AX*1), dst
	JMP  nextGroup

maybeDone:
	TESTQ $16, group // a panel has two halves
	JNZ   advance
	VZEROUPPER
	RET
