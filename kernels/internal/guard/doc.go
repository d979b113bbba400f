// Package guard gives kernel tests slices that must not be left.
//
// An assembly kernel that reads or writes one element too many usually gets away with it: the neighbouring bytes belong
// to the same heap. Here they do not. [Float32] returns a slice whose last element is followed by an inaccessible page,
// [Float32Head] one whose first element is preceded by one, so that the first stray access ends the test with a fault at
// that very instruction:
//
//	for _, alloc := range guard.Sides {
//		x := alloc(t, n)
//		kernel(x)
//	}
//
// A page is larger than most slices, which leaves room on the other side. It is filled with a NaN of its own pattern
// that is checked when the test ends, so stray writes are found there too. Where there is no mmap these canaries are all
// there is: before the slice of Float32 and after that of Float32Head.
//
// The memory lives until the test ends and costs up to three mappings a slice: a process may hold some 65,000 on Linux,
// so sweeps over many shapes should run in subtests.
package guard
