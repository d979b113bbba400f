// Package parallel is the process's one pool of workers.
//
// Work is cut into chunks, and [Run] hands them to as many workers as GOMAXPROCS allows:
//
//	type relu struct{ x []float32 }
//
//	func (t *relu) Chunk(w *parallel.Worker, i int) { ... x[i*4096:] ... }
//
//	parallel.Run(chunks, &relu{x})
//
// Which worker runs which chunk is left to chance; results must not be. Two rules keep them bit-identical for any number
// of threads: where it matters to sums how work is cut, the shape alone decides that, never the number of workers, and what
// chunks sum up they leave in a place of their own, to be added in chunk order afterwards.
//
// [Aligned] allocates what kernels work on: from a cache line on, and with huge pages where the system has them, for with small ones the
// processor waits for address translations.
//
// A worker owns a scratch buffer that stays warm in its core's cache from call to call. Run allocates nothing when the
// task is a pointer that outlives the call. Calls from several goroutines are served one after the other.
//
// A chunk must not call Run itself, nor anything that does: it holds the pool that it would wait for. Run and [Mutex], which guards the
// tasks that calls share, panic if one tries. What kernels call from chunks works in the calling goroutine whatever the size, and its
// name or documentation says so (vec.LocalAdd, gemm.Local, norm.AddStats).
package parallel
