//go:build !purego

#include "textflag.h"
#include "gate_avx512_amd64.h"

// Passes over rows × channels, AVX-512, row by row. A mask (K1) covers the channels behind the last whole block of 16.

// LASTMASK sets K1 to the channels behind the last whole block of n, and n to the bytes of the whole blocks; all is scratch.
#define LASTMASK(n, all) \
	MOVQ  $-1, all     \
	ANDQ  $15, CX      \
	BZHIQ CX, all, all \
	KMOVW all, K1      \
	ANDQ  $~15, n      \
	SHLQ  $2, n

// func scaleAVX512(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, add bool)
//
//	dst = [add: dst +] scale·x + shift
//
// Row by row, so that memory is read as it lies.
TEXT ·scaleAVX512(SB), NOSPLIT, $0-121
	MOVQ  dst_base+0(FP), DI
	MOVQ  ldd+24(FP), DX
	SHLQ  $2, DX
	MOVQ  x_base+32(FP), SI
	MOVQ  ldx+56(FP), AX
	SHLQ  $2, AX
	MOVQ  scale_base+72(FP), R10
	MOVQ  scale_len+80(FP), R11
	MOVQ  shift_base+96(FP), R13
	MOVQ  rows+64(FP), BX
	TESTQ BX, BX
	JEQ   done
	MOVQ  R11, CX
	LASTMASK(R11, R12)
	CMPB  add+120(FP), $0
	JNE   addRow

setRow:
	XORQ R8, R8 // bytes into the row
	CMPQ R8, R11
	JEQ  setLast

set:
	VMOVUPS     (R10)(R8*1), Z0
	VMOVUPS     (SI)(R8*1), Z2
	VFMADD213PS (R13)(R8*1), Z0, Z2
	VMOVUPS     Z2, (DI)(R8*1)
	ADDQ        $64, R8
	CMPQ        R8, R11
	JNE         set

setLast:
	TESTQ       CX, CX
	JEQ         setNext
	VMOVUPS.Z   (R10)(R8*1), K1, Z0
	VMOVUPS.Z   (R13)(R8*1), K1, Z1
	VMOVUPS.Z   (SI)(R8*1), K1, Z2
	VFMADD213PS Z1, Z0, Z2
	VMOVUPS     Z2, K1, (DI)(R8*1)

setNext:
	ADDQ AX, SI
	ADDQ DX, DI
	DECQ BX
	JNZ  setRow
	VZEROUPPER
	RET

addRow:
	XORQ R8, R8
	CMPQ R8, R11
	JEQ  addLast

add:
	VMOVUPS     (R10)(R8*1), Z0
	VMOVUPS     (SI)(R8*1), Z2
	VFMADD213PS (R13)(R8*1), Z0, Z2
	VADDPS      (DI)(R8*1), Z2, Z2
	VMOVUPS     Z2, (DI)(R8*1)
	ADDQ        $64, R8
	CMPQ        R8, R11
	JNE         add

addLast:
	TESTQ       CX, CX
	JEQ         addNext
	VMOVUPS.Z   (R10)(R8*1), K1, Z0
	VMOVUPS.Z   (R13)(R8*1), K1, Z1
	VMOVUPS.Z   (SI)(R8*1), K1, Z2
	VMOVUPS.Z   (DI)(R8*1), K1, Z3
	VFMADD213PS Z1, Z0, Z2
	VADDPS      Z3, Z2, Z2
	VMOVUPS     Z2, K1, (DI)(R8*1)

addNext:
	ADDQ AX, SI
	ADDQ DX, DI
	DECQ BX
	JNZ  addRow

done:
	VZEROUPPER
	RET

// func affineAVX512(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32, add bool)
//
//	dst = [add: dst +] a·g + (b·x + c)
//
// Row by row, as scaleAVX512.
TEXT ·affineAVX512(SB), NOSPLIT, $0-177
	MOVQ    dst_base+0(FP), DI
	MOVQ    g_base+32(FP), DX
	MOVQ    x_base+64(FP), SI
	MOVQ    rows+96(FP), BX
	MOVQ    a_base+104(FP), R9
	MOVQ    a_len+112(FP), R11
	MOVQ    b_base+128(FP), R10
	MOVQ    c_base+152(FP), R13
	TESTQ   BX, BX
	JEQ     done
	MOVQ    R11, CX
	LASTMASK(R11, R12)
	MOVBLZX add+176(FP), R12
	NEGQ    R12
	KMOVW   R12, K2 // all of dst, or nothing
	KANDW   K1, K2, K3

