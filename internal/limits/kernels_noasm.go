//go:build (!amd64 && !arm64) || purego

package limits

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func fmaLoop(cpu.ISA) (loop func(turns int), perTurn int) { return fmaGeneric, accumulators }

func triadLoop() func(a, b, c []float32, s float32) { return triadGeneric }
