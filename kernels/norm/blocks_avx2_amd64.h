// Blocks of 8 channels, which are worked on down the rows.

// NEXTBLOCK sets Y15 to the next n = min(8, left) channels and counts them off; tmp holds 8−n afterwards. It spoils R15.
#define NEXTBLOCK(left, tmp, all) \
	LEAQ    existing<>+32(SB), all \
	MOVQ    $8, tmp                \
	SUBQ    left, tmp              \
	MOVQ    $0, R15                \
	CMOVQLT R15, tmp               \
	VMOVUPS (all)(tmp*4), Y15      \
	SUBQ    $8, left
