//go:build !purego

package gemm

import (
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	_ "github.com/oneshot-nas/oneshot/kernels/internal/asm" // which assembly includes
)

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
	case cpu.AVX2:
		return kernels{
			cols:       16,
			step:       256,
			micros:     []micro{{6, micro6x16AVX2}, {4, micro4x16AVX2}},
			panels:     wholePanelsAVX2,
			transposed: wholeBlocksAVX2,
		}
	}
	return generic
}

// wholePanelsAVX2 leaves the last panel, if it is not whole, and widths other than 16, 6 and 4 to the portable code.
func wholePanelsAVX2(dst, src []float32, ld, k, cols, width int, alpha float32) {
	if whole := cols / width; whole > 0 && k > 0 && (width == 16 || width == 6 || width == 4) {
		if width == 16 {
			panelsAVX2(dst, src, ld, k, whole, alpha)
		} else {
			narrowAVX2(dst, src, ld, k, whole, width, alpha)
		}
		dst, src, cols = dst[whole*width*k:], src[min(whole*width, len(src)):], cols-whole*width
	}
	panelsGeneric(dst, src, ld, k, cols, width, alpha)
}

// wholeBlocksAVX2 leaves what does not fill blocks of 8×8 to the portable code.
func wholeBlocksAVX2(dst, src []float32, ld, k, cols int, alpha float32) {
	blocks := k / 8
	for col := 0; col < cols; col += 8 {
		to, from, n := dst[col/16*16*k+col%16:], src[col*ld:], 0
		if col+8 <= cols && blocks > 0 {
			transpose8AVX2(to, from, ld, blocks, alpha)
			n = blocks * 8
		}
		if n < k {
			transposedGeneric(to[n*16:], from[n:], ld, k-n, min(8, cols-col), alpha)
		}
	}
}

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

//go:noescape
func micro6x16AVX2(p *args)

//go:noescape
func micro4x16AVX2(p *args)

//go:noescape
func panelsAVX2(dst, src []float32, ld, k, panels int, alpha float32)

//go:noescape
func narrowAVX2(dst, src []float32, ld, k, panels, width int, alpha float32)

//go:noescape
func transpose8AVX2(dst, src []float32, ld, blocks int, alpha float32)
