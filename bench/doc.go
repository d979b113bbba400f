// Package bench measures whole networks: images per second of a training step, against the machine's own limits.
//
//	go test -run '^$' -bench Train/ -cpu 1,2 ./bench
//
// Every benchmark reports img/s, GFLOP/s (two per multiply-add; forward, and twice that for backward) and what share of the
// multiply-add peak of the threads in use that is (%peak, measured in the same process). Kernels have benchmarks of their
// own in their packages; RESULTS.md has their results beside those of other engines. The test that keeps imports going one way lives here too, in the one folder that may import all.
package bench
