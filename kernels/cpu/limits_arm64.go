//go:build arm64 && !purego

package cpu

// fmaLoop returns the loop of an instruction set and the number of floats in its vectors.
func fmaLoop(isa ISA) (loop func(turns int), lanes int) {
	if isa == NEON {
		return fmaNEON, 4
	}
	return fmaGeneric, 1
}

func triadLoop() func(a, b, c []float32, s float32) { return triadGeneric }

//go:noescape
func fmaNEON(turns int)
