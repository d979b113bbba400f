//go:build !purego

package bf16

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{round: roundAVX512, encode: encodeAVX512, pairs: pairsAVX512}
	case cpu.AVX2:
		return kernels{round: roundAVX2, encode: encodeAVX2, pairs: pairsAVX2}
	}
	return generic
}

func unitFor(u cpu.BF16Unit) unit {
	switch u {
	case cpu.AMX:
		return unit{call: tileAMX, dot: dotTDPBF16PS, rows: 256, tiles: true, speed: 8}
	case cpu.AVX512BF16:
		return unit{call: vectorsAVX512BF16, dot: dotVDPBF16PS, rows: 96, speed: 2}
	}
	return portable
}

func vectorsAVX512BF16(args *tileArgs) {
	if args.cols > TileCols {
		twoPanelsAVX512BF16(args)
	} else {
		onePanelAVX512BF16(args)
	}
}

//go:noescape
func roundAVX512(dst, x []float32, scale float32)

//go:noescape
func encodeAVX512(dst []uint16, x []float32, scale float32)

//go:noescape
func pairsAVX512(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32)

//go:noescape
func roundAVX2(dst, x []float32, scale float32)

//go:noescape
func encodeAVX2(dst []uint16, x []float32, scale float32)

//go:noescape
func pairsAVX2(dst []uint16, next int, x []float32, row, pairs, panels int, scale float32)

//go:noescape
func tileAMX(args *tileArgs)

//go:noescape
func twoPanelsAVX512BF16(args *tileArgs)

//go:noescape
func onePanelAVX512BF16(args *tileArgs)
