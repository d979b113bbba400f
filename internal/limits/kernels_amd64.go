//go:build !purego

package limits

import (
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// fmaLoop returns the loop of an instruction set and the number of multiply-adds in a turn.
func fmaLoop(isa cpu.ISA) (loop func(turns int), perTurn int) {
	switch isa {
	case cpu.AVX512:
		return fmaAVX512, 16 * accumulators
	case cpu.AVX2:
		return fmaAVX2, 8 * accumulators
	}
	return fmaGeneric, accumulators
}

func triadLoop() func(a, b, c []float32, s float32) {
	if slices.Contains(cpu.Available(), cpu.AVX2) {
		return triadAVX2
	}
	return triadGeneric
}

//go:noescape
func fmaAVX512(turns int)

//go:noescape
func fmaAVX2(turns int)

//go:noescape
func triadAVX2(a, b, c []float32, s float32)
