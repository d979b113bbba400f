// Instructions of AMX, which the Go assembler lacks; operands are numbers of registers, in the order of the Go assembler, the destination
// last. Numbers 5 and 13 (BP and R13) are no base, number 4 (SP) is no index.

// LDTILECFG sets the sizes of the tiles from 64 bytes at base, one of the lower eight registers.
#define LDTILECFG(base) \
	BYTE $0xC4; BYTE $0xE2; BYTE $0x78; BYTE $0x49; BYTE $(base)

// TILERELEASE leaves no state of tiles behind.
#define TILERELEASE \
	BYTE $0xC4; BYTE $0xE2; BYTE $0x78; BYTE $0x49; BYTE $0xC0

#define TILEZERO(t) \
	BYTE $0xC4; BYTE $0xE2; BYTE $0x7B; BYTE $0x49; BYTE $(0xC0 | ((t)<<3))

// TILELOADD and TILESTORED move the rows of a tile, which lie index bytes apart in memory, from base on.
#define TILELOADD(base, index, t) \
	BYTE $0xC4; BYTE $(0xE2 - (((index)>>3)<<6) - (((base)>>3)<<5)); BYTE $0x7B; TILEROWS(base, index, t)

#define TILESTORED(t, base, index) \
	BYTE $0xC4; BYTE $(0xE2 - (((index)>>3)<<6) - (((base)>>3)<<5)); BYTE $0x7A; TILEROWS(base, index, t)

#define TILEROWS(base, index, t) \
	BYTE $0x4B; BYTE $(0x04 | ((t)<<3)); BYTE $((((index)&7)<<3) | ((base)&7))

// TDPBF16PS adds the product of tiles x and y to tile sum.
#define TDPBF16PS(y, x, sum) \
	BYTE $0xC4; BYTE $0xE2; BYTE $(0x7A - ((y)<<3)); BYTE $0x5C; BYTE $(0xC0 | ((sum)<<3) | (x))
