//go:build !linux

package bench

// resident and peakResident are for Linux; 0 says that they do not know.
func resident() int64     { return 0 }
func peakResident() int64 { return 0 }
