package host

import "golang.org/x/sys/unix"

// Memory is how many bytes of memory the machine has. 0: nobody knows.
func Memory() int64 {
	bytes, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(bytes)
}
