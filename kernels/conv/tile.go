package conv

import (
	"fmt"
	"strings"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// A tile is the inner loop of the direct convolution: a block of output pixels × channels is held in registers while taps and input
// channels go by. Each step loads the weights of one input channel as vectors and multiplies them by single values of the pixels, which the
// processor broadcasts as it reads them. A tile is always whole: ragged edges get a scratch tile of which what is valid is copied.

// tileArgs describes the work on packed operands. Offsets and distances count floats. For every image, row, tile t,
// pixel p < pix and channel c < block,
//
//	dst[img·dstImg + row·dstRow + (t·pix+p)·dstPix + c] (+)=
//	    Σ_{tap} Σ_{i<k} src[img·srcImg + row·srcRow + (t·pix+p)·srcPix + taps[tap] + i] · w[(tap·k + i)·block + c]
//
// tiles, rows, images, k and the number of taps must be positive.
type tileArgs struct {
	dst                    []float32
	dstPix, dstRow, dstImg int
	src                    []float32
	srcPix, srcRow, srcImg int
	w                      []float32
	taps                   []int
	k                      int
	tiles, rows, images    int
	add                    int // 1: add to dst, 0: overwrite it
	// What lies outside the nearest cache a kernel may fetch on its way: ahead (may be nil), which will be needed soon, pix floats a
	// step, and, if fetch is 1, the destination of the next tile.
	ahead []float32
	fetch int
}

// tileKernel computes pix pixels × block channels at a time.
type tileKernel struct {
	block, pix int
	run        func(*tileArgs)
	tall       int             // the pixels of a larger tile that run takes where it can, if not 0
	row3       func(*tileArgs) // may be nil: the same where every run is three taps on adjacent pixels, k = 3·srcPix
}

// tileFor is the tile that serves outs output channels: the widest whose block they fill.
func (k *kernels) tileFor(outs int) tileKernel {
	for _, t := range k.tiles {
		if outs%t.block == 0 {
			return t
		}
	}
	return k.tiles[len(k.tiles)-1]
}

func init() {
	var sizes []string
	for _, t := range active.tiles {
		if t.tall > 0 {
			sizes = append(sizes, fmt.Sprintf("%d×%d", t.tall, t.block))
		}
		sizes = append(sizes, fmt.Sprintf("%d×%d", t.pix, t.block))
	}
	cpu.Tiles("conv", strings.Join(sizes, " "))
}
