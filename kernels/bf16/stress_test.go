package bf16

import (
	"flag"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

var long = flag.Bool("long", false, "tens of thousands of products side by side")

// TestStress: products of several goroutines, while garbage is collected, goroutines lose their processors (SIGURG) and samples are taken
// of where they are (SIGPROF), yield the bits of the specification each time.
func TestStress(t *testing.T) {
	calls := int64(2000)
	if *long {
		calls = 60000
	}
	profile, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer profile.Close()
	if err := pprof.StartCPUProfile(profile); err == nil {
		defer pprof.StopCPUProfile()
	}
	var products []Tiles
	var want [][]float32
	for i, s := range productSizes {
		if s.m*s.n*s.depth*s.taps < 40000 {
			p := newTestProduct(t, rand.New(rand.NewPCG(11, uint64(i))), s.m, s.n, s.depth, s.taps, s.lda, 0, false)
			p.mulGeneric()
			products, want = append(products, p.Tiles), append(want, slices.Clone(p.C))
		}
	}
	var done atomic.Bool
	var others, callers sync.WaitGroup
	others.Go(func() {
		for !done.Load() {
			runtime.GC()
		}
	})
	for g := range 4 {
		callers.Go(func() {
			for i := range int(calls / 4) {
				p := products[(g+i)%len(products)]
				p.C = make([]float32, len(p.C)) // so that there is garbage
				p.LocalMul()
				if !sameBits(p.C, want[(g+i)%len(products)]) {
					t.Errorf("call %d of goroutine %d: other bits than the specification", i, g)
					return
				}
			}
		})
	}
	callers.Wait()
	done.Store(true)
	others.Wait()
}
