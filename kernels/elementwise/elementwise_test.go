package elementwise

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// shapes are those of results: of one element, of none, of odd lengths, with more than a piece, and more than a block, along any axis.
var shapes = [][Axes]int{
	{1, 1, 1, 1}, {1, 1, 1, 7}, {2, 3, 4, 5}, {3, 1, 1, 5}, {1, 5, 1, 3}, {2, 0, 3, 4}, {5, 1, 7, 1}, {1, 1, 2, 1500}, {2, 3, 700, 3},
	{1, 40, 30, 20}, {70, 1, 1, 300}, {1, 1, 1, 40000}, {9000, 1, 1, 5}, {2, 2, 2500, 17},
}

// random makes an array of the given shape between inaccessible pages: a window, with gaps between the rows, if gap is not zero.
func random(t testing.TB, r *rand.Rand, shape [Axes]int, gap int) Array {
	a := denseLike(nil, shape)
	last := Axes - 1
	a.Stride[last] = 1
	for i, next := last-1, shape[last]+gap; i >= 0; i-- {
		a.Stride[i] = next
		next *= shape[i]
	}
	n := 0
	if a.Len() > 0 {
		n = 1
		for i, k := range shape {
			n += (k - 1) * a.Stride[i]
		}
	}
	a.Data = guard.Sides[r.IntN(2)](t, n)
	for i := range a.Data {
		a.Data[i] = float32(r.NormFloat64())
	}
	return a
}

// values are the elements in order.
func (a Array) values() []float64 {
	v := make([]float64, a.Len())
	for i := range v {
		v[i] = float64(a.Data[a.offset(i)])
	}
	return v
}

// partly returns the shape with some of its axes, those of the mask, replaced by 1.
func partly(shape [Axes]int, mask int) [Axes]int {
	for i := range shape {
		if mask>>i&1 == 1 {
			shape[i] = 1
		}
	}
	return shape
}

// at is the element of a, stretched to shape, that the i-th of a result of that shape is made of.
func at(a Array, shape [Axes]int, i int) int {
	var index [Axes]int
	for axis := Axes - 1; axis >= 0; axis-- {
		index[axis], i = i%shape[axis], i/shape[axis]
	}
	at := 0
	for axis, n := range a.Shape {
		at = at*n + min(index[axis], n-1)
	}
	return at
}

// near reports whether got is what sums of n terms of about the size of one round to.
func near(got, want float64, n int) bool {
	return math.Abs(got-want) <= 1e-6*(math.Abs(want)+math.Sqrt(float64(n)))
}

// Values and gradients of all combinations of stretched axes, with gaps and without, stored and accumulated.
func TestBroadcasting(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, shape := range shapes {
		t.Run(fmt.Sprint(shape), func(t *testing.T) {
			for range 12 {
				a, b := random(t, r, partly(shape, r.IntN(16)), r.IntN(3)), random(t, r, partly(shape, r.IntN(16)), r.IntN(3))
				full, ok := Broadcast(a.Shape, b.Shape)
				if !ok {
					t.Fatalf("%v and %v do not broadcast", a.Shape, b.Shape)
				}
				y, dy := random(t, r, full, r.IntN(3)), random(t, r, full, r.IntN(3))
				va, vb, vdy := a.values(), b.values(), dy.values()
				Mul.Apply(y, a, b, Params{})
				for i, got := range y.values() {
					if want := float64(float32(va[at(a, full, i)] * vb[at(b, full, i)])); got != want {
						t.Fatalf("%v times %v: element %d is %v, want %v", a.Shape, b.Shape, i, got, want)
					}
				}
				for which, v := range []Array{a, b} {
					other, values := b, vb
					if which == 1 {
						other, values = a, va
					}
					for _, accumulate := range []bool{false, true} {
						d := random(t, r, v.Shape, r.IntN(3))
						want := make([]float64, v.Len())
						if accumulate {
							want = d.values()
						}
						for i, g := range vdy {
							want[at(v, full, i)] += g * values[at(other, full, i)]
						}
						Mul.Backward(which, d, a, b, dy, full, accumulate, Params{})
						for i, got := range d.values() {
							if !near(got, want[i], len(vdy)/max(len(want), 1)) {
								t.Fatalf("%v times %v: gradient %d, accumulate %v: element %d is %v, want %v",
									a.Shape, b.Shape, which, accumulate, i, got, want[i])
							}
						}
					}
				}
			}
		})
	}
}

