//go:build !linux && !darwin && !windows

package host

// Memory is how many bytes of memory the machine has. 0: nobody knows.
func Memory() int64 { return 0 }
