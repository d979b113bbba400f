//go:build (!amd64 && !arm64) || purego

package strided

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func kernelsFor(cpu.ISA) kernels { return generic }
