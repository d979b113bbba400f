package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// tileShape is a problem without the sizes that follow from the kernel.
type tileShape struct {
	srcPix              int // of the source; the taps of a row are as far apart
	taps, k             int
	tiles, rows, images int
	dstGap              int // floats between the blocks of adjacent pixels of the destination
	add                 bool
}

// checkTile runs a kernel on operands that end (or begin) at inaccessible pages, against the definition in float64.
func checkTile(t *testing.T, k tileKernel, run func(*tileArgs), s tileShape, r *rand.Rand, alloc func(testing.TB, int) []float32) {
	t.Helper()
	fill := func(x []float32) []float32 {
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	a := tileArgs{
		dstPix: k.block + s.dstGap, srcPix: s.srcPix, k: s.k,
		tiles: s.tiles, rows: s.rows, images: s.images,
	}
	if s.add {
		a.add = 1
	}
	pixels := s.tiles * k.pix
	a.dstRow, a.srcRow = pixels*a.dstPix+3, (pixels+2)*a.srcPix+5
	a.dstImg, a.srcImg = s.rows*a.dstRow+1, (s.rows+s.taps)*a.srcRow+2
	for i := range s.taps {
		a.taps = append(a.taps, i*a.srcRow+i%2) // one below the other
	}
	if s.k == 3*s.srcPix {
		for i := range a.taps {
			a.taps[i] = i * a.srcRow
		}
	}
	last := func(img, row, pix int) int { return (s.images-1)*img + (s.rows-1)*row + (pixels-1)*pix }
	a.dst = fill(alloc(t, last(a.dstImg, a.dstRow, a.dstPix)+k.block))
	a.src = fill(alloc(t, last(a.srcImg, a.srcRow, a.srcPix)+a.taps[s.taps-1]+s.k))
	a.w = fill(alloc(t, s.taps*s.k*k.block))

	want := make(map[int]float64)
	for img := range s.images {
		for row := range s.rows {
			for p := range pixels {
				for c := range k.block {
					at := img*a.dstImg + row*a.dstRow + p*a.dstPix + c
					var sum float64
					if s.add {
						sum = float64(a.dst[at])
					}
					for tap, off := range a.taps {
						for i := range s.k {
							sum += float64(a.src[img*a.srcImg+row*a.srcRow+p*a.srcPix+off+i]) * float64(a.w[(tap*s.k+i)*k.block+c])
						}
					}
					want[at] = sum
				}
			}
		}
	}
	before := append([]float32(nil), a.dst...)
	run(&a)
	bound := 1e-6 * float64(4+s.taps*s.k) // of sums whose terms are about one
	for i, v := range a.dst {
		w, written := want[i]
		if !written {
			w = float64(before[i])
		}
		if e := math.Abs(float64(v) - w); e > bound || !written && e != 0 {
			t.Fatalf("%d×%d, %+v: element %d is %v, want %v (written: %v)", k.pix, k.block, s, i, v, w, written)
		}
	}
}

func eachTile(t *testing.T, f func(t *testing.T, k tileKernel)) {
	for _, isa := range cpu.Available() {
		for _, k := range kernelsFor(isa).tiles {
			t.Run(fmt.Sprintf("%v/%d×%d", isa, k.pix, k.block), func(t *testing.T) { f(t, k) })
		}
	}
}

func TestTile(t *testing.T) {
	eachTile(t, func(t *testing.T, k tileKernel) {
		r := rand.New(rand.NewPCG(1, 2))
		for i, s := range []tileShape{
			{srcPix: 1, taps: 1, k: 1, tiles: 1, rows: 1, images: 1},
			{srcPix: 3, taps: 1, k: 3, tiles: 2, rows: 1, images: 1, add: true},
			{srcPix: 5, taps: 2, k: 4, tiles: 1, rows: 2, images: 2, dstGap: 3},
			{srcPix: 7, taps: 3, k: 7, tiles: 3, rows: 2, images: 1, dstGap: 16, add: true},
			{srcPix: 16, taps: 3, k: 48, tiles: 2, rows: 3, images: 2},
			{srcPix: 17, taps: 5, k: 9, tiles: 1, rows: 1, images: 3, add: true},
			{srcPix: 64, taps: 1, k: 66, tiles: 2, rows: 1, images: 1},
			{srcPix: 8, taps: 3, k: 8, tiles: 4, rows: 2, images: 2, dstGap: 4},
			{srcPix: 5, taps: 2, k: 5, tiles: 8, rows: 1, images: 2, add: true},
		} {
			checkTile(t, k, k.run, s, r, guard.Sides[i%2])
		}
	})
}

// TestTileRow3: the routine for runs of three adjacent pixels follows the same definition.
func TestTileRow3(t *testing.T) {
	eachTile(t, func(t *testing.T, k tileKernel) {
		if k.row3 == nil {
			t.Skip("this kernel has none")
		}
		r := rand.New(rand.NewPCG(3, 4))
		for i, pix := range []int{1, 3, 4, 5, 16, 19, 32} {
			checkTile(t, k, k.row3, tileShape{srcPix: pix, taps: 1 + i%3, k: 3 * pix, tiles: 1 + i%2, rows: 2, images: 1 + i%2,
				dstGap: i % 3, add: i%2 == 1}, r, guard.Sides[i%2])
		}
	})
}

// TestTileNaN: a NaN reaches the pixel that reads it, on all channels, and no other.
func TestTileNaN(t *testing.T) {
	eachTile(t, func(t *testing.T, k tileKernel) {
		const c = 6
		a := tileArgs{dst: make([]float32, k.pix*k.block), dstPix: k.block, src: make([]float32, k.pix*c), srcPix: c,
			w: make([]float32, c*k.block), taps: []int{0}, k: c, tiles: 1, rows: 1, images: 1}
		a.src[(k.pix-1)*c+4] = float32(math.NaN())
		k.run(&a)
		for i, v := range a.dst {
			if (v != v) != (i/k.block == k.pix-1) {
				t.Fatalf("pixel %d, channel %d: %v", i/k.block, i%k.block, v)
			}
		}
	})
}

func FuzzTile(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		eachTile(t, func(t *testing.T, k tileKernel) {
			r := rand.New(rand.NewPCG(seed, 1))
			s := tileShape{srcPix: 1 + r.IntN(40), taps: 1 + r.IntN(5), tiles: 1 + r.IntN(3), rows: 1 + r.IntN(3),
				images: 1 + r.IntN(3), dstGap: r.IntN(20), add: r.IntN(2) == 0}
			s.k = 1 + r.IntN(60)
			checkTile(t, k, k.run, s, r, guard.Sides[seed%2])
			if s.k = 3 * s.srcPix; k.row3 != nil {
				checkTile(t, k, k.row3, s, r, guard.Sides[seed%2])
			}
		})
	})
}

func TestTileFor(t *testing.T) {
	k := kernels{tiles: []tileKernel{{block: 32}, {block: 16}}}
	for outs, want := range map[int]int{1: 16, 16: 16, 31: 16, 32: 32, 48: 16, 64: 32} {
		if got := k.tileFor(outs).block; got != want {
			t.Errorf("%d channels get blocks of %d, want %d", outs, got, want)
		}
	}
}
