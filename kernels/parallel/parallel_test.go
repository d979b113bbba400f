package parallel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// big is work that is worth waking workers for.
const big = 1 << 30

// onThreads runs f with several numbers of threads, whatever the number of processors.
func onThreads(t *testing.T, f func(t *testing.T)) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer SetThreads(SetThreads(8))
	for _, procs := range []int{1, 2, 5, 8} {
		runtime.GOMAXPROCS(procs)
		t.Run(fmt.Sprint(procs), f)
	}
}

// finishes fails the test if f has not returned after some minutes, counted by the second: with the race detector and on a busy machine some
// take a minute, and a machine may stop all processes for a while.
func finishes(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	for range 300 {
		select {
		case <-done:
			return
		case <-time.After(time.Second):
		}
	}
	t.Fatal("hangs")
}

// chunkFunc makes a task of a function.
type chunkFunc func(w *Worker, i int)

func (f chunkFunc) Chunk(w *Worker, i int) { f(w, i) }

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

// once runs n chunks and fails the test unless each has run once.
func once(t *testing.T, n, work int) {
	t.Helper()
	c := &counter{make([]atomic.Int32, n)}
	Run(n, work, c)
	for i := range c.hits {
		if h := c.hits[i].Load(); h != 1 {
			t.Errorf("chunk %d of %d ran %d times", i, n, h)
		}
	}
}

func TestEveryChunkOnce(t *testing.T) {
	onThreads(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 7, 100, 3001} {
			for _, work := range []int{0, small, large, big} {
				once(t, n, work)
			}
		}
	})
}

// TestConcurrentCallers: of many more goroutines than threads, whose number changes meanwhile.
func TestConcurrentCallers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer SetThreads(SetThreads(8))
	finishes(t, func() {
		var callers sync.WaitGroup
		for g := range 32 {
			callers.Go(func() {
				for i := range 200 {
					once(t, 1+(7*g+i)%40, []int{0, small, large, big}[i%4])
				}
			})
		}
		done := make(chan struct{})
		go func() {
			callers.Wait()
			close(done)
		}()
		for procs := 1; ; procs = procs%8 + 1 {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
				runtime.GOMAXPROCS(procs)
			}
		}
	})
}

// sum adds numbers up chunk by chunk, and then the sums of the chunks.
type sum struct{ x, part []float32 }

func (s *sum) Chunk(_ *Worker, i int) {
	s.part[i] = 0
	for _, v := range s.x[i*64 : (i+1)*64] {
		s.part[i] += v
	}
}

func TestBitsDoNotDependOnThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer SetThreads(SetThreads(8))
	s := &sum{make([]float32, 64*100), make([]float32, 100)}
	for i := range s.x {
		s.x[i] = rand.Float32()
	}
	var want float32
	for procs := 1; procs <= 8; procs++ {
		runtime.GOMAXPROCS(procs)
		for range 100 {
			Run(len(s.part), big, s)
			var got float32
			for _, v := range s.part {
				got += v
			}
			if procs == 1 {
				want = got
			} else if math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("GOMAXPROCS %d: %v, want %v", procs, got, want)
			}
		}
	}
}

// TestStalledWorkers: while workers do not come on with chunks of one call, others do not wait for them, even if all are.
func TestStalledWorkers(t *testing.T) {
	onThreads(t, func(t *testing.T) {
		finishes(t, func() {
			release := make(chan struct{})
			var at atomic.Int32
			var stalled sync.WaitGroup
			for range 3 {
				stalled.Go(func() {
					Run(8, big, chunkFunc(func(*Worker, int) {
						at.Add(1)
						<-release
					}))
				})
			}
			for at.Load() < 3 { // the callers, if nobody else
				runtime.Gosched()
			}
			for i := range 500 {
				once(t, 1+i%20, big)
			}
			close(release)
			stalled.Wait()
			if n := at.Load(); n != 24 {
				t.Errorf("%d chunks, want 24", n)
			}
		})
	})
}

// TestLateWorker: a worker that was asked and has not come takes nothing from the call and is not waited for; when it comes at last it
// finds nothing, or another call that it may help.
func TestLateWorker(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	defer SetThreads(SetThreads(2))
	defer crew.Store(crew.Load())
	late := &Worker{wake: make(chan struct{}, 1)} // nobody runs its loop
	crew.Store(&[]*Worker{late})
	finishes(t, func() {
		var j *job
		for j == nil { // when nobody is suspended for want of a processor
			once(t, 10, big)
			j = late.job.Load()
		}
		if j.help(late) > 0 {
			t.Error("it found a chunk of a call that has ended")
		}
		once(t, 10, big)
		// Another call in the record, and the worker comes while its first chunk is at work.
		helped := false
		for !helped {
			var ran atomic.Int32
			Run(10, 0, chunkFunc(func(_ *Worker, i int) {
				if ran.Add(1) == 1 {
					helped = j.help(late) > 0
				}
			}))
			if n := ran.Load(); n != 10 {
				t.Errorf("%d chunks, want 10", n)
			}
		}
	})
}

