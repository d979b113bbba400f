// The bit patterns that rounding to a bfloat16 looks at.
DATA exponent<>+0(SB)/4, $0x7f800000
GLOBL exponent<>(SB), RODATA|NOPTR, $4
DATA sign<>+0(SB)/4, $0x80000000
GLOBL sign<>(SB), RODATA|NOPTR, $4
DATA upper<>+0(SB)/4, $0xffff0000
GLOBL upper<>(SB), RODATA|NOPTR, $4
DATA quiet<>+0(SB)/4, $0x00400000
GLOBL quiet<>(SB), RODATA|NOPTR, $4
DATA half<>+0(SB)/4, $0x7fff
GLOBL half<>(SB), RODATA|NOPTR, $4
DATA one<>+0(SB)/4, $1
GLOBL one<>(SB), RODATA|NOPTR, $4

#define dst  DI
#define x    SI
#define n    CX // elements left
#define tmp  AX
#define to   DX // dst at the panel
#define from R8
#define step R9  // bytes from a panel to the next in dst
#define pitch R10 // bytes from a row to the next
#define left R11 // pairs left
