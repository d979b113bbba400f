//go:build !purego

package bf16

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{round: roundNEON, encode: encodeNEON, pairs: pairsNEON}
	}
	return generic
}

func unitFor(u cpu.BF16Unit) unit {
	if u == cpu.NEONBF16 {
		return unit{call: vectorsNEONBF16, dot: dotBFMMLA, rows: 64, speed: 2}
	}
	return portable
}

// vectorsNEONBF16 multiplies by eight columns at a time.
func vectorsNEONBF16(args *tileArgs) {
	for j := 0; j < args.cols; j += 8 {
		columnsNEONBF16(args, j/TileCols*args.panelB+j%TileCols*4, j, min(8, args.cols-j))
	}
}

//go:noescape
func roundNEON(dst, x []float32, scale float32)

//go:noescape
func encodeNEON(dst []uint16, x []float32, scale float32)

//go:noescape
func pairsNEON(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32)

//go:noescape
func columnsNEONBF16(args *tileArgs, panel, first, n int)
