//go:build !purego

package depthwise

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{tall: &tallKernels{
			lanes: 16, fetchPieces: true,
			convolve: tallConvolveAVX512, convolveAct: tallConvolveActAVX512,
			correlate: tallCorrelateAVX512, correlateAct: tallCorrelateActAVX512,
		}}
	case cpu.AVX2:
		return kernels{tall: &tallKernels{
			lanes:    8,
			convolve: either(tallConvolveAVX2, tallConvolveAllAVX2), convolveAct: either(tallConvolveActAVX2, tallConvolveActAllAVX2),
			correlate: either(tallCorrelateAVX2, tallCorrelateAllAVX2), correlateAct: either(tallCorrelateActAVX2, tallCorrelateActAllAVX2),
		}}
	}
	return generic
}

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
