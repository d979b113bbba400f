package tile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// shape is a problem without the sizes that follow from the kernel.
type shape struct {
	srcPix              int // of the source; the taps of a row are as far apart
	taps, k             int
	tiles, rows, images int
	dstGap              int // floats between the blocks of adjacent pixels of the destination
	add                 bool
}

// check runs a kernel on operands that end (or begin) at inaccessible pages, against the definition in float64.
func check(t *testing.T, k Kernel, run func(*Args), s shape, r *rand.Rand, alloc func(testing.TB, int) []float32) {
	t.Helper()
	fill := func(x []float32) []float32 {
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	a := Args{
		DstPix: k.Block + s.dstGap, SrcPix: s.srcPix, K: s.k,
		Tiles: s.tiles, Rows: s.rows, Images: s.images,
	}
	if s.add {
		a.Add = 1
	}
	pixels := s.tiles * k.Pix
	a.DstRow, a.SrcRow = pixels*a.DstPix+3, (pixels+2)*a.SrcPix+5
	a.DstImg, a.SrcImg = s.rows*a.DstRow+1, (s.rows+s.taps)*a.SrcRow+2
	for i := range s.taps {
		a.Taps = append(a.Taps, i*a.SrcRow+i%2) // one below the other
	}
	if s.k == 3*s.srcPix {
		for i := range a.Taps {
			a.Taps[i] = i * a.SrcRow
		}
	}
	last := func(img, row, pix int) int { return (s.images-1)*img + (s.rows-1)*row + (pixels-1)*pix }
	a.Dst = fill(alloc(t, last(a.DstImg, a.DstRow, a.DstPix)+k.Block))
	a.Src = fill(alloc(t, last(a.SrcImg, a.SrcRow, a.SrcPix)+a.Taps[s.taps-1]+s.k))
	a.W = fill(alloc(t, s.taps*s.k*k.Block))

	want := make(map[int]float64)
	for img := range s.images {
		for row := range s.rows {
			for p := range pixels {
				for c := range k.Block {
					at := img*a.DstImg + row*a.DstRow + p*a.DstPix + c
					var sum float64
					if s.add {
						sum = float64(a.Dst[at])
					}
					for tap, off := range a.Taps {
						for i := range s.k {
							sum += float64(a.Src[img*a.SrcImg+row*a.SrcRow+p*a.SrcPix+off+i]) * float64(a.W[(tap*s.k+i)*k.Block+c])
						}
					}
					want[at] = sum
				}
			}
		}
	}
	before := append([]float32(nil), a.Dst...)
	run(&a)
	bound := 1e-6 * float64(4+s.taps*s.k) // of sums whose terms are about one
	for i, v := range a.Dst {
		w, written := want[i]
		if !written {
			w = float64(before[i])
		}
		if e := math.Abs(float64(v) - w); e > bound || !written && e != 0 {
			t.Fatalf("%d×%d, %+v: element %d is %v, want %v (written: %v)", k.Pix, k.Block, s, i, v, w, written)
		}
	}
}

func eachKernel(t *testing.T, f func(t *testing.T, k Kernel)) {
	for _, isa := range cpu.Available() {
		for _, k := range Kernels(isa) {
			t.Run(fmt.Sprintf("%v/%d×%d", isa, k.Pix, k.Block), func(t *testing.T) { f(t, k) })
		}
	}
}

func TestRun(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		r := rand.New(rand.NewPCG(1, 2))
		for i, s := range []shape{
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
			check(t, k, k.Run, s, r, guard.Sides[i%2])
		}
	})
}

// TestRow3: the routine for runs of three adjacent pixels follows the same definition.
func TestRow3(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		if k.Row3 == nil {
			t.Skip("this kernel has none")
		}
		r := rand.New(rand.NewPCG(3, 4))
		for i, pix := range []int{1, 3, 4, 5, 16, 19, 32} {
			check(t, k, k.Row3, shape{srcPix: pix, taps: 1 + i%3, k: 3 * pix, tiles: 1 + i%2, rows: 2, images: 1 + i%2, dstGap: i % 3, add: i%2 == 1}, r, guard.Sides[i%2])
		}
	})
}

// TestNaN: a NaN reaches the pixel that reads it, on all channels, and no other.
func TestNaN(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		const c = 6
		a := Args{Dst: make([]float32, k.Pix*k.Block), DstPix: k.Block, Src: make([]float32, k.Pix*c), SrcPix: c,
			W: make([]float32, c*k.Block), Taps: []int{0}, K: c, Tiles: 1, Rows: 1, Images: 1}
		a.Src[(k.Pix-1)*c+4] = float32(math.NaN())
		k.Run(&a)
		for i, v := range a.Dst {
			if (v != v) != (i/k.Block == k.Pix-1) {
				t.Fatalf("pixel %d, channel %d: %v", i/k.Block, i%k.Block, v)
			}
		}
	})
}

func FuzzRun(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		eachKernel(t, func(t *testing.T, k Kernel) {
			r := rand.New(rand.NewPCG(seed, 1))
			s := shape{srcPix: 1 + r.IntN(40), taps: 1 + r.IntN(5), tiles: 1 + r.IntN(3), rows: 1 + r.IntN(3), images: 1 + r.IntN(3), dstGap: r.IntN(20), add: r.IntN(2) == 0}
			s.k = 1 + r.IntN(60)
			check(t, k, k.Run, s, r, guard.Sides[seed%2])
			if s.k = 3 * s.srcPix; k.Row3 != nil {
				check(t, k, k.Row3, s, r, guard.Sides[seed%2])
			}
		})
	})
}

func TestPick(t *testing.T) {
	kernels := []Kernel{{Block: 32}, {Block: 16}}
	for outs, want := range map[int]int{1: 16, 16: 16, 31: 16, 32: 32, 48: 16, 64: 32} {
		if got := Pick(kernels, outs).Block; got != want {
			t.Errorf("%d channels get blocks of %d, want %d", outs, got, want)
		}
	}
}
