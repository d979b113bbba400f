//go:build !purego

package tile

import "github.com/oneshot-nas/oneshot/kernels/cpu"

//go:noescape
func tile16x16AVX512(a *Args)

//go:noescape
func row3tile16x16AVX512(a *Args)

//go:noescape
func tile8x32AVX512(a *Args)

//go:noescape
func tile4x16AVX2(a *Args)

func kernelsFor(isa cpu.ISA) []Kernel {
	switch isa {
	case cpu.AVX512:
		return []Kernel{{Block: 32, Pix: 8, Run: tile8x32AVX512}, {Block: 16, Pix: 16, Run: tile16x16AVX512, Row3: row3tile16x16AVX512}}
	case cpu.AVX2:
		return []Kernel{{Block: 16, Pix: 4, Run: tile4x16AVX2}}
	}
	return generic
}
