package bf16

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/fault"
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
	for i, v := range x {
		dst[i] = Float32(Of(v))
	}
}

// LocalEncode writes bfloat16 numbers, dst[i] = Of(x[i]), in the calling goroutine. It panics if the lengths differ.
func LocalEncode(dst []uint16, x []float32) {
	checkLengths("bf16.LocalEncode", len(dst), len(x))
	for i, v := range x {
		dst[i] = Of(v)
	}
}

func checkLengths(op string, dst, x int) {
	if dst != x {
		fault.Shape(op, fmt.Sprintf("slices of %d and %d elements", dst, x), "the same length")
	}
}

// Available reports whether this process multiplies on a matrix unit. Setting the environment variable ONESHOT_BF16 to off says no.
func Available() bool { return false }
