// Package cpu says which instruction set the kernels run on, and how large the caches are.
//
// Every kernel family holds a table of functions that is filled once, when the program starts, for the instruction set
// that [Selected] returns; no kernel looks at CPU features afterwards. The choice is the best set that the processor
// and the operating system support:
//
//	avx512   AVX-512 F, BW, DQ and VL and BMI2, with ZMM state enabled by the operating system
//	avx2     AVX2 and FMA3
//	neon     arm64's Advanced SIMD
//	generic  portable Go, which is also the specification of every kernel
//
// The environment variable ONESHOT_ISA lowers it (an unknown or unavailable value is reported on standard error and
// ignored), and the build tag purego leaves out all assembly.
//
// Beside the sets stand units that multiply bfloat16 numbers ([BF16]), each with the set that all other kernels then come from:
//
//	amx          avx512: tiles of AMX, where Linux grants the process the state that they take
//	avx512_bf16  avx512: VDPBF16PS, on processors of AMD
//	neon_bf16    neon: BFMMLA (FEAT_BF16)
//
// Linux is asked once, when the program starts; that it refuses is no error. On Intel's processors VDPBF16PS is slower than float32, so it
// is left alone there. The environment variable ONESHOT_BF16 switches all units off with the value off. [Info] names the one in use, and
// those that a processor has and no kernel uses.
//
// [Caches] and [NonTemporal] tell what fits where: the sizes of blocks follow from them.
package cpu
