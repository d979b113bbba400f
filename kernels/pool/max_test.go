package pool

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

var maxLayers = []Max{
	{3, 1, 1}, {3, 2, 1}, {2, 2, 0}, {5, 3, 0}, {1, 1, 0}, {1, 2, 0}, {2, 3, 0}, {4, 1, 2}, {5, 2, 2}, {7, 1, 0}, {16, 1, 8},
}

// guarded returns n bytes at the inaccessible page of a side of guard.Sides, and all bytes of their floats.
func guarded(t testing.TB, side, n int) (x, all []uint8) {
	f := guard.Sides[side](t, (n+3)/4)
	all = unsafe.Slice((*uint8)(unsafe.Pointer(unsafe.SliceData(f))), 4*len(f))
	if side == 0 {
		return all[len(all)-n:], all
	}
	return all[:n:n], all
}

// few draws from so few values that many are equal, of both zeros too, and a few NaN and Inf.
func few(r *rand.Rand, x []float32) []float32 {
	values := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 2, 0, 1, -2, float32(math.Inf(1)), float32(math.Inf(-1)),
		float32(math.NaN()), -float32(math.NaN())}
	for i := range x {
		x[i] = values[r.IntN(len(values)-r.IntN(2)*4)]
	}
	return x
}

// oracle computes the maxima window by window and position by position as PyTorch does.
func (m Max) oracle(s Shape, at func(pixel, c int) float32, f func(out, c int, v float32, pos int)) {
	oh, ow := m.Out(s.H, s.W)
	for o := range s.N * oh * ow {
		n, y, x := o/(oh*ow), o/ow%oh, o%ow
		for c := range s.C {
			best, pos := float32(0), -1
			for k := range m.Kernel * m.Kernel {
				h, w := y*m.Stride-m.Pad+k/m.Kernel, x*m.Stride-m.Pad+k%m.Kernel
				if h < 0 || h >= s.H || w < 0 || w >= s.W {
					continue
				}
				if v := at((n*s.H+h)*s.W+w, c); pos < 0 || v > best || v != v {
					best, pos = v, k
				}
			}
			f(o, c, best, pos)
		}
	}
}

// target returns the input pixel at a position of the window of an output pixel.
func (m Max) target(s Shape, out, pos int) int {
	oh, ow := m.Out(s.H, s.W)
	n, y, x := out/(oh*ow), out/ow%oh, out%ow
	return (n*s.H+y*m.Stride-m.Pad+pos/m.Kernel)*s.W + x*m.Stride - m.Pad + pos%m.Kernel
}

// checkMax compares both passes of a layer with the oracle. Values and positions must be exact.
func checkMax(t *testing.T, r *rand.Rand, m Max, s Shape, ld [2]int, side int) {
	t.Helper()
	name := fmt.Sprintf("%+v %+v ld %v", m, s, ld)
	oh, ow := m.Out(s.H, s.W)
	dst := fill(r, guard.Sides[side](t, size(s.N*oh*ow, ld[0], s.C)))
	src := few(r, guard.Sides[1-side](t, size(s.N*s.H*s.W, ld[1], s.C)))
	index, all := guarded(t, side, s.N*oh*ow*s.C)
	for i := range all {
		all[i] = 0xee
	}
	before := slices.Clone(dst)
	m.Forward(dst, ld[0], index, src, ld[1], s)
	m.oracle(s, func(pixel, c int) float32 { return src[pixel*ld[1]+c] }, func(out, c int, v float32, pos int) {
		if got := dst[out*ld[0]+c]; math.Float32bits(got) != math.Float32bits(v) {
			t.Fatalf("%s: output pixel %d channel %d is %v, want %v", name, out, c, got, v)
		}
		if got := index[out*s.C+c]; int(got) != pos {
			t.Fatalf("%s: output pixel %d channel %d found at %d, want %d", name, out, c, got, pos)
		}
	})
	for i, v := range dst {
		if i%ld[0] >= s.C && v != before[i] {
			t.Fatalf("%s: element %d outside the window changed from %v to %v", name, i, before[i], v)
		}
	}
	for i := range all[len(index):] {
		if j := (i + len(index)*side) % len(all); all[j] != 0xee {
			t.Fatalf("%s: byte %d outside the index changed", name, j)
		}
	}

	fill(r, dst)
	for _, accumulate := range []bool{false, true} {
		fill(r, src)
		want, before := newOracle(src, accumulate), slices.Clone(src)
		for out := range s.N * oh * ow {
			for c := range s.C {
				in := m.target(s, out, int(index[out*s.C+c]))
				want.add(in*ld[1]+c, float64(dst[out*ld[0]+c]))
			}
		}
		m.Backward(src, ld[1], index, dst, ld[0], s, accumulate)
		want.check(t, "backward "+name, src, before, ld[1], s.C, m.Kernel*m.Kernel)
	}
}

func TestMax(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for _, m := range maxLayers {
			for _, s := range shapes {
				if min(s.H, s.W)+2*m.Pad < m.Kernel || m.Kernel > 7 && s.H*s.C > 300 {
					continue
				}
				for i, ld := range strides(s.C) {
					if s.C > 1000 && i < 3 {
						continue
					}
					checkMax(t, r, m, s, ld, i%2)
				}
			}
		}
	})
}

// TestMaxWidths sweeps the tails of the vectors.
func TestMaxWidths(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		for c := 1; c <= 140; c++ {
			checkMax(t, r, maxLayers[c%3], Shape{1, 4, 3, c}, [2]int{c + c%2, c + c%3}, c%2)
		}
	})
}

