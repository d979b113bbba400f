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

//go:noescape
func tile6x16AVX2(a *Args)

// rows4x16AVX2 makes two tiles of 6 pixels of every three of 4: they take less time, and any multiple of 4 pixels is a sum of both.
func rows4x16AVX2(a *Args) {
	all, threes := *a, a.Tiles/3
	if threes > 0 {
		a.Tiles = 2 * threes
		tile6x16AVX2(a)
	}
	if a.Tiles = all.Tiles - 3*threes; a.Tiles > 0 {
		pixels := 12 * threes
		a.Dst, a.Src = all.Dst[pixels*a.DstPix:], all.Src[pixels*a.SrcPix:]
		if a.Ahead != nil {
			a.Ahead = a.Ahead[min(len(a.Ahead), pixels*a.SrcPix):]
		}
		tile4x16AVX2(a)
	}
	*a = all
}

func kernelsFor(isa cpu.ISA) []Kernel {
	switch isa {
	case cpu.AVX512:
		return []Kernel{{Block: 32, Pix: 8, Run: tile8x32AVX512}, {Block: 16, Pix: 16, Run: tile16x16AVX512, Row3: row3tile16x16AVX512}}
	case cpu.AVX2:
		return []Kernel{{Block: 16, Pix: 4, Run: rows4x16AVX2}}
	}
	return generic
}
