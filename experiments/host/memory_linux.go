package host

import (
	"bufio"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// Memory is how many bytes of memory the process can have at most: those of the machine, or of its control group and of the groups around
// that, if they are fewer. 0: nobody knows.
func Memory() int64 { return memory(os.DirFS("/")) }

func memory(root fs.FS) int64 {
	least := int64(0)
	count := func(bytes int64) {
		if bytes > 0 && (least == 0 || bytes < least) {
			least = bytes
		}
	}
	count(total(root))
	for _, file := range limits(root) {
		b, err := fs.ReadFile(root, file)
		if err != nil {
			continue
		}
		if v, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil { // else it says "max"
			count(v)
		}
	}
	return least
}

// total is the memory of the machine.
func total(root fs.FS) int64 {
	b, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "MemTotal:" && fields[2] == "kB" {
			kilobytes, _ := strconv.ParseInt(fields[1], 10, 64) // 0 if it is no number
			return kilobytes << 10
		}
	}
	return 0
}

// limits are the files that may limit the memory of the process's control group, version 2 or 1, and of the groups around it. Within a
// container the group may look like the outermost one.
func limits(root fs.FS) (files []string) {
	f, err := root.Open("proc/self/cgroup")
	if err != nil {
		return nil
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.SplitN(lines.Text(), ":", 3)
		if len(fields) < 3 {
			continue
		}
		top, file := "sys/fs/cgroup", "memory.max"
		if fields[1] != "" {
			if !strings.Contains(","+fields[1]+",", ",memory,") {
				continue
			}
			top, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
			files = append(files, path.Join(top, group, file))
			if group == "/" {
				break
			}
		}
	}
	return files
}
