package host

import (
	"testing"
	"testing/fstest"
)

func TestMemory(t *testing.T) {
	meminfo := &fstest.MapFile{Data: []byte("MemTotal:       16000000 kB\nMemFree:         1000000 kB\n")}
	group := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	for name, tc := range map[string]struct {
		root fstest.MapFS
		want int64
	}{
		"nothing is known":         {fstest.MapFS{}, 0},
		"no groups":                {fstest.MapFS{"proc/meminfo": meminfo}, 16000000 << 10},
		"a group without a limit":  {fstest.MapFS{"proc/meminfo": meminfo, "proc/self/cgroup": group("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": group("max\n")}, 16000000 << 10},
		"the group's limit":        {fstest.MapFS{"proc/meminfo": meminfo, "proc/self/cgroup": group("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": group("1073741824\n")}, 1 << 30},
		"a limit further out":      {fstest.MapFS{"proc/meminfo": meminfo, "proc/self/cgroup": group("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": group("1073741824\n"), "sys/fs/cgroup/a/memory.max": group("536870912\n")}, 1 << 29},
		"a limit above the memory": {fstest.MapFS{"proc/meminfo": meminfo, "proc/self/cgroup": group("0::/\n"), "sys/fs/cgroup/memory.max": group("9000000000000\n")}, 16000000 << 10},
		"version 1": {fstest.MapFS{"proc/meminfo": meminfo, "proc/self/cgroup": group("9:cpu,cpuacct:/x\n4:memory:/job\n"),
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes": group("2147483648\n"), "sys/fs/cgroup/memory/memory.limit_in_bytes": group("9223372036854771712\n")}, 1 << 31},
	} {
		if got := memory(tc.root); got != tc.want {
			t.Errorf("%s: %d bytes, want %d", name, got, tc.want)
		}
	}
	if got := Memory(); got < 1<<26 {
		t.Errorf("this machine has %d bytes", got)
	}
}
