// Package limits measures what this machine can do at best, so that a benchmark can say what share of it a kernel reaches.
//
// [PeakFMA] runs fused multiply-adds and nothing else, [Stream] moves memory and does nothing else; [ReportFlops] and [ReportBytes] are how
// the benchmarks of this module end.
package limits

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// PeakFMA measures how many GFLOP/s one thread reaches with the vector fused multiply-adds of an instruction set and
// nothing else: independent accumulators, no memory. A multiply-add counts as two. It takes a few milliseconds and
// panics if this machine or this build lacks the set. Generic stands for scalar multiplications and additions in Go.
func PeakFMA(isa cpu.ISA) float64 {
	if !slices.Contains(cpu.Available(), isa) {
		panic(fmt.Sprintf("limits.PeakFMA: %v is not available, only %v", isa, cpu.Available()))
	}
	loop, perTurn := fmaLoop(isa)
	const turns = 4096
	seconds := fastest(3*time.Millisecond, func() { loop(turns) })
	return float64(2*perTurn*turns) / seconds * 1e-9
}

// accumulators is the number of independent sums in the loops: at least latency × units, which is 4×2 on the amd64 processors of the
// last decade. On arm64 there may be four units: see fmaNEON.
const accumulators = 12

// Bandwidth is a rate of memory traffic in GB/s (1e9 bytes), counting each array that is read or written once. What a
// processor reads of lines before it overwrites them is not counted.
type Bandwidth struct {
	Copy  float64 // a = b
	Triad float64 // a = b + s·c
}

// Stream measures the memory bandwidth of one thread over arrays four times as large as the second-level cache and 16 MiB
// at least: larger than the activations that a core keeps to itself, though a large third-level cache may hold them. It
// is measured once, in about a tenth of a second.
var Stream = sync.OnceValue(func() Bandwidth {
	n := max(4*cpu.Caches.L2, 16<<20) / 4 / streamBlock * streamBlock
	a, b, c := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range n { // a page that was never written has no memory of its own
		a[i], b[i], c[i] = 0, 1, 2
	}
	triad := triadLoop()
	copying := fastest(30*time.Millisecond, func() { copy(a, b) })
	triading := fastest(30*time.Millisecond, func() {
		for i := 0; i < n; i += streamBlock {
			triad(a[i:i+streamBlock], b[i:i+streamBlock], c[i:i+streamBlock], 3)
		}
	})
	return Bandwidth{
		Copy:  float64(2*4*n) / copying * 1e-9,
		Triad: float64(3*4*n) / triading * 1e-9,
	}
})

// streamBlock is how many elements a call of the triad handles: assembly cannot be preempted.
const streamBlock = 1 << 14

// fastest runs f again and again for the given time, five times at least, and returns the seconds of the fastest run.
func fastest(d time.Duration, f func()) float64 {
	best := time.Duration(1<<63 - 1)
	for start, i := time.Now(), 0; i < 5 || time.Since(start) < d; i++ {
		t := time.Now()
		f()
		best = min(best, time.Since(t))
	}
	return best.Seconds()
}
