//go:build !linux && !darwin && !freebsd && !windows

package host

// Disk is how many bytes can still be written to files in a folder; false if nobody knows.
func Disk(dir string) (bytes int64, known bool) { return 0, false }
