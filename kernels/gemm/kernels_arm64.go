//go:build !purego

package gemm

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

func kernelsFor(isa cpu.ISA) kernels {
	if isa == cpu.NEON {
		return kernels{
			cols:       16,
			step:       256,
			micros:     []micro{{6, micro6x16NEON}, {4, micro4x16NEON}},
			panels:     panelsGeneric,
			transposed: transposedGeneric,
		}
	}
	return generic
}

//go:noescape
func micro6x16NEON(p *args)

//go:noescape
func micro4x16NEON(p *args)
