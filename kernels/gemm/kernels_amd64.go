//go:build !purego

package gemm

import "github.com/oneshot-nas/oneshot/kernels/cpu"

//go:noescape
func micro12x32AVX512(p *args)

//go:noescape
func micro8x32AVX512(p *args)

//go:noescape
func micro4x32AVX512(p *args)

//go:noescape
func panelsAVX512(dst, src []float32, ld, k, cols, width int, alpha float32)

//go:noescape
func transposedAVX512(dst, src []float32, ld, k, cols int, alpha float32)

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{
			cols:       32,
			step:       256,
			micros:     []micro{{12, micro12x32AVX512}, {8, micro8x32AVX512}, {4, micro4x32AVX512}},
			panels:     panelsAVX512,
			transposed: transposedAVX512,
		}
	}
	return generic
}
