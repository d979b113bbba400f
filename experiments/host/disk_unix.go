//go:build linux || darwin || freebsd

package host

import "golang.org/x/sys/unix"

// Disk is how many bytes can still be written to files in a folder, which must exist; false if nobody knows.
func Disk(dir string) (bytes int64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
