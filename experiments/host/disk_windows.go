package host

import "golang.org/x/sys/windows"

// Disk is how many bytes can still be written to files in a folder, which must exist; false if nobody knows.
func Disk(dir string) (bytes int64, known bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, false
	}
	return int64(free), true
}