// TestStaleHelpers has workers look all the time into records that calls use one after the other.
func TestStaleHelpers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	defer SetThreads(SetThreads(4))
	var records []*job
	for range 4 {
		records = append(records, jobs.Get())
	}
	for _, j := range records {
		jobs.Put(j)
	}
	var over atomic.Bool
	var helped atomic.Int64
	var helpers sync.WaitGroup
	for range 3 {
		helpers.Go(func() {
			w := new(Worker)
			for !over.Load() {
				for _, j := range records {
					if j.help(w) > 0 {
						helped.Add(1)
					}
				}
				runtime.Gosched()
			}
		})
	}
	finishes(t, func() {
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() {
				for i := 0; i < 3000 || helped.Load() == 0; i++ { // on one processor helpers hardly ever come in time
					once(t, 1+i%9, 0)
				}
			})
		}
		callers.Wait()
	})
	over.Store(true)
	helpers.Wait()
}

// TestNested: a chunk may call Run, and keeps its scratch meanwhile.
func TestNested(t *testing.T) {
	onThreads(t, func(t *testing.T) {
		finishes(t, func() {
			var ran atomic.Int32
			Run(9, big, chunkFunc(func(w *Worker, i int) {
				mine := w.Scratch(50)
				mine[7] = float32(i)
				Run(5, big, chunkFunc(func(w *Worker, k int) {
					w.Scratch(50)[7] = -1
					Run(3, big, chunkFunc(func(w *Worker, _ int) {
						w.Scratch(50)[7] = -2
						ran.Add(1)
					}))
				}))
				if mine[7] != float32(i) {
					t.Error("scratch is shared")
				}
			}))
			if n := ran.Load(); n != 9*5*3 {
				t.Errorf("%d chunks, want %d", n, 9*5*3)
			}
		})
	})
}

// TestWorkersSleep: after some time without work; and with no time to look for any they do so, too, and come when there is some.
func TestWorkersSleep(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	defer SetThreads(SetThreads(4))
	for _, d := range []time.Duration{0, time.Millisecond} {
		defer SetSpin(SetSpin(d))
		finishes(t, func() {
			for range 20 {
				once(t, 16, big)
			}
			for _, w := range *crew.Load() {
				for w.job.Load() != asleep {
					time.Sleep(100 * time.Microsecond)
				}
			}
			wait := 10 * time.Millisecond
			for all := false; !all; wait += wait / 4 { // at the same time; others may be suspended for want of a processor
				var at atomic.Int32
				Run(4, big, chunkFunc(func(*Worker, int) {
					at.Add(1)
					begin := time.Now()
					for at.Load() < 4 && time.Since(begin) < wait {
						runtime.Gosched()
					}
				}))
				all = at.Load() == 4
			}
		})
	}
}

// TestLost checks that now and then a millisecond costs nothing, and that who loses more is busy for a while, though not for ever.
func TestLost(t *testing.T) {
	defer owed.Store(owed.Swap(0))
	lost(int64(time.Millisecond))
	if busy() {
		t.Error("busy after a millisecond")
	}
	begin := clock()
	for range 20 {
		lost(int64(time.Millisecond))
	}
	if wait := owed.Load() - begin - int64(credit); clock()-begin < int64(credit) && (!busy() || wait < int64(share*10*time.Millisecond)) {
		t.Errorf("not busy, for another %v, after 20 ms", time.Duration(wait))
	}
	lost(int64(time.Hour))
	if wait := owed.Load() - clock() - int64(credit); !busy() || wait > int64(maxRepose) {
		t.Errorf("busy for %v after an hour", time.Duration(wait))
	}
}

func TestSpinOf(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"0": 0, "50us": 50 * time.Microsecond, "2ms": 2 * time.Millisecond,
		"": defaultSpin, "7": defaultSpin, "-1ms": defaultSpin, "x": defaultSpin,
	} {
		if got := spinOf(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

type nothing struct{}

func (*nothing) Chunk(*Worker, int) {}

// TestRunDoesNotAllocate: alone, with workers, and beside other callers. testing.AllocsPerRun knows one thread only.
func TestRunDoesNotAllocate(t *testing.T) {
	onThreads(t, func(t *testing.T) {
		calls := func(n int) {
			var callers sync.WaitGroup
			for range 3 {
				callers.Go(func() {
					task := &nothing{}
					for range n {
						Run(8, 0, task)
						Run(8, big, task)
					}
				})
			}
			callers.Wait()
		}
		calls(100)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		calls(2000)
		runtime.ReadMemStats(&after)
		if n := after.Mallocs - before.Mallocs; n > 200 { // the goroutines, and what the runtime needs to park them
			t.Errorf("%d allocations in 12000 calls", n)
		}
	})
}

// BenchmarkRun is what a call costs beside its chunks: by its caller alone, and shared.
func BenchmarkRun(b *testing.B) {
	for _, work := range []int{0, small, big} {
		b.Run(fmt.Sprint(work), func(b *testing.B) {
			task := &nothing{}
			for range b.N {
				Run(8, work, task)
			}
		})
	}
}
