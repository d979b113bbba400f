package memory

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of the pages that hugePages asks for, on amd64 and on arm64 with pages of 4 KB.
const hugePage = 2 << 20

// hugePages asks the system to back a large buffer that nobody has touched with huge pages. With small ones the processor waits for
// address translations, and the hardware stops fetching ahead at the end of each. Whatever else lies in the pages at the ends gets the
// same.
func hugePages(buf []float32) {
	if 4*len(buf) < hugePage/2 {
		return
	}
	from := uintptr(unsafe.Pointer(unsafe.SliceData(buf)))
	to := (from + uintptr(4*len(buf)) + hugePage - 1) &^ (hugePage - 1)
	from &^= hugePage - 1
	unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_HUGEPAGE)
}
