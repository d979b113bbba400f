//go:build !amd64 || purego

package pool

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func kernelsFor(cpu.ISA) tapsKernel { return portable }
