// The lanes of the last vector of a row, of which fewer than eight exist: AVX2 masks loads and stores by the sign bits of a vector.

// iota numbers the lanes.
DATA iota<>+0(SB)/4, $0
DATA iota<>+4(SB)/4, $1
DATA iota<>+8(SB)/4, $2
DATA iota<>+12(SB)/4, $3
DATA iota<>+16(SB)/4, $4
DATA iota<>+20(SB)/4, $5
DATA iota<>+24(SB)/4, $6
DATA iota<>+28(SB)/4, $7
GLOBL iota<>(SB), RODATA|NOPTR, $32

// LANESBELOW(n, x, y) makes of y, of which x is the lower half, the mask of the lanes below n, any integer.
#define LANESBELOW(n, x, y) \
	VMOVQ        n, x \
	VPBROADCASTD x, y \
	VPCMPGTD     iota<>(SB), y, y

// existing holds sixteen lanes that exist and sixteen that don't: what is read n lanes before the middle is the mask of the first n.
DATA existing<>+0(SB)/8, $-1
DATA existing<>+8(SB)/8, $-1
DATA existing<>+16(SB)/8, $-1
DATA existing<>+24(SB)/8, $-1
DATA existing<>+32(SB)/8, $-1
DATA existing<>+40(SB)/8, $-1
DATA existing<>+48(SB)/8, $-1
DATA existing<>+56(SB)/8, $-1
GLOBL existing<>(SB), RODATA|NOPTR, $128
#define MIDDLE existing<>+64(SB)

// FIRSTLANES(n, tmp, y) makes of y the mask of the first n lanes, n ≤ 8, and spoils n.
#define FIRSTLANES(n, tmp, y) \
	LEAQ    MIDDLE, tmp \
	SHLQ    $2, n       \
	SUBQ    n, tmp      \
	VMOVUPS (tmp), y
