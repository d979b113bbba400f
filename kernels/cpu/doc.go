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
// Beside the sets stands one unit that multiplies matrices of bfloat16 numbers, [AMX]. It is used with the set avx512, where Linux grants
// the process the state that it takes, which is asked for once, when the program starts; that it is refused is no error. The environment
// variable ONESHOT_BF16 switches it off with the value off. [Info] names it, and the instructions for bfloat16 numbers that a processor
// has and no kernel uses.
//
// [Caches] and [NonTemporal] tell what fits where: the sizes of blocks follow from them.
package cpu
