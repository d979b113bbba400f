package parallel

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"
)

// Mutex guards a task that is shared by the calls of a function, which locks it around [Run]. It is a sync.Mutex that panics, as Run does,
// where a chunk would have to wait for it: another call may hold it that waits for the chunk to end.
type Mutex struct{ mu sync.Mutex }

// Lock waits until the mutex is free, and locks it.
func (m *Mutex) Lock() {
	if !m.mu.TryLock() {
		refuseWithinChunk(nil)
		m.mu.Lock()
	}
}

// Unlock unlocks the mutex.
func (m *Mutex) Unlock() { m.mu.Unlock() }

// refuseWithinChunk panics if the calling goroutine is at a chunk. A chunk that waits for the pool waits for itself; without this, all
// goroutines would stand still and nothing would tell why. t is the task that it is about to run, if that is known.
//
// Only who finds a mutex locked asks, and a nested call always does, for the pool stays locked while there are chunks: so the answer may
// take the microseconds of a walk up the stack, and needs nothing that tells goroutines apart.
func refuseWithinChunk(t Task) {
	if !withinChunk() {
		return
	}
	var pc [1]uintptr
	caller, _ := runtime.CallersFrames(pc[:runtime.Callers(3, pc[:])]).Next()
	who := caller.Function
	if t != nil {
		who += fmt.Sprintf(" (running %T)", t)
	}
	panic(fmt.Sprintf("parallel: %s was called within a chunk of %T, which would wait for itself; a chunk may only call what works in its own goroutine",
		who, pool.task))
}

// withinChunk reports whether the calling goroutine is one of a worker's, or the caller of Run, at a chunk: whether work is on its stack.
func withinChunk() bool {
	var pcs [64]uintptr
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		frames := runtime.CallersFrames(pcs[:n])
		for more := n > 0; more; {
			var f runtime.Frame
			f, more = frames.Next()
			if f.Function == workName {
				return true
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

var workName = runtime.FuncForPC(reflect.ValueOf(work).Pointer()).Name()
