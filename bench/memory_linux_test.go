package bench

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
)

// resident gives memory that is not in use back to the system, forgets earlier peaks, and returns how many bytes of the process are
// resident; 0 if the system does not say.
func resident() int64 {
	debug.FreeOSMemory()
	if os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) != nil {
		return 0
	}
	return status("VmRSS:")
}

// peakResident returns the most bytes that have been resident since resident was called.
func peakResident() int64 { return status("VmHWM:") }

// status reads a line of /proc/self/status, which is in KiB.
func status(name string) int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(data, []byte(name))
	line, _, _ := bytes.Cut(rest, []byte(" kB"))
	n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
