package memory

import (
	"testing"
	"unsafe"
)

func TestAligned(t *testing.T) {
	for n := 1; n < 200; n += 13 {
		if p := uintptr(unsafe.Pointer(&Aligned(n)[0])); p%64 != 0 {
			t.Fatalf("Aligned(%d) starts at %x", n, p)
		}
	}
}
