package lab

import (
	"runtime"
	"runtime/debug"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// Origin is the program that computed something, and where.
type Origin struct {
	Module   string `json:"module"`   // version
	Revision string `json:"revision"` // of the source, with + where it was changed; "" if not known
	Go       string `json:"go"`
	Machine  string `json:"machine"` // processor, system and ISA
}

// ThisProgram is the origin of what this program computes on this machine.
func ThisProgram() Origin {
	o := Origin{Go: runtime.Version(), Machine: cpu.Info()}
	if info, ok := debug.ReadBuildInfo(); ok {
		o.Module = info.Main.Version
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				o.Revision = s.Value + o.Revision
			case s.Key == "vcs.modified" && s.Value == "true":
				o.Revision += "+"
			}
		}
	}
	return o
}
