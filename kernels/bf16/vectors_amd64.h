// VDPBF16PS, which the Go assembler lacks, for vectors of 16 floats: sum += pairs of y times pairs of x. Operands are numbers of registers,
// in the order of the Go assembler, the destination last.
#define VDPBF16PS(y, x, sum) \
	BYTE $0x62                                                                                           \
	BYTE $(0x02 | ((((sum)>>3)&1)^1)<<7 | ((((y)>>4)&1)^1)<<6 | ((((y)>>3)&1)^1)<<5 | (((sum)>>4)^1)<<4) \
	BYTE $(0x06 | (((x)&15)^15)<<3)                                                                      \
	BYTE $(0x40 | (((x)>>4)^1)<<3)                                                                       \
	BYTE $0x52                                                                                           \
	BYTE $(0xC0 | ((sum)&7)<<3 | ((y)&7))
