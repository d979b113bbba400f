package tensor

import (
	"fmt"
	"math/bits"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// Arena recycles buffers of floats by size class, so that work that repeats allocates only once. Where none of the right class is
// free, one of up to four times the size is lent before another is allocated: what a network has needed for large images does for the
// small ones behind them. It is not safe for use by several goroutines.
type Arena struct {
	free [256][][]float32
	used int64 // bytes handed out
	held int64 // bytes allocated
	peak int64 // most bytes ever handed out
}

// Get returns n floats with arbitrary contents, starting at a cache line.
func (a *Arena) Get(n int) []float32 {
	if n < 0 {
		fault.Shape("tensor.Arena.Get", fmt.Sprintf("%d floats", n), "none or more")
	}
	if n == 0 {
		return nil
	}
	class, size := sizeClass(n)
	a.used += int64(4 * size)
	a.peak = max(a.peak, a.used)
	for c := class; c <= min(class+lendable, len(a.free)-1); c++ {
		if f := a.free[c]; len(f) > 0 {
			buf := f[len(f)-1]
			a.free[c] = f[:len(f)-1]
			return buf[:n]
		}
	}
	a.held += int64(4 * size)
	return memory.Aligned(size)[:n]
}

// Put takes back a buffer that Get has returned, as long as it was. The last one put is the first one got: it is still in the cache.
func (a *Arena) Put(buf []float32) {
	if cap(buf) == 0 {
		return
	}
	class, size := sizeClass(cap(buf))
	if size != cap(buf) {
		fault.Shape("tensor.Arena.Put", "a buffer that the arena did not hand out", "one from Get")
	}
	_, got := sizeClass(len(buf))
	a.used -= int64(4 * got)
	a.free[class] = append(a.free[class], buf[:size])
}

// lendable is how many classes larger a buffer may be than what was asked for: four times as large. A tiny value that held the largest
// buffer would have another one allocated.
const lendable = 8

// Used is how many bytes are handed out now, as far as they were asked for.
func (a *Arena) Used() int64 { return a.used }

// Peak is the most bytes that were ever handed out at the same time.
func (a *Arena) Peak() int64 { return a.peak }

// Held is how many bytes the arena has allocated.
func (a *Arena) Held() int64 { return a.held }

// sizeClass rounds n up to one of four sizes per power of two, at least 16 floats (a cache line): at most a quarter of a
// buffer is lost.
func sizeClass(n int) (class, size int) {
	if n <= 16 {
		return 0, 16
	}
	e := bits.Len(uint(n-1)) - 1 // 2^e ≤ n−1 < 2^(e+1)
	step := 1 << (e - 2)
	q := (n - 1) >> (e - 2) // 4 … 7
	return 4*e + q - 4, (q + 1) * step
}
