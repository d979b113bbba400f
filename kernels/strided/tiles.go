package strided

import "github.com/oneshot-nas/oneshot/kernels/parallel"

const (
	// Tile is the side of the squares that planes are transposed in: a cache line.
	Tile = 16
	// square is that of larger ones, which planes are gone through in, so that what the processor fetches ahead of a line is wanted soon.
	tile, square = Tile, 64
)

// LocalTile transposes a square, dst[j·dstStep+i] = src[i·srcStep+j] for i and j below [Tile], in the calling goroutine. Bits are moved as
// they are, also those of a NaN.
func LocalTile(dst []float32, dstStep int, src []float32, srcStep int) {
	active.tile(dst[:(tile-1)*dstStep+tile], dstStep, src[:(tile-1)*srcStep+tile], srcStep)
}

// transpose moves the elements lo to hi-1 across the inner axis of a plane. What is left beside and below the tiles is moved along the
// longer of its sides.
func (t *task) transpose(dst, src, lo, hi int) {
	dstStep, srcStep := t.across.dst, t.inner.src
	w, h := 0, 0 // what is moved in tiles
	if dstStep >= tile && srcStep >= tile {
		w, h = t.inner.n/tile*tile, (hi-lo)/tile*tile
	}
	dst, src, hi = dst+lo*dstStep, src+lo, hi-lo
	for a := 0; a < w; a += square {
		for b := 0; b < h; b += square {
			t.square(dst+b*dstStep+a, src+b+a*srcStep, min(square, w-a), min(square, h-b))
		}
	}
	t.rows(axis{t.inner.n - w, 1, srcStep}, axis{h, dstStep, 1}, dst+w, src+w*srcStep)
	if hi-h > t.inner.n {
		t.rows(axis{t.inner.n, 1, srcStep}, axis{hi - h, dstStep, 1}, dst+h*dstStep, src+h)
	} else {
		t.rows(axis{hi - h, dstStep, 1}, axis{t.inner.n, 1, srcStep}, dst+h*dstStep, src+h)
	}
}

// turned is where tiles lie that are added: function values make what they are given escape.
var turned parallel.FreeList[[tile * tile]float32]

// square moves w runs of h elements of the source, multiples of tile both.
func (t *task) square(dst, src, w, h int) {
	d, s, dstStep, srcStep := t.dst.Data, t.src.Data, t.across.dst, t.inner.src
	var buf *[tile * tile]float32
	if t.add {
		buf = turned.Get()
		defer turned.Put(buf)
	}
	for b := 0; b < h; b += tile {
		for a := 0; a < w; a += tile {
			to, from := d[dst+b*dstStep+a:][:(tile-1)*dstStep+tile], s[src+b+a*srcStep:][:(tile-1)*srcStep+tile]
			if !t.add {
				active.tile(to, dstStep, from, srcStep)
				continue
			}
			active.tile(buf[:], tile, from, srcStep)
			for j := range tile {
				row, sum := (*[tile]float32)(buf[j*tile:]), (*[tile]float32)(to[j*dstStep:])
				for i, v := range row {
					sum[i] += v
				}
			}
		}
	}
}
