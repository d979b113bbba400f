// What the tails of vectors need. AVX2 masks floats, but it has no masks for bytes, and a kernel must not touch what lies
// behind its index.

// LOADBYTES loads min(n, 8) bytes at p into x, zeros above them. The parts of a tail lie in the order of size 4, 2, 1 and
// are shifted in from the last one, so that p is the same afterwards.
#define LOADBYTES(n, p, x, whole, no1, no2, no4) \
	CMPQ    n, $8         \
	JGE     whole         \
	VPXOR   x, x, x       \
	ADDQ    n, p          \
	TESTQ   $1, n         \
	JEQ     no1           \
	DECQ    p             \
	VPINSRB $0, (p), x, x \
no1:                      \
	TESTQ   $2, n         \
	JEQ     no2           \
	SUBQ    $2, p         \
	VPSLLDQ $2, x, x      \
	VPINSRW $0, (p), x, x \
no2:                      \
	TESTQ   $4, n         \
	JEQ     no4           \
	SUBQ    $4, p         \
	VPSLLDQ $4, x, x      \
	VPINSRD $0, (p), x, x \
	JMP     no4           \
whole:                    \
	VMOVQ (p), x          \
no4:

// STOREBYTES stores the n < 8 lowest bytes of x at p, in the same order. It spoils x and p.
#define STOREBYTES(n, x, p, no4, no2, no1) \
	TESTQ   $4, n      \
	JEQ     no4        \
	VMOVD   x, (p)     \
	VPSRLDQ $4, x, x   \
	ADDQ    $4, p      \
no4:                   \
	TESTQ   $2, n      \
	JEQ     no2        \
	VPEXTRW $0, x, (p) \
	VPSRLDQ $2, x, x   \
	ADDQ    $2, p      \
no2:                   \
	TESTQ   $1, n      \
	JEQ     no1        \
	VPEXTRB $0, x, (p)
