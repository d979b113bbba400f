package strided

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// eachISA runs f with every instruction set of this machine as the active one.
func eachISA(t *testing.T, f func(t *testing.T)) {
	for _, isa := range cpu.Available() {
		t.Run(isa.String(), func(t *testing.T) {
			defer func(k kernels) { active = k }(active)
			active = kernelsFor(isa)
			f(t)
		})
	}
}

// layout lays axes of the given lengths out in memory in some order, with gaps between them, some backwards, and returns how many floats
// that takes. Axes of which repeated has the bit lie in one place.
func layout(r *rand.Rand, shape []int, order []int, repeated int, flips bool) (a Array, size int) {
	size = 1
	for _, axis := range order {
		if repeated>>axis&1 == 1 {
			continue
		}
		step := size
		if r.IntN(3) == 0 {
			step += r.IntN(3)
		}
		a.Stride[axis] = step
		size = (shape[axis]-1)*step + size
		if flips && r.IntN(4) == 0 {
			a.At += (shape[axis] - 1) * step
			a.Stride[axis] = -step
		}
	}
	return a, size
}

// shapes have lengths around that of a tile, and of several chunks.
var shapes = [][]int{
	{}, {1}, {5}, {3, 4}, {1, 7, 1}, {16, 16}, {17, 33}, {64, 3}, {3, 64}, {15, 16, 2}, {2, 3, 4, 5}, {2, 16, 5, 17}, {33, 2, 40},
	{2, 1, 2, 3, 1, 2, 2, 3},
	{70, 500}, {3, 130, 130}, {40000}, {9000, 5}, {5, 9000}, {300, 2, 64},
}

func eachIndex(shape []int, f func(index []int)) {
	index := make([]int, len(shape))
	n := 1
	for _, m := range shape {
		n *= m
	}
	for range n {
		f(index)
		for k := len(shape) - 1; k >= 0; k-- {
			if index[k]++; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
	}
}

func (a *Array) offset(index []int) int {
	at := a.At
	for k, i := range index {
		at += i * a.Stride[k]
	}
	return at
}

// Copies are exact and sums nearly so, whatever the strides of both sides, and what lies between the elements stays as it is.
func TestMoves(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, shape := range shapes {
			for trial := range 12 {
				order := r.Perm(len(shape))
				if trial < 3 { // as they are, the last one contiguous
					for i := range order {
						order[i] = len(shape) - 1 - i
					}
				}
				summed, repeated := 0, 0
				if trial > 5 {
					summed, repeated = r.IntN(256), r.IntN(256)
				}
				add := summed != 0 || trial%2 == 1
				dst, dstSize := layout(r, shape, order, summed, trial > 3)
				order = r.Perm(len(shape))
				src, srcSize := layout(r, shape, order, repeated, trial > 3)
				dst.Data, src.Data = guard.Sides[trial%2](t, dstSize), guard.Sides[trial%2](t, srcSize)
				for _, d := range [][]float32{dst.Data, src.Data} {
					for i := range d {
						d[i] = float32(r.NormFloat64())
					}
				}
				want, abs := make([]float64, dstSize), make([]float64, dstSize)
				for i, v := range dst.Data {
					want[i], abs[i] = float64(v), math.Abs(float64(v))
				}
				terms := 1.
				eachIndex(shape, func(index []int) {
					to, v := dst.offset(index), float64(src.Data[src.offset(index)])
					if add {
						want[to], abs[to] = want[to]+v, abs[to]+math.Abs(v)
					} else {
						want[to], abs[to] = v, 0
					}
				})
				if !add {
					for i := range abs {
						abs[i] = 0
					}
				}
				for k, n := range shape {
					if summed>>k&1 == 1 {
						terms *= float64(n)
					}
				}
				name := fmt.Sprintf("shape %v, strides %v and %v, add %v", shape, dst.Stride, src.Stride, add)
				if add {
					Add(dst, src, shape...)
				} else {
					Copy(dst, src, shape...)
				}
				for i, v := range dst.Data {
					if e := math.Abs(float64(v) - want[i]); !(e <= terms*0x1p-24*abs[i]) {
						t.Fatalf("%s: element %d is %v, want %v", name, i, v, want[i])
					}
				}
			}
		}
	})
}

