//go:build !purego

#include "textflag.h"
#include "../internal/asm/avx2_amd64.h"

// Reductions of the rows of a matrix without gaps, AVX2.

#define dst     DI // an accumulator, or an element, for each row
#define rows    DX // rows left
#define a       SI
#define width   CX // columns
#define n       BX // columns left
#define stride  R8
#define stride3 R9
#define at      R10
#define t       AX

// EXTREME is the loop of the largest and the smallest element: OP, and LAST for single floats, of nothing is none. What these instructions
// make of NaN depends on the order of their operands, so that it is kept apart, in Y1.
#define EXTREME(OP, LAST, none) \
	MOVQ         dst_base+0(FP), dst  \
	MOVQ         dst_len+8(FP), rows  \
	MOVQ         x_base+24(FP), a     \
	MOVQ         cols+48(FP), width    \
	MOVL         none, t              \
	VMOVD        t, X8                \
	VBROADCASTSS X8, Y8               \
	MOVQ         width, n             \
	ANDQ         $7, n                \
	FIRSTLANES(n, t, Y9)              \
row:                                  \
	VMOVAPS Y8, Y0                    \
	VXORPS  Y1, Y1, Y1                \
	MOVQ    width, n                  \
	SUBQ    $8, n                     \
	JLT     rest                      \
columns:                              \
	VMOVUPS (a), Y2                   \
	VCMPPS  $3, Y2, Y2, Y3            \
	OP      Y2, Y0, Y0                \
	VORPS   Y3, Y1, Y1                \
	ADDQ    $32, a                    \
	SUBQ    $8, n                     \
	JGE     columns                   \
rest:                                 \
	ADDQ       $8, n                  \
	JZ         whole                  \
	VMASKMOVPS (a), Y9, Y2            \
	VBLENDVPS  Y9, Y2, Y8, Y2         \
	VCMPPS     $3, Y2, Y2, Y3         \
	OP         Y2, Y0, Y0             \
	VORPS      Y3, Y1, Y1             \
	LEAQ       (a)(n*4), a            \
whole:                                \
	VMOVMSKPS    Y1, t                \
	TESTL        t, t                 \
	JNZ          nan                  \
	VEXTRACTF128 $1, Y0, X2           \
	OP           X2, X0, X0           \
	VMOVHLPS     X0, X0, X2           \
	OP           X2, X0, X0           \
	VMOVSHDUP    X0, X2               \
	LAST         X2, X0, X0           \
	VMOVSS       X0, (dst)            \
next:                                 \
	ADDQ $4, dst                      \
	DECQ rows                         \
	JNZ  row                          \
	VZEROUPPER                        \
	RET                               \
nan:                                  \
	MOVL $0x7FC00000, (dst)           \
	JMP  next

// func rowSumsAVX2(acc []float64, x []float32, cols int)
//
//	acc[i] += the sum of x[i*cols:][:cols], of which elements j mod 4 go to a lane and the last cols mod 4 to the first
//
// Four rows at a time: an addition takes as long as four.
TEXT ·rowSumsAVX2(SB), NOSPLIT, $0-56
	MOVQ acc_base+0(FP), dst
	MOVQ acc_len+8(FP), rows
	MOVQ x_base+24(FP), a
	MOVQ cols+48(FP), width
	LEAQ (width*4), stride
	LEAQ (stride)(stride*2), stride3
	SUBQ $4, rows
	JLT  fewer

four:
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	MOVQ   a, at
	MOVQ   width, n
	SUBQ   $4, n
	JLT    fourRest

fourColumns:
	VCVTPS2PD (at), Y4
	VCVTPS2PD (at)(stride*1), Y5
	VCVTPS2PD (at)(stride*2), Y6
	VCVTPS2PD (at)(stride3*1), Y7
	VADDPD    Y4, Y0, Y0
	VADDPD    Y5, Y1, Y1
	VADDPD    Y6, Y2, Y2
	VADDPD    Y7, Y3, Y3
	ADDQ      $16, at
	SUBQ      $4, n
	JGE       fourColumns

