//go:build !purego

package conv

import "github.com/oneshot-nas/oneshot/kernels/cpu"

//go:noescape
func tile16x16AVX512(a *tileArgs)

//go:noescape
func row3tile16x16AVX512(a *tileArgs)

//go:noescape
func tile8x32AVX512(a *tileArgs)

//go:noescape
func outer16x16AVX512(a *outerArgs)

//go:noescape
func outer8x32AVX512(a *outerArgs)

//go:noescape
func reluAVX512(dst, x []float32)

//go:noescape
func gradientAVX512(dst, s, x []float32, relu, add bool)

//go:noescape
func winogradInputAVX512(a *winogradArgs)

//go:noescape
func winogradOutputAVX512(a *winogradArgs)

//go:noescape
func winogradWeightAVX512(u []float32, uPoint int, w []float32, wTap, n int)

//go:noescape
func tile4x16AVX2(a *tileArgs)

//go:noescape
func outer4x16AVX2(a *outerArgs)

//go:noescape
func reluAVX2(dst, x []float32)

//go:noescape
func gradientAVX2(dst, s, x []float32, relu, add bool)

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{
			tiles:    []tileKernel{{block: 32, pix: 8, run: tile8x32AVX512}, {block: 16, pix: 16, run: tile16x16AVX512, row3: row3tile16x16AVX512}},
			outers:   []outerKernel{{block: 32, rows: 8, run: outer8x32AVX512}, {block: 16, rows: 16, run: outer16x16AVX512}},
			relu:     reluAVX512,
			gradient: gradientAVX512,
			winograd: &winogradKernels{winogradInputAVX512, winogradOutputAVX512, winogradWeightAVX512},
		}
	case cpu.AVX2:
		return kernels{
			tiles:    []tileKernel{{block: 16, pix: 4, run: tile4x16AVX2}},
			outers:   []outerKernel{{block: 16, rows: 4, run: outer4x16AVX2}},
			relu:     reluAVX2,
			gradient: gradientAVX2,
		}
	}
	return generic
}
