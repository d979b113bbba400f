package pool

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
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

func fill(r *rand.Rand, x []float32) []float32 {
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// oracle holds sums in float64 and, for the error bound, the same sums of absolute values.
type oracle struct{ sum, abs []float64 }

func newOracle(dst []float32, accumulate bool) oracle {
	o := oracle{make([]float64, len(dst)), make([]float64, len(dst))}
	if accumulate {
		for i, v := range dst {
			o.sum[i], o.abs[i] = float64(v), math.Abs(float64(v))
		}
	}
	return o
}

func (o oracle) add(i int, v float64) {
	o.sum[i] += v
	o.abs[i] += math.Abs(v)
}

// check compares rows of cols elements that lie ld apart, and that what lies between them still equals before.
func (o oracle) check(t *testing.T, name string, got, before []float32, ld, cols, roundings int) {
	t.Helper()
	for i, v := range got {
		if i%ld >= cols {
			if v != before[i] {
				t.Fatalf("%s: element %d outside the window changed from %v to %v", name, i, before[i], v)
			}
		} else if e := math.Abs(float64(v) - o.sum[i]); !(e <= float64(roundings)*o.abs[i]*0x1p-24) {
			t.Fatalf("%s: element %d: got %v, want %v (error %g of %g)", name, i, v, o.sum[i], e, o.abs[i])
		}
	}
}

// eachWindow calls f with all pairs of output and input pixels, in one image or all of them, and the weight of the pair.
func (a Avg) eachWindow(s Shape, f func(out, in int, weight float64)) {
	oh, ow := a.Out(s.H, s.W)
	for n := range s.N {
		for y := range oh {
			for x := range ow {
				var in []int
				for ky := range a.Kernel {
					for kx := range a.Kernel {
						h, w := y*a.Stride-a.Pad+ky, x*a.Stride-a.Pad+kx
						if h >= 0 && h < s.H && w >= 0 && w < s.W {
							in = append(in, (n*s.H+h)*s.W+w)
						}
					}
				}
				count := len(in)
				if a.CountPad {
					count = a.Kernel * a.Kernel
				}
				for _, i := range in {
					f((n*oh+y)*ow+x, i, 1/float64(count))
				}
			}
		}
	}
}

var layers = []Avg{
	{Kernel: 3, Stride: 1, Pad: 1}, {Kernel: 3, Stride: 1, Pad: 1, CountPad: true},
	{Kernel: 2, Stride: 2}, {Kernel: 3, Stride: 2, Pad: 1}, {Kernel: 3, Stride: 2, Pad: 1, CountPad: true},
	{Kernel: 5, Stride: 3}, {Kernel: 1, Stride: 1}, {Kernel: 1, Stride: 2}, {Kernel: 2, Stride: 3}, {Kernel: 4, Stride: 1, Pad: 2},
	{Kernel: 5, Stride: 2, Pad: 2}, {Kernel: 7, Stride: 1},
}

// shapes end with one that takes several bands, which is tried with gaps between the pixels alone.
var shapes = []Shape{
	{1, 1, 1, 1}, {1, 2, 3, 1}, {2, 7, 7, 3}, {1, 8, 8, 16}, {2, 9, 10, 17}, {1, 7, 12, 33}, {1, 11, 8, 64}, {1, 8, 9, 100},
	{0, 8, 8, 4}, {1, 9, 6, 1500},
}

// strides are distances between pixels for c channels: dense and in a wider tensor.
func strides(c int) [][2]int { return [][2]int{{c, c}, {c + 5, c}, {c, c + 3}, {2*c + 1, c + 16}} }

func size(rows, ld, cols int) int { return max(0, (rows-1)*ld+cols) }

// checkAvg compares both passes of a layer with the oracle, on slices at a side of the guard pages.
func checkAvg(t *testing.T, r *rand.Rand, a Avg, s Shape, ld [2]int, side int) {
	t.Helper()
	oh, ow := a.Out(s.H, s.W)
	for _, accumulate := range []bool{false, true} {
		name := fmt.Sprintf("%+v %+v ld %v accumulate %v", a, s, ld, accumulate)
		dst := fill(r, guard.Sides[side](t, size(s.N*oh*ow, ld[0], s.C)))
		src := fill(r, guard.Sides[side](t, size(s.N*s.H*s.W, ld[1], s.C)))

		want, before := newOracle(dst, accumulate), append([]float32(nil), dst...)
		a.eachWindow(s, func(out, in int, weight float64) {
			for c := range s.C {
				want.add(out*ld[0]+c, weight*float64(src[in*ld[1]+c]))
			}
		})
		a.Forward(dst, ld[0], src, ld[1], s, accumulate)
		want.check(t, "forward "+name, dst, before, ld[0], s.C, 2*a.Kernel+5)

		want, before = newOracle(src, accumulate), append([]float32(nil), src...)
		a.eachWindow(s, func(out, in int, weight float64) {
			for c := range s.C {
				want.add(in*ld[1]+c, weight*float64(dst[out*ld[0]+c]))
			}
		})
		a.Backward(src, ld[1], dst, ld[0], s, accumulate)
		want.check(t, "backward "+name, src, before, ld[1], s.C, 2*a.Kernel+5)
	}
}

func TestAvg(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, a := range layers {
			for _, s := range shapes {
				if s.H+2*a.Pad < a.Kernel || s.W+2*a.Pad < a.Kernel {
					continue
				}
				for i, ld := range strides(s.C) {
					if s.C > 1000 && i < 3 {
						continue
					}
					checkAvg(t, r, a, s, ld, i%2)
				}
			}
		}
	})
}