// Fill reaches every element and nothing else.
// TestLocalTile moves bits that are no numbers, between squares that end (or begin) at an inaccessible page.
func TestLocalTile(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for i, steps := range [][2]int{{Tile, Tile}, {Tile + 3, Tile}, {Tile, 40}, {129, 17}} {
			alloc := guard.Sides[i%2]
			dst, src := alloc(t, (Tile-1)*steps[0]+Tile), alloc(t, (Tile-1)*steps[1]+Tile)
			for j := range src {
				src[j] = math.Float32frombits(0x7f800001 + uint32(j)) // signalling NaN
			}
			LocalTile(dst, steps[0], src, steps[1])
			for j, v := range dst {
				want := uint32(0)
				if j%steps[0] < Tile {
					want = 0x7f800001 + uint32(j%steps[0]*steps[1]+j/steps[0])
				}
				if got := math.Float32bits(v); got != want {
					t.Fatalf("steps of %v: element %d is %#x, want %#x", steps, j, got, want)
				}
			}
		}
	})
}

func TestFill(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, shape := range shapes {
		dst, size := layout(r, shape, r.Perm(len(shape)), 0, true)
		dst.Data = guard.Float32(t, size)
		want := make([]float32, size)
		eachIndex(shape, func(index []int) { want[dst.offset(index)] = 2.5 })
		Fill(dst, 2.5, shape...)
		if !slices.Equal(dst.Data, want) {
			t.Errorf("shape %v, strides %v: not what was asked for", shape, dst.Stride)
		}
	}
}

// Sums are the same bits for any number of threads and on every instruction set.
func TestSumsAreReproducible(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []float32
	eachISA(t, func(t *testing.T) {
		for _, procs := range []int{1, 2, 4} {
			runtime.GOMAXPROCS(procs)
			r := rand.New(rand.NewPCG(3, 4))
			var got []float32
			for _, shape := range shapes {
				dst, dstSize := layout(r, shape, r.Perm(len(shape)), r.IntN(256), false)
				src, srcSize := layout(r, shape, r.Perm(len(shape)), 0, false)
				dst.Data, src.Data = make([]float32, dstSize), make([]float32, srcSize)
				for i := range src.Data {
					src.Data[i] = float32(r.NormFloat64())
				}
				Add(dst, src, shape...)
				got = append(got, dst.Data...)
			}
			if want == nil {
				want = got
			} else if !slices.Equal(want, got) {
				t.Errorf("GOMAXPROCS %d: other sums", procs)
			}
		}
	})
}

func TestMisuse(t *testing.T) {
	data := make([]float32, 6)
	matrix := Array{Data: data, Stride: Strides{3, 1}}
	for want, f := range map[string]func(){
		"strided.Copy: got a destination of 6 elements, want elements 0 to 8: shape [3 3], strides [3 1]": func() {
			Copy(matrix, matrix, 3, 3)
		},
		"strided.Add: got a source of 6 elements, want elements -1 to 0: shape [2], strides [-1]": func() {
			Add(matrix, Array{Data: data, Stride: Strides{-1}}, 2)
		},
		"along axis 1 of the destination": func() { Copy(Array{Data: data, Stride: Strides{3, 0}}, matrix, 2, 3) },
		"got shape [2 -1]":                func() { Copy(matrix, matrix, 2, -1) },
		"got 9 axes":                      func() { Copy(matrix, matrix, 1, 1, 1, 1, 1, 1, 1, 1, 1) },
	} {
		func() {
			defer func() {
				if err, ok := recover().(fault.ShapeError); !ok || !strings.Contains(err.Error(), want) {
					t.Errorf("panicked with %v, want %q", err, want)
				}
			}()
			f()
		}()
	}
	Copy(matrix, Array{}, 0, 7) // nothing
}

func TestAllocatesNothing(t *testing.T) {
	a, b := Array{Data: make([]float32, 1<<16), Stride: Strides{256, 1}}, Array{Data: make([]float32, 1<<16), Stride: Strides{1, 256}}
	step := func() {
		Copy(a, b, 256, 256)
		Add(b, a, 256, 256)
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