row:
	XORQ R8, R8 // bytes into the row
	CMPQ R8, R11
	JEQ  last

block:
	VMOVUPS     (R10)(R8*1), Z3
	VMOVUPS     (R9)(R8*1), Z0
	VMOVUPS     (SI)(R8*1), Z1
	VFMADD213PS (R13)(R8*1), Z1, Z3
	VFMADD231PS (DX)(R8*1), Z0, Z3
	VMOVUPS.Z   (DI)(R8*1), K2, Z4
	VADDPS      Z4, Z3, Z3
	VMOVUPS     Z3, (DI)(R8*1)
	ADDQ        $64, R8
	CMPQ        R8, R11
	JNE         block

last:
	TESTQ       CX, CX
	JEQ         next
	VMOVUPS.Z   (R10)(R8*1), K1, Z1
	VMOVUPS.Z   (R13)(R8*1), K1, Z2
	VMOVUPS.Z   (R9)(R8*1), K1, Z0
	VMOVUPS.Z   (SI)(R8*1), K1, Z3
	VMOVUPS.Z   (DX)(R8*1), K1, Z4
	VFMADD213PS Z2, Z1, Z3
	VFMADD231PS Z4, Z0, Z3
	VMOVUPS.Z   (DI)(R8*1), K3, Z4
	VADDPS      Z4, Z3, Z3
	VMOVUPS     Z3, K1, (DI)(R8*1)

next:
	MOVQ ldd+24(FP), R12
	LEAQ (DI)(R12*4), DI
	MOVQ ldg+56(FP), R12
	LEAQ (DX)(R12*4), DX
	MOVQ ldx+88(FP), R12
	LEAQ (SI)(R12*4), SI
	DECQ BX
	JNZ  row

done:
	VZEROUPPER
	RET

// func scaleNonTemporalAVX512(dst []float32, ldd int, x []float32, ldx int, rows int, scale, shift []float32, lo, hi float32)
//
//	dst = min(max(scale·x + shift, lo), hi), past the caches: whole lines only
//
// A NaN stays one: the bounds are the first operands.
TEXT ·scaleNonTemporalAVX512(SB), NOSPLIT, $0-128
	MOVQ         dst_base+0(FP), DI
	MOVQ         ldd+24(FP), DX
	SHLQ         $2, DX
	MOVQ         x_base+32(FP), SI
	MOVQ         ldx+56(FP), AX
	SHLQ         $2, AX
	MOVQ         rows+64(FP), BX
	MOVQ         scale_base+72(FP), R10
	MOVQ         scale_len+80(FP), R11
	SHLQ         $2, R11
	MOVQ         shift_base+96(FP), R13
	VBROADCASTSS lo+120(FP), Z30
	VBROADCASTSS hi+124(FP), Z31
	TESTQ        BX, BX
	JEQ          done

row:
	XORQ R8, R8 // bytes into the row

block:
	VMOVUPS     (R10)(R8*1), Z0
	VMOVUPS     (SI)(R8*1), Z2
	VFMADD213PS (R13)(R8*1), Z0, Z2
	VMAXPS      Z2, Z30, Z2
	VMINPS      Z2, Z31, Z2
	VMOVNTPS    Z2, (DI)(R8*1)
	ADDQ        $64, R8
	CMPQ        R8, R11
	JNE         block
	ADDQ        AX, SI
	ADDQ        DX, DI
	DECQ        BX
	JNZ         row

done:
	SFENCE
	VZEROUPPER
	RET

// func affineNonTemporalAVX512(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, rows int, a, b, c []float32)
//
//	dst = a·g + (b·x + c), past the caches: whole lines only
TEXT ·affineNonTemporalAVX512(SB), NOSPLIT, $0-176
	MOVQ  dst_base+0(FP), DI
	MOVQ  g_base+32(FP), DX
	MOVQ  x_base+64(FP), SI
	MOVQ  rows+96(FP), BX
	MOVQ  a_base+104(FP), R9
	MOVQ  a_len+112(FP), R11
	SHLQ  $2, R11
	MOVQ  b_base+128(FP), R10
	MOVQ  c_base+152(FP), R13
	TESTQ BX, BX
	JEQ   done

