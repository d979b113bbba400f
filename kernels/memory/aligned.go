// Package memory allocates what kernels work on: from a cache line on, and with huge pages where the system has them, for with small ones
// the processor waits for address translations.
package memory

import "unsafe"

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