fourRest:
	ADDQ $4, n
	JZ   fourWhole

fourLast:
	VMOVSS    (at), X4
	VMOVSS    (at)(stride*1), X5
	VMOVSS    (at)(stride*2), X6
	VMOVSS    (at)(stride3*1), X7
	VCVTPS2PD X4, Y4
	VCVTPS2PD X5, Y5
	VCVTPS2PD X6, Y6
	VCVTPS2PD X7, Y7
	VADDPD    Y4, Y0, Y0
	VADDPD    Y5, Y1, Y1
	VADDPD    Y6, Y2, Y2
	VADDPD    Y7, Y3, Y3
	ADDQ      $4, at
	DECQ      n
	JNZ       fourLast

fourWhole:
	VHADDPD    Y1, Y0, Y0
	VHADDPD    Y3, Y2, Y2
	VPERM2F128 $0x20, Y2, Y0, Y4 // s0 + s1 of each row
	VPERM2F128 $0x31, Y2, Y0, Y5 // s2 + s3
	VADDPD     Y5, Y4, Y4
	VADDPD     (dst), Y4, Y4
	VMOVUPD    Y4, (dst)
	ADDQ       $32, dst
	LEAQ       (a)(stride*4), a
	SUBQ       $4, rows
	JGE        four

fewer:
	ADDQ $4, rows
	JZ   done

row:
	VXORPD Y0, Y0, Y0
	MOVQ   width, n
	SUBQ   $4, n
	JLT    rest

columns:
	VCVTPS2PD (a), Y4
	VADDPD    Y4, Y0, Y0
	ADDQ      $16, a
	SUBQ      $4, n
	JGE       columns

rest:
	ADDQ $4, n
	JZ   whole

last:
	VMOVSS    (a), X4
	VCVTPS2PD X4, Y4
	VADDPD    Y4, Y0, Y0
	ADDQ      $4, a
	DECQ      n
	JNZ       last

whole:
	VEXTRACTF128 $1, Y0, X1
	VHADDPD      X0, X0, X0
	VHADDPD      X1, X1, X1
	VADDSD       X1, X0, X0
	VADDSD       (dst), X0, X0
	VMOVSD       X0, (dst)
	ADDQ         $8, dst
	DECQ         rows
	JNZ          row

done:
	VZEROUPPER
	RET

// func rowMaxAVX2(dst, x []float32, cols int)
//
//	dst[i] = the largest of x[i*cols:][:cols], NaN if there is one
TEXT ·rowMaxAVX2(SB), NOSPLIT, $0-56
	EXTREME(VMAXPS, VMAXSS, $0xFF800000)

// func rowMinAVX2(dst, x []float32, cols int)
//
//	dst[i] = the smallest of x[i*cols:][:cols], NaN if there is one
TEXT ·rowMinAVX2(SB), NOSPLIT, $0-56
	EXTREME(VMINPS, VMINSS, $0x7F800000)

// func repeatAVX2(dst, x []float32, cols int)
//
//	dst[i*cols:][:cols] = x[i]
TEXT ·repeatAVX2(SB), NOSPLIT, $0-56
	MOVQ dst_base+0(FP), dst
	MOVQ x_base+24(FP), a
	MOVQ x_len+32(FP), rows
	MOVQ cols+48(FP), width
	MOVQ width, n
	ANDQ $7, n
	FIRSTLANES(n, t, Y9)

row:
	VBROADCASTSS (a), Y0
	MOVQ         width, n
	SUBQ         $8, n
	JLT          rest

columns:
	VMOVUPS Y0, (dst)
	ADDQ    $32, dst
	SUBQ    $8, n
	JGE     columns

rest:
	ADDQ       $8, n
	JZ         whole
	VMASKMOVPS Y0, Y9, (dst)
	LEAQ       (dst)(n*4), dst

whole:
	ADDQ $4, a
	DECQ rows
	JNZ  row
	VZEROUPPER
	RET
