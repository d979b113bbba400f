//go:build !purego

package limits

import (
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// fmaLoop returns the loop of an instruction set and the number of multiply-adds in a turn.
func fmaLoop(isa cpu.ISA) (loop func(turns int), perTurn int) {
	if isa == cpu.NEON {
		return fmaNEON, 4 * 24
	}
	return fmaGeneric, accumulators
}

func triadLoop() func(a, b, c []float32, s float32) {
	if slices.Contains(cpu.Available(), cpu.NEON) {
		return triadNEON
	}
	return triadGeneric
}

//go:noescape
func fmaNEON(turns int)

//go:noescape
func triadNEON(a, b, c []float32, s float32)
