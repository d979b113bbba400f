//go:build (!amd64 && !arm64) || purego

package bf16

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func kernelsFor(cpu.ISA) kernels { return generic }

func unitFor(cpu.BF16Unit) unit { return portable }
