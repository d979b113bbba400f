//go:build arm64 && !purego

package cpu

import "slices"

// fmaLoop returns the loop of an instruction set and the number of multiply-adds in a turn.
func fmaLoop(isa ISA) (loop func(turns int), perTurn int) {
	if isa == NEON {
		return fmaNEON, 4 * 24
	}
	return fmaGeneric, accumulators
}

func triadLoop() func(a, b, c []float32, s float32) {
	if slices.Contains(Available(), NEON) {
		return triadNEON
	}
	return triadGeneric
}

//go:noescape
func fmaNEON(turns int)

//go:noescape
func triadNEON(a, b, c []float32, s float32)
