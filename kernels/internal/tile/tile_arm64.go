//go:build !purego

package tile

import "github.com/oneshot-nas/oneshot/kernels/cpu"

//go:noescape
func tile4x16NEON(a *Args)

func kernelsFor(isa cpu.ISA) []Kernel {
	if isa == cpu.NEON {
		return []Kernel{{Block: 16, Pix: 4, Run: tile4x16NEON}}
	}
	return generic
}
