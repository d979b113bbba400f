// Package bench measures whole networks: training steps of one architecture of each space, against the machine's own limits, and
// what it costs to share weights.
//
//	go test -run '^$' -bench Train/ -cpu 1,2 ./bench
//	go test -run '^$' -bench Supernet/ ./bench
//	BESIDE=1 go test -run '^$' -bench 'Jobs|Serve|Step' -cpu 1,2,8 ./bench
//
// Train reports img/s (tokens/s), GFLOP/s (two per multiply-add; forward, and twice that for backward) and what share of the
// multiply-add peak of the threads in use that is (%peak, measured in the same process). Supernet reports by how much a step of a
// supernet with random architectures takes longer than a step of the same architectures as networks of their own (overhead%).
//
// Jobs, Serve and Step are about the pool of workers: jobs from 1 µs to 10 ms against the same chunks in a loop, requests answered by 1 to
// 32 goroutines, and training steps, each beside as many busy processes as the variable BESIDE says.
//
// Kernels have benchmarks of their own in their packages; RESULTS.md has results beside those of other engines. The test that keeps
// imports going one way lives here too, in the one folder that may import all.
package bench