// Sums and extremes along all combinations of axes.
func TestReductions(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, shape := range shapes {
		t.Run(fmt.Sprint(shape), func(t *testing.T) {
			for mask := range 16 {
				x := random(t, r, shape, r.IntN(3))
				to := partly(shape, mask)
				values := x.values()
				sum, largest, smallest := make([]float64, denseLike(nil, to).Len()), []float64(nil), []float64(nil)
				for range sum {
					largest, smallest = append(largest, math.Inf(-1)), append(smallest, math.Inf(1))
				}
				for i, v := range values {
					j := at(Array{Shape: to}, shape, i)
					sum[j] += v / 2
					largest[j], smallest[j] = max(largest[j], v), min(smallest[j], v)
				}
				for _, c := range []struct {
					r     *Reduction
					scale float64
					want  []float64
				}{{&Sum, 0.5, sum}, {&Largest, 1, largest}, {&Smallest, 1, smallest}} {
					y := random(t, r, to, r.IntN(3))
					c.r.Apply(y, x, c.scale, false)
					for i, got := range y.values() {
						if got != c.want[i] && !near(got, c.want[i], len(values)/len(c.want)) {
							t.Fatalf("%s to %v: element %d is %v, want %v", c.r.Name, to, i, got, c.want[i])
						}
					}
				}
			}
		})
	}
}

// A NaN is the largest and the smallest element, wherever it stands.
func TestExtremesOfNaN(t *testing.T) {
	nan := float32(math.NaN())
	for _, shape := range [][Axes]int{{1, 1, 1, 5}, {1, 1, 3, 100}, {1, 1, 1, 3000}, {1, 70, 50, 20}} {
		x := denseLike(make([]float32, Array{Shape: shape}.Len()), shape)
		for _, to := range [][Axes]int{{1, 1, 1, 1}, partly(shape, 1<<3), partly(shape, 7)} {
			y := denseLike(make([]float32, Array{Shape: to}.Len()), to)
			for _, i := range []int{0, len(x.Data) / 2, len(x.Data) - 1} {
				x.Data[i] = nan
				for _, r := range []*Reduction{&Largest, &Smallest} {
					r.Apply(y, x, 1, false)
					for j, v := range y.Data {
						if (v != v) != (j == at(y, shape, i)) {
							t.Fatalf("%s of %v to %v, NaN at %d: element %d is %v", r.Name, shape, to, i, j, v)
						}
					}
				}
				x.Data[i] = 0
			}
		}
	}
}

// functions are all there are, with parameters.
var functions = []struct {
	f *Function
	p Params
}{
	{&Exp, Params{}}, {&Log, Params{}}, {&Sqrt, Params{}}, {&Square, Params{}}, {&Reciprocal, Params{}}, {&Abs, Params{}},
	{&Scale, Params{-2}}, {&AddScalar, Params{3}}, {&Clamp, Params{-0.5, 0.5}}, {&Pow, Params{1.5}}, {&ReLU, Params{}},
	{&ReLU6, Params{}}, {&Sigmoid, Params{}},
	{&Tanh, Params{}}, {&LeakyReLU, Params{0.2}}, {&ELU, Params{0.7}}, {&GELU, Params{}}, {&GELUTanh, Params{}}, {&SiLU, Params{}},
	{&Hardswish, Params{}}, {&Hardsigmoid, Params{}}, {&Softplus, Params{}}, {&Mish, Params{}},
}

// What a function makes of an element does not depend on where it lies, nor on what else there is.
func TestFunctionsOfWindows(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, f := range functions {
		t.Run(f.f.Name, func(t *testing.T) {
			for _, shape := range [][Axes]int{{1, 1, 1, 3}, {2, 3, 4, 5}, {1, 1, 300, 7}, {1, 1, 3, 2500}, {1, 5, 5, 1}} {
				for _, gap := range []int{0, 1, 3} {
					x, y := random(t, r, shape, gap), random(t, r, shape, r.IntN(3))
					dx, dy := random(t, r, shape, r.IntN(3)), random(t, r, shape, r.IntN(3))
					before := dx.values()
					f.f.Apply(y, x, f.p)
					v := x
					if f.f.ByOutput {
						v = y
					}
					if !f.f.PassesGradient() {
						f.f.Backward(dx, v, dy, true, f.p)
					}
					for i := range y.Len() {
						one := [4][]float32{{x.Data[x.offset(i)]}, {0}, {float32(before[i])}, {dy.Data[dy.offset(i)]}}
						var a [4]Array
						for k := range a {
							a[k] = denseLike(one[k], [Axes]int{1, 1, 1, 1})
						}
						f.f.Apply(a[1], a[0], f.p)
						if got := y.Data[y.offset(i)]; got != one[1][0] && got == got {
							t.Fatalf("%v, gap %d: element %d is %v, alone %v", shape, gap, i, got, one[1][0])
						}
						if f.f.PassesGradient() {
							continue
						}
						v := a[0]
						if f.f.ByOutput {
							v = a[1]
						}
						f.f.Backward(a[2], v, a[3], true, f.p)
						if got := dx.Data[dx.offset(i)]; got != one[2][0] && got == got {
							t.Fatalf("%v, gap %d: gradient %d is %v, alone %v", shape, gap, i, got, one[2][0])
						}
					}
				}
			}
		})
	}
}

