//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// Laying out whole panels, AVX2: see kernels in kernels.go.

#define dst   R8
#define src   R9
#define pitch R10 // from a row of src to the next, bytes
#define kleft CX  // rows left
#define left  DX  // panels left in this row
#define next  R11 // from a panel to the next in dst, bytes
#define to    DI
#define from  SI

// func panelsAVX2(dst, src []float32, ld, k, panels int, alpha float32)
//
//	for each of k rows:
//	    for each panel: copy 16 columns times alpha
TEXT ·panelsAVX2(SB), NOSPLIT, $0-76
	MOVQ         dst_base+0(FP), dst
	MOVQ         src_base+24(FP), src
	MOVQ         ld+48(FP), pitch
	SHLQ         $2, pitch
	MOVQ         k+56(FP), kleft
	MOVQ         kleft, next
	SHLQ         $6, next
	VBROADCASTSS alpha+72(FP), Y2

row:
	MOVQ src, from
	MOVQ dst, to
	MOVQ panels+64(FP), left

panel:
	VMULPS  (from), Y2, Y0
	VMULPS  32(from), Y2, Y1
	VMOVUPS Y0, (to)
	VMOVUPS Y1, 32(to)
	ADDQ    $64, from
	ADDQ    next, to
	DECQ    left
	JNZ     panel

	ADDQ pitch, src
	ADDQ $64, dst
	DECQ kleft
	JNZ  row
	VZEROUPPER
	RET

#define ahead R12 // from a row of src to the one that is fetched meanwhile, bytes

// func narrowAVX2(dst, src []float32, ld, k, panels, width int, alpha float32)
//
//	for each of k rows:
//	    for each panel: copy width columns times alpha, 4 or 6
TEXT ·narrowAVX2(SB), NOSPLIT, $0-84
	MOVQ         dst_base+0(FP), dst
	MOVQ         src_base+24(FP), src
	MOVQ         ld+48(FP), pitch
	SHLQ         $2, pitch
	MOVQ         k+56(FP), kleft
	MOVQ         kleft, next
	IMULQ        width+72(FP), next
	SHLQ         $2, next
	VBROADCASTSS alpha+80(FP), X2
	LEAQ         0(pitch*8), ahead // what a block has of a row is too short for the processor to fetch ahead by itself
	CMPQ         width+72(FP), $4
	JEQ          row4

row6:
	MOVQ src, from
	MOVQ dst, to
	MOVQ panels+64(FP), left

panel6:
	PREFETCHT0 (from)(ahead*1)
	VMOVSD     16(from), X1
	VMULPS     (from), X2, X0
	VMULPS     X1, X2, X1
	VMOVUPS    X0, (to)
	VMOVSD     X1, 16(to)
	ADDQ       $24, from
	ADDQ       next, to
	DECQ       left
	JNZ        panel6

	ADDQ pitch, src
	ADDQ $24, dst
	DECQ kleft
	JNZ  row6
	RET

row4:
	MOVQ src, from
	MOVQ dst, to
	MOVQ panels+64(FP), left

panel4:
	PREFETCHT0 (from)(ahead*1)
	VMULPS     (from), X2, X0
	VMOVUPS    X0, (to)
	ADDQ       $16, from
	ADDQ       next, to
	DECQ       left
	JNZ        panel4

	ADDQ pitch, src
	ADDQ $16, dst
	DECQ kleft
	JNZ  row4
	RET

#undef left
#undef next
#undef ahead

#define pitch3 R11 // three times pitch
#define half   DX  // source of rows 4-7 of a block

// PAIR interleaves two rows, QUAD two pairs of rows: of four rows a, b, c, d, lane L of q holds column 4L+q as abcd.
#define PAIR(r0, r1, lo, hi) \
	VUNPCKLPS r1, r0, lo \
	VUNPCKHPS r1, r0, hi

#define QUAD(lo0, hi0, lo1, hi1, q0, q1, q2, q3) \
	VUNPCKLPD lo1, lo0, q0 \
	VUNPCKHPD lo1, lo0, q1 \
	VUNPCKLPD hi1, hi0, q2 \
	VUNPCKHPD hi1, hi0, q3

// COLUMNS stores columns q and 4+q of eight rows, of which upper holds four and lower four.
#define COLUMNS(q, upper, lower, t0, t1) \
	VPERM2F128 $0x20, lower, upper, t0 \
	VPERM2F128 $0x31, lower, upper, t1 \
	VMULPS     Y15, t0, t0             \
	VMULPS     Y15, t1, t1             \
	VMOVUPS    t0, (q*64)(to)          \
	VMOVUPS    t1, (q*64+256)(to)

// func transpose8AVX2(dst, src []float32, ld, blocks int, alpha float32)
//
//	for each block of 8×8, which lie side by side in src: transpose it to 8 rows, 16 floats apart, of 8 columns times alpha
TEXT ·transpose8AVX2(SB), NOSPLIT, $0-68
	MOVQ         dst_base+0(FP), to
	MOVQ         src_base+24(FP), from
	MOVQ         ld+48(FP), pitch
	SHLQ         $2, pitch
	LEAQ         (pitch)(pitch*2), pitch3
	LEAQ         (from)(pitch*4), half
	MOVQ         blocks+56(FP), kleft
	VBROADCASTSS alpha+64(FP), Y15

block:
	VMOVUPS (from), Y0
	VMOVUPS (from)(pitch*1), Y1
	VMOVUPS (from)(pitch*2), Y2
	VMOVUPS (from)(pitch3*1), Y3
	PAIR(Y0, Y1, Y8, Y9)
	PAIR(Y2, Y3, Y10, Y11)
	QUAD(Y8, Y9, Y10, Y11, Y0, Y1, Y2, Y3)
	VMOVUPS (half), Y4
	VMOVUPS (half)(pitch*1), Y5
	VMOVUPS (half)(pitch*2), Y6
	VMOVUPS (half)(pitch3*1), Y7
	PAIR(Y4, Y5, Y8, Y9)
	PAIR(Y6, Y7, Y10, Y11)
	QUAD(Y8, Y9, Y10, Y11, Y4, Y5, Y6, Y7)
	COLUMNS(0, Y0, Y4, Y8, Y9)
	COLUMNS(1, Y1, Y5, Y10, Y11)
	COLUMNS(2, Y2, Y6, Y12, Y13)
	COLUMNS(3, Y3, Y7, Y8, Y9)
	ADDQ    $32, from
	ADDQ    $32, half
	ADDQ    $512, to
	DECQ    kleft
	JNZ     block
	VZEROUPPER
	RET
