//go:build !purego

package conv

import "github.com/oneshot-nas/oneshot/kernels/cpu"

func kernelsFor(isa cpu.ISA) kernels {
	switch isa {
	case cpu.AVX512:
		return kernels{
			tiles: []tileKernel{
				{block: 32, pix: 8, run: tile8x32AVX512},
				{block: 16, pix: 16, run: tile16x16AVX512, row3: row3tile16x16AVX512},
			},
			outers: []outerKernel{{block: 32, rows: 8, run: outer8x32AVX512, tall: outer12x32AVX512},
				{block: 16, rows: 16, run: outer16x16AVX512}},
			outer3x9: &outerKernel{block: 16, rows: 9, run: outer3x9x16AVX512},
			winograd: &winogradKernels{
				input: winogradInputAVX512, output: winogradOutputAVX512, weight: winogradWeightAVX512,
				gradient: winogradGradientAVX512, weightGradient: winogradWeightGradientAVX512,
			},
		}
	case cpu.AVX2:
		return kernels{
			tiles:  []tileKernel{{block: 16, pix: 4, tall: 6, run: rows4x16AVX2}},
			outers: []outerKernel{{block: 16, rows: 4, run: outer4x16AVX2, tall: outer6x16AVX2}},
			winograd: &winogradKernels{
				input: winogradInputAVX2, output: winogradOutputAVX2, weight: winogradWeightAVX2,
				gradient: winogradGradientAVX2, weightGradient: winogradWeightGradientAVX2,
			},
		}
	}
	return generic
}

// rows4x16AVX2 makes two tiles of 6 pixels of every three of 4: they take less time, and any multiple of 4 pixels is a sum of both.
func rows4x16AVX2(a *tileArgs) {
	all, threes := *a, a.tiles/3
	if threes > 0 {
		a.tiles = 2 * threes
		tile6x16AVX2(a)
	}
	if a.tiles = all.tiles - 3*threes; a.tiles > 0 {
		pixels := 12 * threes
		a.dst, a.src = all.dst[pixels*a.dstPix:], all.src[pixels*a.srcPix:]
		if a.ahead != nil {
			a.ahead = a.ahead[min(len(a.ahead), pixels*a.srcPix):]
		}
		tile4x16AVX2(a)
	}
	*a = all
}

//go:noescape
func tile8x32AVX512(a *tileArgs)

//go:noescape
func tile16x16AVX512(a *tileArgs)

//go:noescape
func row3tile16x16AVX512(a *tileArgs)

//go:noescape
func outer16x16AVX512(a *outerArgs)

//go:noescape
func outer3x9x16AVX512(a *outerArgs)

//go:noescape
func outer12x32AVX512(a *outerArgs)

//go:noescape
func outer8x32AVX512(a *outerArgs)

//go:noescape
func winogradInputAVX512(a *winogradArgs)

//go:noescape
func winogradOutputAVX512(a *winogradArgs)

//go:noescape
func winogradWeightAVX512(u []float32, uPoint int, w []float32, wTap, n int)

//go:noescape
func winogradGradientAVX512(a *winogradArgs)

//go:noescape
func winogradWeightGradientAVX512(dw []float32, wTap int, u []float32, uPoint, n int)

//go:noescape
func tile4x16AVX2(a *tileArgs)

//go:noescape
func tile6x16AVX2(a *tileArgs)

//go:noescape
func outer6x16AVX2(a *outerArgs)

//go:noescape
func outer4x16AVX2(a *outerArgs)

//go:noescape
func winogradInputAVX2(a *winogradArgs)

//go:noescape
func winogradOutputAVX2(a *winogradArgs)

//go:noescape
func winogradWeightAVX2(u []float32, uPoint int, w []float32, wTap, n int)

//go:noescape
func winogradGradientAVX2(a *winogradArgs)

//go:noescape
func winogradWeightGradientAVX2(dw []float32, wTap int, u []float32, uPoint, n int)