// ELU, Softplus and Mish are as exact for small results as for large ones.
func TestSmallResults(t *testing.T) {
	for _, c := range []struct {
		f    *Function
		p    Params
		want func(x float64) float64
	}{
		{&ELU, Params{1}, func(x float64) float64 {
			if x > 0 {
				return x
			}
			return math.Expm1(x)
		}},
		{&Softplus, Params{}, func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
		{&Mish, Params{}, func(x float64) float64 { return x * math.Tanh(max(x, 0)+math.Log1p(math.Exp(-math.Abs(x)))) }},
	} {
		for x := -80.0; x < 80; x += 0.0101 {
			for _, v := range []float64{x, x * x * x * 1e-8} {
				in, out := []float32{float32(v)}, []float32{0}
				c.f.Apply(Constant(out), Constant(in), c.p)
				if want := c.want(float64(in[0])); !(math.Abs(float64(out[0])-want) <= 1e-6*math.Abs(want)) {
					t.Fatalf("%s(%v) = %v, want %v", c.f.Name, in[0], out[0], want)
				}
			}
		}
	}
}

// Results are the same bits for any number of threads, and calls do not allocate.
func TestThreadsAndAllocations(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	r := rand.New(rand.NewPCG(7, 8))
	shape := [Axes]int{6, 20, 30, 40}
	a, b := random(t, r, shape, 2), random(t, r, [Axes]int{6, 1, 1, 40}, 0)
	y, da, db := random(t, r, shape, 0), random(t, r, shape, 0), random(t, r, b.Shape, 0)
	all, apart, rest := random(t, r, [Axes]int{1, 1, 1, 1}, 0), random(t, r, [Axes]int{1, 20, 1, 40}, 0), make([]float32, 2*800)
	var total float64
	step := func() {
		Div.Apply(y, a, b, Params{})
		GELU.Apply(y, y, Params{})
		Mul.Backward(0, da, a, b, y, shape, false, Params{})
		Mul.Backward(1, db, a, b, y, shape, false, Params{})
		Sum.Apply(all, a, 1, false)
		Sum.Apply(apart, a, 1, false)
		Extreme(da, a, all, all, rest[:1], true)
		LogSumExp(apart, a, rest)
		total = BinaryCrossEntropy.Total(a, da, Params{})
	}
	bits := func() (s []uint64) {
		step()
		for _, x := range []Array{y, da, db, all, apart} {
			for _, v := range x.Data {
				s = append(s, uint64(math.Float32bits(v)))
			}
		}
		return append(s, math.Float64bits(total))
	}
	runtime.GOMAXPROCS(1)
	want := bits()
	for _, procs := range []int{2, 5} {
		runtime.GOMAXPROCS(procs)
		if !slices.Equal(bits(), want) {
			t.Errorf("GOMAXPROCS %d changes the result", procs)
		}
	}
	runtime.GOMAXPROCS(1)
	if n := testing.AllocsPerRun(5, step); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMisuse(t *testing.T) {
	x := make([]float32, 12)
	of := func(shape ...int) Array { return denseLike(x, [Axes]int(shape)) }
	for want, f := range map[string]func(){
		"elementwise.Mul: got second operand of [1 1 1 3], want one that broadcasts to [1 1 3 4]": func() {
			Mul.Apply(of(1, 1, 3, 4), of(1, 1, 3, 4), of(1, 1, 1, 3), Params{})
		},
		"elementwise.Add: got result of 12 elements, want 15": func() {
			Add.Apply(of(1, 1, 5, 3), of(1, 1, 1, 1), of(1, 1, 1, 1), Params{})
		},
		"elementwise.Sum: got result of [1 1 2 1], want [1 1 3 4], or 1 where that is summed up": func() {
			Sum.Apply(of(1, 1, 2, 1), of(1, 1, 3, 4), 1, false)
		},
		"elementwise.GELU: got operand of [1 1 4 3], want one that broadcasts to [1 1 3 4]": func() {
			GELU.Apply(of(1, 1, 3, 4), of(1, 1, 4, 3), Params{})
		},
	} {
		func() {
			defer func() {
				if e, ok := recover().(fault.ShapeError); !ok || e.Error() != want {
					t.Errorf("panicked with %v, want %q", e, want)
				}
			}()
			f()
		}()
	}
	if _, ok := Broadcast([Axes]int{1, 1, 2, 3}, [Axes]int{1, 1, 3, 3}); ok {
		t.Error("2 rows and 3 rows broadcast")
	}
}
