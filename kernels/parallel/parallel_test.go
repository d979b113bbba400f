package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

// counter counts how often each chunk runs.
type counter struct{ hits []atomic.Int32 }

func (c *counter) Chunk(w *Worker, i int) {
	s := w.Scratch(100)
	for j := range s {
		s[j] = float32(i)
	}
	for j := range s {
		if s[j] != float32(i) {
			panic("scratch is shared")
		}
	}
	c.hits[i].Add(1)
}

func TestEveryChunkOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 5, 3, 1, 4} {
		runtime.GOMAXPROCS(procs)
		for _, n := range []int{0, 1, 2, 7, 100, 3001} {
			c := &counter{make([]atomic.Int32, n)}
			Run(n, big, c)
			for i := range c.hits {
				if h := c.hits[i].Load(); h != 1 {
					t.Fatalf("GOMAXPROCS %d: chunk %d of %d ran %d times", procs, i, n, h)
				}
			}
		}
	}
}

func TestConcurrentCallers(t *testing.T) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				c := &counter{make([]atomic.Int32, 13)}
				Run(13, big, c)
				for i := range c.hits {
					if c.hits[i].Load() != 1 {
						t.Error("a chunk was lost or repeated")
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestAligned(t *testing.T) {
	for n := 1; n < 200; n += 13 {
		if p := uintptr(unsafe.Pointer(&Aligned(n)[0])); p%64 != 0 {
			t.Fatalf("Aligned(%d) starts at %x", n, p)
		}
	}
}

// big is work that is worth sharing.
const big = 1 << 30

type nothing struct{}

func (*nothing) Chunk(*Worker, int) {}

func TestRunDoesNotAllocate(t *testing.T) {
	task := &nothing{}
	Run(8, big, task)
	if n := testing.AllocsPerRun(100, func() { Run(8, big, task) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkRun(b *testing.B) {
	task := &nothing{}
	for b.Loop() {
		Run(runtime.GOMAXPROCS(0), big, task)
	}
}
