package parallel

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// outer runs inner within its chunks.
type outer struct{ inner func() }

func (o *outer) Chunk(*Worker, int) { o.inner() }

// deep calls f below n calls of itself.
func deep(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deep(n-1, f)
}

// finishes fails the test if f has not returned after some seconds.
func finishes(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("hangs")
	}
}

// TestNestedRunPanics: on the caller's goroutine and on those of the workers, however deep the stack.
func TestNestedRunPanics(t *testing.T) {
	onThreads(t, func(t *testing.T) {
		for _, chunks := range []int{1, 2, 40} {
			for _, depth := range []int{0, 1, 63, 64, 65, 1000} {
				finishes(t, func() {
					p, _ := panicOf(func() { Run(chunks, &outer{func() { deep(depth, func() { Run(1, &nothing{}) }) }}) }).(*Panic)
					if p == nil {
						t.Error("no panic")
						return
					}
					text, _ := p.Value.(string)
					for _, want := range []string{"kernels/parallel.", "TestNestedRunPanics", "*parallel.nothing", "*parallel.outer"} {
						if !strings.Contains(text, want) {
							t.Errorf("%q does not name %s", text, want)
						}
					}
				})
			}
		}
		Run(3, &nothing{}) // the pool survives it
	})
}

func TestMutexPanicsWithinChunk(t *testing.T) {
	onThreads(t, func(t *testing.T) {
		finishes(t, func() {
			var mu Mutex
			mu.Lock()
			defer mu.Unlock()
			p, _ := panicOf(func() { Run(4, &outer{func() { mu.Lock() }}) }).(*Panic)
			if p == nil || !strings.Contains(p.Value.(string), "TestMutexPanicsWithinChunk") {
				t.Errorf("recovered %v", p)
			}
		})
	})
}

// TestOthersMayRunMeanwhile: while a chunk is at work, calls of other goroutines wait, even of those that the chunk has started.
func TestOthersMayRunMeanwhile(t *testing.T) {
	onThreads(t, func(t *testing.T) {
		finishes(t, func() {
			var others sync.WaitGroup
			var mu Mutex
			call := func() {
				mu.Lock()
				defer mu.Unlock()
				Run(5, &nothing{})
			}
			Run(3, &outer{func() {
				for range 4 {
					others.Go(call)
				}
				time.Sleep(5 * time.Millisecond) // they find the pool taken
			}})
			others.Wait()
		})
	})
}

// BenchmarkWithinChunk is what a call pays that finds the pool taken.
func BenchmarkWithinChunk(b *testing.B) {
	deep(20, func() {
		for b.Loop() {
			if withinChunk() {
				b.Fatal("no chunk here")
			}
		}
	})
}
