//go:build amd64 && !purego

package cpu

import "slices"

// fmaLoop returns the loop of an instruction set and the number of multiply-adds in a turn.
func fmaLoop(isa ISA) (loop func(turns int), perTurn int) {
	switch isa {
	case AVX512:
		return fmaAVX512, 16 * accumulators
	case AVX2:
		return fmaAVX2, 8 * accumulators
	}
	return fmaGeneric, accumulators
}

func triadLoop() func(a, b, c []float32, s float32) {
	if slices.Contains(Available(), AVX2) {
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
