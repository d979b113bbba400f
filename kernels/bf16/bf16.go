package bf16

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// Of rounds x to a bfloat16: see the package comment.
func Of(x float32) uint16 {
	b := math.Float32bits(x)
	switch {
	case x != x:
		return uint16(b>>16) | 0x40 // quiet: the lower half may have held all that made it a NaN
	case b&0x7f800000 == 0:
		return uint16(b>>16) & 0x8000
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// Float32 is the number that b stands for.
func Float32(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// Round writes the numbers of x rounded to bfloat16, dst[i] = Float32(Of(x[i])). dst may be x. It panics if the lengths differ.
func Round(dst, x []float32) {
	checkLengths("bf16.Round", len(dst), len(x))
	t := rounds.Get()
	defer rounds.Put(t)
	*t = round{dst, x}
	parallel.Run((len(x)+piece-1)/piece, len(x)/perNanosecond, t)
	*t = round{}
}

const (
	// piece is how many numbers a chunk rounds: 64 KiB, a few microseconds.
	piece = 1 << 14
	// perNanosecond is about how many numbers a thread rounds in a nanosecond.
	perNanosecond = 4
)

type round struct{ dst, x []float32 }

var rounds parallel.FreeList[round]

func (t *round) Chunk(_ *parallel.Worker, i int) {
	from, to := i*piece, min((i+1)*piece, len(t.x))
	active.round(t.dst[from:to], t.x[from:to], 1)
}

// LocalRound is [Round] in the calling goroutine.
func LocalRound(dst, x []float32) {
	checkLengths("bf16.LocalRound", len(dst), len(x))
	active.round(dst, x, 1)
}

// LocalEncode writes bfloat16 numbers, dst[i] = Of(x[i]), in the calling goroutine. It panics if the lengths differ.
func LocalEncode(dst []uint16, x []float32) {
	checkLengths("bf16.LocalEncode", len(dst), len(x))
	active.encode(dst, x, 1)
}

func checkLengths(op string, dst, x int) {
	if dst != x {
		fault.Shape(op, fmt.Sprintf("slices of %d and %d elements", dst, x), "the same length")
	}
}

// Available reports whether the processor multiplies bfloat16 numbers in this process, on the unit that cpu.BF16 names. Setting the
// environment variable ONESHOT_BF16 to off says no, and so does an ONESHOT_ISA below the set that the unit belongs to.
func Available() bool { return activeUnit.call != nil }

// Speed is about how many times as fast as in float32 the products are, by the manuals of processors: 8 on AMX, 2 on vectors of bfloat16
// numbers, 1 where there is no unit.
func Speed() int { return activeUnit.speed }
