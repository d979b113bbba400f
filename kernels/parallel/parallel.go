package parallel

import (
	"runtime"
	"sync/atomic"
)

// Task is work that is cut into chunks.
type Task interface {
	// Chunk does the i-th part of the work. Different chunks run at the same time on different workers.
	Chunk(w *Worker, i int)
}

const (
	// small is the work from which it pays to share it with a worker that is looking for some. To hand chunks over takes half a
	// microsecond; what makes it dear is that operands come out of another core's cache: 50 µs of passes over memory then take 40, where 50
	// µs of computing take 28.
	small = 10_000
	// large is the work from which it pays to wake a worker, which takes 2 to 5 µs of the caller's time, and up to 50 on a virtual machine
	// until the worker is there.
	large = 50_000
)

// Run executes t.Chunk for every i in [0, n) and returns when all are done. work is about how many nanoseconds one thread takes for all of
// them: it decides whether others are asked to help, and nothing else. Several goroutines may call Run, chunks may, too.
//
// A panic in a chunk is raised again in the caller once the chunks that others are at have finished, and those that nobody has begun are
// left undone. A [fault.ShapeError] arrives as it is, anything else as a [*Panic] with the value and the stack of the chunk. If several
// chunks panic it is the first of them in the order of chunks that counts: what arrives is the same for any number of threads. A chunk
// must not end its goroutine (runtime.Goexit, which FailNow of a test calls).
func Run(n, work int, t Task) {
	if n <= 0 {
		return
	}
	j := jobs.Get()
	j.task, j.n = t, int64(n)
	j.pending.Store(int64(n))
	j.left.Store(int64(n))
	if n > 1 && work >= small && !busy() {
		j.share(work)
	} else {
		j.help(&j.caller)
		j.wait()
	}
	v := j.failure.value
	j.task, j.failure.value = nil, nil
	jobs.Put(j)
	if v != nil {
		panic(v)
	}
}

// job is a call of Run. Its record is used again for later calls, by whatever goroutine, and it does no harm if a worker that was asked
// to help comes so late that it finds another call in the same record:
//
//   - left counts the chunks that nobody has taken. Whoever lowers it and finds zero or more has taken one; it is negative from the first
//     vain attempt on. Only the store that begins a call raises it, so each of its n chunks is taken once, by whomever.
//   - pending counts those that have not been finished. It is zero only when nobody is at a chunk, and only then the call ends.
//   - task, n and failure are touched by none but the caller before that store, and those that have taken a chunk, before they have
//     finished it. The store orders the former before the latter, for who has taken a chunk has read what was stored, or what others
//     have made of it since; that the caller reads a pending of zero, to which all have contributed, orders the latter before the end.
//
// So who never took a chunk neither delays a call nor sees anything of it.
type job struct {
	task Task
	n    int64
	_    cacheLine
	left atomic.Int64
	_    cacheLine
	// pending has sleeping added to it while the caller sleeps.
	pending atomic.Int64
	_       cacheLine
	wake    chan struct{} // of the caller: nil until it sleeps for the first time
	failure failure
	caller  Worker
}

// cacheLine keeps what different threads write from sharing one.
type cacheLine [64]byte

const sleeping = 1 << 40

var jobs FreeList[job]

// help takes chunks until there are none left, and returns how many that were.
//
//go:noinline
func (j *job) help(w *Worker) (taken int64) {
	if j.left.Load() > 0 {
		taken = j.take(w)
	}
	// The caller may have ended the call as soon as nothing is pending and it does not sleep: the record is no longer ours then.
	if taken > 0 && j.pending.Add(-taken) == sleeping {
		j.wake <- struct{}{}
		runtime.Gosched() // the caller goes on here and now, rather than where a processor has been found for it
	}
	return taken
}

// take takes chunks until there are none left, and returns how many have been dealt with. If one panics, those that are left count.
func (j *job) take(w *Worker) (taken int64) {
	var i int64
	defer func() {
		if v := recover(); v != nil {
			j.failure.note(i, v)
			taken += 1 + max(j.left.Swap(0), 0)
		}
	}()
	for {
		left := j.left.Add(-1)
		if left < 0 {
			return taken
		}
		i = j.n - 1 - left
		j.task.Chunk(w, int(i))
		taken++
	}
}

// share does the job with others' help. If it has to wait longer for them than their chunks can take, they have been suspended.
func (j *job) share(work int) {
	asking.Add(1)
	defer asking.Add(-1)
	if !j.ask(work) {
		j.help(&j.caller)
		j.wait()
		return
	}
	begin := clock()
	taken := j.help(&j.caller)
	end := clock()
	j.wait()
	if waited := clock() - end; taken > 0 && waited > 2*(end-begin)/taken+int64(suspended) {
		lost(waited)
	}
}

// wait returns when no chunk is pending. What is pending others are at: it looks for their end for some time and then sleeps, which
// leaves the processor to the one that it waits for, should that be suspended for want of one.
func (j *job) wait() {
	if j.pending.Load() == 0 || spin(min(patience(), maxWait), func() bool { return j.pending.Load() == 0 }) {
		return
	}
	if j.wake == nil {
		j.wake = make(chan struct{}, 1)
	}
	// Either this finds the last chunk finished, or who finishes it finds that the caller sleeps.
	if j.pending.Add(sleeping) != sleeping {
		<-j.wake
	}
}
