package bf16

import (
	"flag"
	"math"
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

// TestStress: products of several goroutines, while garbage is collected, goroutines lose their processors (SIGURG) and samples are taken of
// where they are (SIGPROF), yield the bits of a call that has the machine to itself each time.
func TestStress(t *testing.T) { units(t, testStress) }

func testStress(t *testing.T) {
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
			p.LocalMul()
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
				p, want := products[(g+i)%len(products)], want[(g+i)%len(products)]
				p.C = make([]float32, len(p.C)) // so that there is garbage
				p.LocalMul()
				for e, v := range p.C {
					if math.Float32bits(v) != math.Float32bits(want[e]) {
						t.Errorf("call %d of goroutine %d, %d×%d×%d: element %d is %v, want %v", i, g, p.M, p.N, p.Depth, e, v, want[e])
						break
					}
				}
			}
		})
	}
	callers.Wait()
	done.Store(true)
	others.Wait()
}