func FuzzAvg(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(1), uint8(1), uint8(8), uint8(9), uint8(17), uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, kernel, stride, pad, h, w, c, gap uint8) {
		a := Avg{Kernel: 1 + int(kernel)%16, Stride: 1 + int(stride)%4, CountPad: seed%3 == 0}
		a.Pad = int(pad) % (a.Kernel/2 + 1)
		s := Shape{1 + int(seed%2), 1 + int(h)%20, 1 + int(w)%20, 1 + int(c)}
		if min(s.H, s.W)+2*a.Pad < a.Kernel {
			t.Skip()
		}
		eachISA(t, func(t *testing.T) {
			ld := [2]int{s.C + int(gap)%7, s.C + int(gap)/7%7}
			checkAvg(t, rand.New(rand.NewPCG(seed, 0)), a, s, ld, int(gap)%2)
		})
	})
}

func TestGlobal(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, s := range shapes {
			for i, ld := range strides(s.C) {
				pixels := s.H * s.W
				alloc := guard.Sides[i%2]
				dst := fill(r, alloc(t, size(s.N, ld[0], s.C)))
				src := fill(r, alloc(t, size(s.N*pixels, ld[1], s.C)))
				name := fmt.Sprintf("%+v ld %v", s, ld)

				want, before := newOracle(dst, false), append([]float32(nil), dst...)
				for p := range s.N * pixels {
					for c := range s.C {
						want.add(p/pixels*ld[0]+c, float64(src[p*ld[1]+c])/float64(pixels))
					}
				}
				GlobalForward(dst, ld[0], src, ld[1], s)
				want.check(t, "forward "+name, dst, before, ld[0], s.C, pixels+2)

				for _, accumulate := range []bool{false, true} {
					want, before = newOracle(src, accumulate), append([]float32(nil), src...)
					for p := range s.N * pixels {
						for c := range s.C {
							want.add(p*ld[1]+c, float64(dst[p/pixels*ld[0]+c])/float64(pixels))
						}
					}
					GlobalBackward(src, ld[1], dst, ld[0], s, accumulate)
					want.check(t, "backward "+name, src, before, ld[1], s.C, 4)
				}
			}
		}
	})
}

