//go:build linux || darwin || freebsd || netbsd || openbsd

package guard

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

const fenced = true

// pages returns whole pages for at least n bytes, with an inaccessible page before and after them.
func pages(t testing.TB, n int) []byte {
	t.Helper()
	page := os.Getpagesize()
	size := max(n+page-1, page) / page * page
	m, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("guard: mmap of %d bytes: %v", size+2*page, err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(m); err != nil {
			t.Errorf("guard: munmap: %v", err)
		}
	})
	for _, fence := range [][]byte{m[:page], m[page+size:]} {
		if err := unix.Mprotect(fence, unix.PROT_NONE); err != nil {
			t.Fatalf("guard: mprotect: %v", err)
		}
	}
	return m[page : page+size : page+size]
}
