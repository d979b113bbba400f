//go:build (!amd64 && !arm64) || purego

package tile

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func kernelsFor(cpu.ISA) []Kernel { return generic }