func FuzzMax(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(1), uint8(1), uint8(8), uint8(9), uint8(17), uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, kernel, stride, pad, h, w, c, gap uint8) {
		m := Max{1 + int(kernel)%16, 1 + int(stride)%4, 0}
		m.Pad = int(pad) % (m.Kernel/2 + 1)
		s := Shape{1 + int(seed%2), 1 + int(h)%20, 1 + int(w)%20, 1 + int(c)}
		if min(s.H, s.W)+2*m.Pad < m.Kernel {
			t.Skip()
		}
		eachISA(t, func(t *testing.T) {
			ld := [2]int{s.C + int(gap)%7, s.C + int(gap)/7%7}
			checkMax(t, rand.New(rand.NewPCG(seed, 0)), m, s, ld, int(gap)%2)
		})
	})
}

// A gradient that is NaN or Inf goes to the pixel where the maximum was found and to no other one.
func TestMaxBackwardNonFinite(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		s := Shape{1, 9, 9, 20}
		r := rand.New(rand.NewPCG(15, 16))
		for _, m := range maxLayers[:8] {
			oh, ow := m.Out(s.H, s.W)
			x, dx := fill(r, make([]float32, s.H*s.W*s.C)), make([]float32, s.H*s.W*s.C)
			y, index := make([]float32, oh*ow*s.C), make([]uint8, oh*ow*s.C)
			m.Forward(y, s.C, index, x, s.C, s)
			clear(y)
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
				out, c := oh*ow/2, 7
				y[out*s.C+c] = bad
				m.Backward(dx, s.C, index, y, s.C, s, false)
				hit := m.target(s, out, int(index[out*s.C+c]))*s.C + c
				for i, v := range dx {
					if (v != 0) != (i == hit) || i == hit && v == v && v != bad {
						t.Fatalf("%+v of %v: element %d is %v, hit is %d", m, bad, i, v, hit)
					}
				}
			}
		}
	})
}

func TestMaxSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(17, 18))
		s, m := Shape{5, 17, 16, 40}, Max{3, 1, 1}
		x := fill(r, make([]float32, s.N*s.H*s.W*s.C))
		var first []float32
		var firstIndex []uint8
		for _, procs := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(procs)
			y, dx, index := make([]float32, len(x)), make([]float32, len(x)), make([]uint8, len(x))
			m.Forward(y, s.C, index, x, s.C, s)
			m.Backward(dx, s.C, index, y, s.C, s, false)
			if first == nil {
				first, firstIndex = dx, index
			}
			if !slices.Equal(first, dx) || !slices.Equal(firstIndex, index) {
				t.Fatalf("GOMAXPROCS %d: other bits than with 1", procs)
			}
		}
	})
}

// Gradients too large for the caches are written past them, with the same bits.
func TestMaxLarge(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	eachISA(t, func(t *testing.T) {
		for _, m := range []Max{{2, 2, 0}, {3, 1, 1}, {2, 3, 0}} {
			for _, c := range []int{64, 128, 48} {
				s := Shape{2, 9, 8, c}
				oh, ow := m.Out(s.H, s.W)
				x, y, dx := memory.Aligned(s.N*s.H*s.W*c), memory.Aligned(s.N*oh*ow*c), memory.Aligned(s.N*s.H*s.W*c)
				index := make([]uint8, len(y))
				for i := range x {
					x[i] = float32(rng.NormFloat64())
				}
				m.Forward(y, c, index, x, c, s)
				run := func(accumulate bool) []float32 {
					for i := range dx {
						dx[i] = 1
					}
					m.Backward(dx, c, index, y, c, s, accumulate)
					return slices.Clone(dx)
				}
				for _, accumulate := range []bool{false, true} {
					want := run(accumulate)
					l3 := cpu.Caches.L3
					cpu.Caches.L3 = 0
					got := run(accumulate)
					cpu.Caches.L3 = l3
					if !slices.Equal(got, want) {
						t.Errorf("%+v, %d channels, accumulate %v: other gradients nonTemporal the caches", m, c, accumulate)
					}
				}
			}
		}
	})
}

func TestMaxPanics(t *testing.T) {
	x := make([]float32, 100)
	for want, f := range map[string]func(){
		"pool.Max.Out: got kernel 17, want at most 16, so that a position in the window fits into a byte": func() {
			Max{17, 1, 1}.Out(8, 8)
		},
		"pool.Max.Out: got kernel 3, stride 1 and pad 2, want kernel and stride ≥ 1 and 0 ≤ pad ≤ kernel/2": func() {
			Max{3, 1, 2}.Out(8, 8)
		},
		"pool.Max.Forward: got index of 31 elements, want 32: 16 rows of 2, 2 apart": func() {
			Max{2, 2, 0}.Forward(x, 2, make([]uint8, 31), x, 2, Shape{1, 8, 8, 2})
		},
		"pool.Max.Backward: got dSrc of 100 elements, want 128: 64 rows of 2, 2 apart": func() {
			Max{2, 2, 0}.Backward(x, 2, make([]uint8, 32), x, 2, Shape{1, 8, 8, 2}, false)
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("panicked with %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

func TestMaxNoAllocation(t *testing.T) {
	m, s := Max{3, 2, 1}, Shape{2, 32, 32, 16}
	x, y := make([]float32, s.N*s.H*s.W*s.C), make([]float32, s.N*s.H*s.W*s.C/4)
	index := make([]uint8, len(y))
	if n := testing.AllocsPerRun(20, func() {
		m.Forward(y, s.C, index, x, s.C, s)
		m.Backward(x, s.C, index, y, s.C, s, true)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