// TestTaps sweeps the kernel itself over widths and numbers of taps.
func TestTaps(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for cols := 1; cols <= 300; cols++ {
			count, rows, pixels := cols%5, 1+cols%2, 1+cols%3
			g := grid{rows: rows, pixels: pixels, cols: cols, dstStep: cols + cols%7, srcStep: cols % 11, srcRow: cols % 17,
				tapStep: cols % 13}
			g.dstRow = pixels * g.dstStep
			alloc := guard.Sides[cols%2]
			dst, w := fill(r, alloc(t, size(rows*pixels, g.dstStep, cols))), fill(r, alloc(t, count))
			src := fill(r, alloc(t, (rows-1)*g.srcRow+(pixels-1)*g.srcStep+max(0, count-1)*g.tapStep+cols))
			for _, accumulate := range []bool{false, true} {
				want, before := newOracle(dst, accumulate), append([]float32(nil), dst...)
				for p := range rows * pixels {
					for c := range cols {
						for k, wk := range w {
							x := src[p/pixels*g.srcRow+p%pixels*g.srcStep+k*g.tapStep+c]
							want.add(p*g.dstStep+c, float64(wk)*float64(x))
						}
					}
				}
				taps(dst, src, w, g, accumulate)
				want.check(t, fmt.Sprintf("%+v, %d taps", g, count), dst, before, g.dstStep, cols, 2*count+1)
			}
		}
	})
}

// TestNonFinite: a NaN or Inf reaches the windows that contain it and no others.
func TestNonFinite(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		s := Shape{1, 9, 9, 20}
		for _, a := range layers {
			oh, ow := a.Out(s.H, s.W)
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
				x, y := make([]float32, s.H*s.W*s.C), make([]float32, oh*ow*s.C)
				at := (4*s.W+5)*s.C + 7
				x[at] = bad
				hit := map[int]bool{}
				a.eachWindow(s, func(out, in int, _ float64) {
					if in == at/s.C {
						hit[out*s.C+at%s.C] = true
					}
				})
				a.Forward(y, s.C, x, s.C, s, false)
				for i, v := range y {
					if want := hit[i]; (v-v != 0) != want || (v == bad) != (want && bad == bad) {
						t.Fatalf("%+v of %v: element %d is %v", a, bad, i, v)
					}
				}
			}
		}
	})
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		s := Shape{5, 17, 16, 40}
		a := Avg{Kernel: 3, Stride: 1, Pad: 1}
		x := fill(r, make([]float32, s.N*s.H*s.W*s.C))
		var first []float32
		for _, procs := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(procs)
			y, dx := make([]float32, len(x)), make([]float32, len(x))
			a.Forward(y, s.C, x, s.C, s, false)
			a.Backward(dx, s.C, y, s.C, s, false)
			if first == nil {
				first = dx
			}
			for i := range dx {
				if dx[i] != first[i] {
					t.Fatalf("GOMAXPROCS %d: element %d is %v, want %v", procs, i, dx[i], first[i])
				}
			}
		}
	})
}

func TestPanics(t *testing.T) {
	x := make([]float32, 100)
	for want, f := range map[string]func(){
		"pool.Avg.Out: got kernel 3, stride -1 and pad 1, want kernel and stride ≥ 1 and 0 ≤ pad ≤ kernel/2": func() {
			Avg{Kernel: 3, Stride: -1, Pad: 1}.Out(8, 8)
		},
		"pool.Avg.Out: got an image of 4×8 with a padding of 0, want at least a window of 5×5": func() {
			Avg{Kernel: 5, Stride: 1}.Out(4, 8)
		},
		"pool.Avg.Forward: got src of 100 elements, want 128: 64 rows of 2, 2 apart": func() {
			Avg{Kernel: 2, Stride: 2}.Forward(x, 2, x, 2, Shape{1, 8, 8, 2}, false)
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

func TestNoAllocation(t *testing.T) {
	a, s := Avg{Kernel: 3, Stride: 2, Pad: 1}, Shape{2, 32, 32, 16}
	x, y := make([]float32, s.N*s.H*s.W*s.C), make([]float32, s.N*s.H*s.W*s.C/4)
	if n := testing.AllocsPerRun(20, func() {
		a.Forward(y, s.C, x, s.C, s, false)
		a.Backward(x, s.C, y, s.C, s, true)
		GlobalForward(y, s.C, x, s.C, s)
		GlobalBackward(x, s.C, y, s.C, s, true)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
