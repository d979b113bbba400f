//go:build !purego

package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{
			tiles:  []tileKernel{{block: 16, pix: 4, run: tile4x16NEON}},
			outers: []outerKernel{{block: 16, rows: 4, run: outer4x16NEON}},
		}
	}
	return generic
}

//go:noescape
func tile4x16NEON(a *tileArgs)

//go:noescape
func outer4x16NEON(a *outerArgs)
