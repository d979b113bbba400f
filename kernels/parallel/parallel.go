package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Task is work that is cut into chunks.
type Task interface {
	// Chunk does the i-th part of the work. Different chunks run at the same time on different workers.
	Chunk(w *Worker, i int)
}

// Worker is one of the pool's threads of execution.
type Worker struct {
	scratch []float32
	wake    chan struct{}
	// jobs counts those that the worker was asked to help with. Each worker has a counter of its own, so that one that is not
	// needed, since a job is small or GOMAXPROCS was lowered, neither wakes up nor keeps the others waiting.
	jobs     atomic.Uint64
	sleeping atomic.Bool
	_        [64]byte
}

// Scratch returns n floats, 64-byte aligned, with arbitrary contents. They belong to the chunk until it returns or asks
// for scratch again.
func (w *Worker) Scratch(n int) []float32 {
	if n > len(w.scratch) {
		w.scratch = Aligned(n)
	}
	return w.scratch[:n:n]
}

// Aligned allocates n floats that start at a 64-byte boundary.
func Aligned(n int) []float32 {
	if n == 0 {
		return nil
	}
	buf := make([]float32, n+15)
	hugePages(buf)
	off := int(-uintptr(unsafe.Pointer(&buf[0]))&63) / 4
	return buf[off : off+n : off+n]
}

// spins is how long an idle worker looks for the next job before it sleeps: about half a millisecond. To wake it costs up to 50 µs
// on a virtual machine, and a training step has hundreds of jobs; with a tenth of this, training on two threads takes 10 % longer.
const spins = 800000

// pool is the state shared by the caller (worker 0, whoever holds mu) and the workers.
var pool struct {
	mu      sync.Mutex
	workers []*Worker

	task    Task
	n       int64
	next    atomic.Int64 // next chunk to hand out
	pending atomic.Int64 // how many workers other than the caller have not finished the current job
	failure failure
}

// maxWorkers bounds GOMAXPROCS as far as the pool is concerned.
const maxWorkers = 256

// Run executes t.Chunk for every i in [0, n) and returns when all are done. Several goroutines may call it, one is served after the
// other; called from within a chunk, it panics.
//
// A panic in a chunk is raised again in the caller once the chunks that others are at have finished, and those that nobody has begun are
// left undone. A [fault.ShapeError] arrives as it is, anything else as a [*Panic] with the value and the stack of the chunk. If several
// chunks panic it is the first of them in the order of chunks that counts: what arrives is the same for any number of threads. A chunk
// must not end its goroutine (runtime.Goexit, which FailNow of a test calls).
func Run(n int, t Task) {
	if n <= 0 {
		return
	}
	if !pool.mu.TryLock() {
		refuseWithinChunk(t)
		pool.mu.Lock()
	}
	defer pool.mu.Unlock()
	k := min(runtime.GOMAXPROCS(0), n, maxWorkers)
	for len(pool.workers) < max(k, 1) {
		w := &Worker{wake: make(chan struct{}, 1)}
		id := len(pool.workers)
		pool.workers = append(pool.workers, w)
		if id > 0 {
			go w.loop()
		}
	}
	pool.task, pool.n = t, int64(n)
	pool.next.Store(0)
	pool.pending.Store(int64(k - 1))
	for _, w := range pool.workers[1:max(k, 1)] {
		w.jobs.Add(1)
		if w.sleeping.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
	work(pool.workers[0])
	for pool.pending.Load() != 0 {
		runtime.Gosched()
	}
	pool.task = nil
	pool.failure.raise()
}

// loop waits for jobs for ever.
func (w *Worker) loop() {
	for done := uint64(0); ; done++ {
		for i := 0; w.jobs.Load() == done; i++ {
			if i < spins {
				continue
			}
			// Announce sleep, then look once more: whoever raises jobs after that sees the announcement.
			w.sleeping.Store(true)
			if w.jobs.Load() != done && w.sleeping.CompareAndSwap(true, false) {
				break
			}
			<-w.wake
			i = 0
		}
		work(w)
		pool.pending.Add(-1)
	}
}

// work takes chunks until there are none left.
//
//go:noinline
func work(w *Worker) {
	var i int64
	defer func() {
		if v := recover(); v != nil {
			pool.failure.note(i, v)
			pool.next.Store(pool.n)
		}
	}()
	for {
		i = pool.next.Add(1) - 1
		if i >= pool.n {
			return
		}
		pool.task.Chunk(w, int(i))
	}
}
