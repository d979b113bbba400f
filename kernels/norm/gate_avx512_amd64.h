// GATE loads the lanes of g where the activation, whose output lies at y, has a slope: 0 < y < hi, which is no bound if it is NaN.
// Z31 is zero, Z30 hi.
#define GATE(g, y, z) \
	VMOVUPS   y, z                  \
	VCMPPS    $0x1e, Z31, z, K2     \
	VCMPPS    $0x19, Z30, z, K2, K2 \
	VMOVUPS.Z g, K2, z

// GATESOME is GATE for the channels of the mask.
#define GATESOME(g, y, z) \
	VMOVUPS.Z y, K1, z              \
	VCMPPS    $0x1e, Z31, z, K1, K2 \
	VCMPPS    $0x19, Z30, z, K2, K2 \
	VMOVUPS.Z g, K2, z
