package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// Worker is a thread of execution: one of the pool's, or a caller of [Run] for as long as that takes.
type Worker struct {
	scratch []float32
	wake    chan struct{}
	_       cacheLine
	// job is what the worker was asked to help with: nil while it looks for work, asleep while it does not even do that. Callers exchange
	// either for a job, which one of them alone succeeds in.
	job atomic.Pointer[job]
	_   cacheLine
}

// Scratch returns n floats, 64-byte aligned, with arbitrary contents. They belong to the chunk until it returns or asks
// for scratch again.
func (w *Worker) Scratch(n int) []float32 {
	if n > len(w.scratch) {
		w.scratch = memory.Aligned(n)
	}
	return w.scratch[:n:n]
}

var (
	// limit bounds the threads of a job.
	limit atomic.Int64

	// crew are the workers that there are. It is replaced when there have to be more.
	crew   atomic.Pointer[[]*Worker]
	hiring sync.Mutex

	// asking is how many calls have asked for help and not ended. As many threads are taken.
	asking atomic.Int64

	// asleep stands for the job of a worker that sleeps.
	asleep = new(job)

	// short is a large job for which there were not enough workers, the latest one; those that have finished another one look here. It may
	// have ended long ago.
	short atomic.Pointer[job]
)

func init() { SetThreads(runtime.NumCPU()) }

// SetThreads sets how many threads share a job at most, and returns what that was: at first, as many as there are processors that the
// process may use, for more would only take turns. A server that answers requests side by side may want one. No result depends on it.
func SetThreads(n int) (before int) { return int(limit.Swap(int64(max(n, 1)))) }

// Threads is how many threads share a job at most: GOMAXPROCS, or what [SetThreads] says if that is lower.
func Threads() int { return min(runtime.GOMAXPROCS(0), int(limit.Load())) }

// Even reports whether so many equal chunks keep the threads busy to the end: as many for each, or so many that one more does not matter.
func Even(chunks, threads int) bool { return chunks%threads == 0 || chunks >= 4*threads }

// workers returns n workers.
func workers(n int) []*Worker {
	if c := crew.Load(); c != nil && len(*c) >= n {
		return (*c)[:n]
	}
	hiring.Lock()
	defer hiring.Unlock()
	var all []*Worker
	if c := crew.Load(); c != nil {
		all = append(all, *c...)
	}
	for len(all) < n {
		w := &Worker{wake: make(chan struct{}, 1)}
		w.job.Store(asleep)
		all = append(all, w)
		go w.loop()
	}
	crew.Store(&all)
	return all[:n]
}

// ask gets idle workers to help, no more than there are chunks, nor than threads that no other call occupies, and reports whether any may
// come. It never waits for them.
func (j *job) ask(work int) bool {
	threads := Threads()
	wanted := min(int(j.n), threads-int(asking.Load())+1) - 1
	if wanted <= 0 {
		return false
	}
	missing := wanted
	all := workers(threads - 1)
	for _, w := range all {
		if w.job.Load() == nil && w.job.CompareAndSwap(nil, j) {
			if missing--; missing == 0 {
				return true
			}
		}
	}
	if work < large {
		return missing < wanted
	}
	for _, w := range all {
		if w.job.Load() == asleep && w.job.CompareAndSwap(asleep, j) {
			w.wake <- struct{}{}
			if missing--; missing == 0 {
				return true
			}
		}
	}
	short.Store(j)
	return true
}

// loop helps for ever.
func (w *Worker) loop() {
	helped := false
	for {
		j := w.next(helped)
		helped = j.help(w) > 0
		for j = short.Load(); j != nil && j.help(w) > 0; j = short.Load() {
			helped = true
		}
		w.job.Store(nil)
	}
}

// next returns the job that the worker is asked to help with next. It looks for one for some time, unless it came too late for the one
// before, and then sleeps.
func (w *Worker) next(look bool) *job {
	if !look || !spin(patience(), func() bool { return w.job.Load() != nil }) {
		if w.job.CompareAndSwap(nil, asleep) {
			<-w.wake
		}
	}
	return w.job.Load()
}
