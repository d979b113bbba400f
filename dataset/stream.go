package dataset

import (
	"math/bits"
	"math/rand/v2"
)

// stream is a sequence of random numbers that (a, b) alone determine, on every machine and with every release of Go:
// [rand.PCG] is fixed by its documentation, and what turns its words into ranges is here.
type stream struct{ pcg rand.PCG }

func newStream(a, b uint64) stream {
	var s stream
	s.pcg.Seed(a, b)
	return s
}

// between is uniform over lo, ..., hi. Its bias is below (hi-lo)/2⁶⁴.
func (s *stream) between(lo, hi int) int {
	i, _ := bits.Mul64(s.pcg.Uint64(), uint64(hi-lo+1))
	return lo + int(i)
}

func (s *stream) coin() bool { return s.pcg.Uint64()>>63 == 1 }