row:
	XORQ R8, R8 // bytes into the row

block:
	VMOVUPS     (R10)(R8*1), Z3
	VMOVUPS     (R9)(R8*1), Z0
	VMOVUPS     (SI)(R8*1), Z1
	VFMADD213PS (R13)(R8*1), Z1, Z3
	VFMADD231PS (DX)(R8*1), Z0, Z3
	VMOVNTPS    Z3, (DI)(R8*1)
	ADDQ        $64, R8
	CMPQ        R8, R11
	JNE         block
	MOVQ        ldd+24(FP), CX
	LEAQ        (DI)(CX*4), DI
	MOVQ        ldg+56(FP), CX
	LEAQ        (DX)(CX*4), DX
	MOVQ        ldx+88(FP), CX
	LEAQ        (SI)(CX*4), SI
	DECQ        BX
	JNZ         row

done:
	SFENCE
	VZEROUPPER
	RET

// func affineGateAVX512(dst []float32, ldd int, g []float32, ldg int, x []float32, ldx int, y []float32, ldy int, rows int, a, b, c []float32, hi float32, mode int)
//
//	dst = [mode 1: dst +] a·g' + (b·x + c), with g' = 0 < y < hi ? g : 0; mode 2: past the caches, whole lines only
TEXT ·affineGateAVX512(SB), NOSPLIT, $0-224
	MOVQ         dst_base+0(FP), DI
	MOVQ         g_base+32(FP), DX
	MOVQ         x_base+64(FP), SI
	MOVQ         y_base+96(FP), R15
	MOVQ         rows+128(FP), BX
	MOVQ         a_base+136(FP), R9
	MOVQ         a_len+144(FP), R11
	MOVQ         b_base+160(FP), R10
	MOVQ         c_base+184(FP), R13
	MOVQ         mode+216(FP), R14
	VBROADCASTSS hi+208(FP), Z30
	VPXORD       Z31, Z31, Z31
	TESTQ        BX, BX
	JEQ          done

row:
	XORQ R8, R8 // channels of the row

block:
	MOVQ        R11, CX
	SUBQ        R8, CX
	JLE         next
	MOVQ        $16, R12
	CMPQ        CX, R12
	CMOVQGT     R12, CX // at most 16 of the channels left: BZHI looks at the lowest byte only
	MOVQ        $-1, R12
	BZHIQ       CX, R12, R12
	KMOVW       R12, K1
	GATESOME((DX)(R8*4), (R15)(R8*4), Z4)
	VMOVUPS.Z   (R10)(R8*4), K1, Z3
	VMOVUPS.Z   (R9)(R8*4), K1, Z0
	VMOVUPS.Z   (R13)(R8*4), K1, Z2
	VMOVUPS.Z   (SI)(R8*4), K1, Z1
	VFMADD213PS Z2, Z1, Z3
	VFMADD231PS Z4, Z0, Z3
	CMPQ        R14, $1
	JEQ         add
	JGT         nonTemporal
	VMOVUPS     Z3, K1, (DI)(R8*4)
	ADDQ        $16, R8
	JMP         block

add:
	VMOVUPS.Z (DI)(R8*4), K1, Z5
	VADDPS    Z5, Z3, Z3
	VMOVUPS   Z3, K1, (DI)(R8*4)
	ADDQ      $16, R8
	JMP       block

nonTemporal:
	VMOVNTPS Z3, (DI)(R8*4)
	ADDQ     $16, R8
	JMP      block

next:
	MOVQ ldd+24(FP), CX
	LEAQ (DI)(CX*4), DI
	MOVQ ldg+56(FP), CX
	LEAQ (DX)(CX*4), DX
	MOVQ ldx+88(FP), CX
	LEAQ (SI)(CX*4), SI
	MOVQ ldy+120(FP), CX
	LEAQ (R15)(CX*4), R15
	DECQ BX
	JNZ  row

done:
	SFENCE
	VZEROUPPER
	RET
