package analysis

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// build is what the running program was built from.
func build() (version, revision string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown", ""
	}
	modified := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = " and changes"
		}
	}
	if revision != "" {
		revision += modified
	}
	return info.Main.Version, revision
}

// Version says in a line which program this is, built by what, and which instruction set it uses.
func Version() string {
	version, revision := build()
	if revision != "" {
		version += ", revision " + revision
	}
	return fmt.Sprintf("oneshot %s, %s, %s/%s, isa %s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH, cpu.Selected())
}
