// Package parallel is the process's one pool of workers.
//
// Work is cut into chunks, and [Run] shares them among the calling goroutine and as many workers as GOMAXPROCS allows and the machine has
// processors for:
//
//	type relu struct{ x []float32 }
//
//	func (t *relu) Chunk(w *parallel.Worker, i int) { ... x[i*4096:] ... }
//
//	parallel.Run(chunks, len(x)/4, &relu{x}) // some len(x)/4 nanoseconds of work
//
// Which worker runs which chunk is left to chance; results must not be. Two rules keep them bit-identical for any number
// of threads: where it matters to sums how work is cut, the shape alone decides that, never the number of workers, and what
// chunks sum up they leave in a place of their own, to be added in chunk order afterwards.
//
// # Beside other work
//
// Whoever comes takes the next chunk, so a call needs nobody but its caller, and waits for none but those who are at a chunk of it. A
// worker that has been asked to help and gets no processor costs nothing; one that loses it in the middle of a chunk costs what it takes to
// let it have the caller's. Small jobs stay with their caller. Calls of several goroutines run at the same time, and share the
// workers: each asks for as many as there are threads that no other call occupies. A chunk may call Run, too, though what kernels call from
// chunks works in the calling goroutine whatever the size, and its name or documentation says so (vec.LocalAdd, gemm.Local, norm.AddStats).
//
// A worker that runs out of work looks for more for half a millisecond before it sleeps: between the jobs of a training step, that is
// faster than to be woken. [SetSpin], or ONESHOT_SPIN in the environment (a duration, or 0), changes that; while others want the
// processors it is none at all, which the worker tells from the clock.
//
// # Memory
//
// A worker owns a scratch buffer that stays warm in its core's cache from call to call. Run allocates nothing when the task is a pointer
// that outlives the call; a [FreeList] is where tasks wait for the next one.
package parallel
