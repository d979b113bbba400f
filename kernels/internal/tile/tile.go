// Package tile is the inner loop that convolution and matrix product share: a block of output pixels (or rows) × channels
// (or columns) is held in registers while taps and input channels (or the inner dimension) go by.
//
// Each step loads the weights of one input channel as vectors and multiplies them by single values of the pixels, which
// the processor broadcasts as it reads them. A tile is always whole: callers give ragged edges a scratch tile and copy what
// is valid, so that no inner loop has a tail.
package tile

import (
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// Args describes the work on packed operands. Offsets and distances count floats. For every image, row, tile t,
// pixel p < Pix and channel c < Block,
//
//	Dst[img·DstImg + row·DstRow + (t·Pix+p)·DstPix + c] (+)=
//	    Σ_{tap} Σ_{i<K} Src[img·SrcImg + row·SrcRow + (t·Pix+p)·SrcPix + Taps[tap] + i] · W[(tap·K + i)·Block + c]
//
// Tiles, Rows, Images, K and the number of taps must be positive.
type Args struct {
	Dst                    []float32
	DstPix, DstRow, DstImg int
	Src                    []float32
	SrcPix, SrcRow, SrcImg int
	W                      []float32
	Taps                   []int
	K                      int
	Tiles, Rows, Images    int
	Add                    int // 1: add to Dst, 0: overwrite it
	// What lies outside the nearest cache a kernel may fetch on its way: Ahead (may be nil), which will be needed soon, Pix floats a
	// step, and, if Fetch is 1, the destination of the next tile.
	Ahead []float32
	Fetch int
}

// Kernel computes Pix pixels × Block channels at a time.
type Kernel struct {
	Block, Pix int
	Run        func(*Args)
	Row3       func(*Args) // may be nil: the same where every run is three taps on adjacent pixels, K = 3·SrcPix
}

// Kernels returns the tiles of an instruction set, the widest block of channels first; the last has a block of 16.
func Kernels(isa cpu.ISA) []Kernel { return kernelsFor(isa) }

func init() {
	var sizes []string
	for _, k := range Kernels(cpu.Selected()) {
		sizes = append(sizes, fmt.Sprintf("%d×%d", k.Pix, k.Block))
	}
	cpu.Tiles("conv", strings.Join(sizes, " "))
}

// Pick returns the kernel that serves outs channels: the widest whose block they fill.
func Pick(kernels []Kernel, outs int) Kernel {
	for _, k := range kernels {
		if outs%k.Block == 0 {
			return k
		}
	}
	return kernels[len(kernels)-1]
}

var generic = []Kernel{{Block: 16, Pix: 4, Run: runGeneric}}

// runGeneric adds in float64: it is the measure of the others, and for speed there are those.
func runGeneric(a *Args) {
	const block, pix = 16, 4
	for img := range a.Images {
		for row := range a.Rows {
			for t := range a.Tiles {
				d, s := img*a.DstImg+row*a.DstRow+t*pix*a.DstPix, img*a.SrcImg+row*a.SrcRow+t*pix*a.SrcPix
				for p := range pix {
					dst := a.Dst[d+p*a.DstPix:][:block]
					var acc [block]float64
					if a.Add != 0 {
						for c, v := range dst {
							acc[c] = float64(v)
						}
					}
					for tap, off := range a.Taps {
						src := a.Src[s+p*a.SrcPix+off:][:a.K]
						for i, x := range src {
							w, x := a.W[(tap*a.K+i)*block:][:block], float64(x)
							for c := range acc {
								acc[c] += x * float64(w[c])
							}
						}
					}
					for c, v := range acc {
						dst[c] = float32(v)
					}
				}
			}
		}
	}
}
