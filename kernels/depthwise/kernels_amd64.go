//go:build !purego

package depthwise

import "github.com/oneshot-nas/oneshot/kernels/cpu"

//go:noescape
func convolveAVX512(a *convolveArgs)

//go:noescape
func correlateAVX512(a *correlateArgs)

//go:noescape
func loadAVX512(dst []float32, block int, src []float32, ldSrc, n, c int, lo, hi float32)

//go:noescape
func tallConvolveAVX512(a *tallArgs)

//go:noescape
func tallConvolveActAVX512(a *tallArgs)

//go:noescape
func tallCorrelateAVX512(a *tallArgs)

//go:noescape
func tallCorrelateActAVX512(a *tallArgs)

//go:noescape
func tallConvolveAVX2(a *tallArgs)

//go:noescape
func tallConvolveActAVX2(a *tallArgs)

//go:noescape
func tallCorrelateAVX2(a *tallArgs)

//go:noescape
func tallCorrelateActAVX2(a *tallArgs)

//go:noescape
func tallConvolveAllAVX2(a *tallArgs)

//go:noescape
func tallConvolveActAllAVX2(a *tallArgs)

//go:noescape
func tallCorrelateAllAVX2(a *tallArgs)

//go:noescape
func tallCorrelateActAllAVX2(a *tallArgs)

// either returns a kernel that leaves to all what needs no masks.
func either(some, all func(a *tallArgs)) func(a *tallArgs) {
	return func(a *tallArgs) {
		if a.whole {
			all(a)
		} else {
			some(a)
		}
	}
}

//go:noescape
func convolveAVX2(a *convolveArgs)

//go:noescape
func correlateAVX2(a *correlateArgs)

//go:noescape
func loadAVX2(dst []float32, block int, src []float32, ldSrc, n, c int, lo, hi float32)

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{lanes: 16, pixels: 16, pieces: 3, convolve: convolveAVX512, correlate: correlateAVX512, load: loadAVX512,
			tall: &tallKernels{16, []int{7, 5, 4, 3, 2, 1}, tallConvolveAVX512, tallConvolveActAVX512, tallCorrelateAVX512, tallCorrelateActAVX512}}
	case cpu.AVX2:
		return kernels{lanes: 8, pixels: 8, pieces: 3, convolve: convolveAVX2, correlate: correlateAVX2, load: loadAVX2,
			tall: &tallKernels{8, []int{4, 3, 2, 1},
				either(tallConvolveAVX2, tallConvolveAllAVX2), either(tallConvolveActAVX2, tallConvolveActAllAVX2),
				either(tallCorrelateAVX2, tallCorrelateAllAVX2), either(tallCorrelateActAVX2, tallCorrelateActAllAVX2)}}
	}
	return generic
}
