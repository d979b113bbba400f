package gather

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

var shapes = []Shape{
	{1, 1, 1, 1, 1}, {1, 5, 7, 1, 1}, {3, 5, 2, 1, 1}, {2, 4, 9, 3, 5}, {1, 6, 3, 1, 100}, {2, 3, 4, 2, 1},
	{1, 9, 50, 1, 3000}, {70, 11, 13, 2, 40}, {500, 64, 90, 1, 1},
	{0, 3, 2, 1, 4}, {2, 3, 0, 1, 4},
}

// operand lays [outer][axis][rows][cols] out with rows gap floats further apart than they are long.
func operand(t *testing.T, r *rand.Rand, s Shape, axis, gap, side int) Array {
	a := Array{LD: s.Cols + gap}
	a.Axis = s.Rows * a.LD
	a.Outer = axis * a.Axis
	if s.Rows == 1 && s.Cols == 1 { // the last axis, whose elements follow each other
		a.Axis, a.Outer = 1, axis+gap
	}
	n := 0
	if min(s.Outer, axis) > 0 {
		n = (s.Outer-1)*a.Outer + (axis-1)*a.Axis + (s.Rows-1)*a.LD + s.Cols
	}
	a.Data = guard.Sides[side](t, n)
	for i := range a.Data {
		a.Data[i] = float32(r.NormFloat64())
	}
	return a
}

// each calls f with where element (o, i, r, c) lies in both operands, for the index that belongs to it.
func (s Shape) each(many, few Array, index []int32, single bool, f func(many, few int)) {
	at := 0
	for o := range s.Outer {
		for i := range s.N {
			for r := range s.Rows {
				for c := range s.Cols {
					v := index[at]
					if !single {
						v = index[i]
					}
					at++
					f(o*many.Outer+i*many.Axis+r*many.LD+c, o*few.Outer+int(v)*few.Axis+r*few.LD+c)
				}
			}
		}
	}
}

// All four against their definitions, with and without gaps, at the guard pages. What lies between rows stays as it is.
func TestGather(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range shapes {
		for trial := range 4 {
			gaps := [2]int{3 * (trial & 1), 2 * (trial >> 1)}
			many, few := operand(t, r, s, s.N, gaps[0], trial%2), operand(t, r, s, s.Axis, gaps[1], trial%2)
			index := make([]int32, max(s.N, s.Outer*s.N*s.Rows*s.Cols))
			for i := range index {
				index[i] = r.Int32N(int32(s.Axis))
			}
			for _, op := range []struct {
				name        string
				f           func(a, b Array, index []int32, s Shape)
				single, add bool
			}{
				{"Select", Select, false, false}, {"AddSelect", AddSelect, false, true},
				{"Pick", Pick, true, false}, {"AddPick", AddPick, true, true},
			} {
				name := fmt.Sprintf("%s of %+v, gaps %v", op.name, s, gaps)
				to, from := many, few
				if op.add {
					to, from = few, many
				}
				want, abs := make([]float64, len(to.Data)), make([]float64, len(to.Data))
				for i, v := range to.Data {
					want[i], abs[i] = float64(v), math.Abs(float64(v))
				}
				s.each(many, few, index, op.single, func(m, f int) {
					if op.add {
						want[f], abs[f] = want[f]+float64(many.Data[m]), abs[f]+math.Abs(float64(many.Data[m]))
					} else {
						want[m], abs[m] = float64(few.Data[f]), 0
					}
				})
				op.f(to, from, index, s)
				for i, v := range to.Data {
					if !op.add && float64(v) != want[i] || !(math.Abs(float64(v)-want[i]) <= float64(s.N)*0x1p-24*abs[i]) {
						t.Fatalf("%s: element %d is %v, want %v", name, i, v, want[i])
					}
				}
			}
		}
	}
}

// Sums are the same bits for any number of threads.
func TestSumsAreReproducible(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []float32
	for _, procs := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(procs)
		r := rand.New(rand.NewPCG(3, 4))
		var got []float32
		for _, s := range shapes {
			many, few := operand(t, r, s, s.N, 0, 0), operand(t, r, s, s.Axis, 1, 0)
			index := make([]int32, max(s.N, s.Outer*s.N*s.Rows*s.Cols))
			for i := range index {
				index[i] = r.Int32N(int32(s.Axis))
			}
			AddSelect(few, many, index, s)
			AddPick(few, many, index, s)
			got = append(got, few.Data...)
		}
		if want == nil {
			want = got
		} else if !slices.Equal(want, got) {
			t.Errorf("GOMAXPROCS %d: other sums", procs)
		}
	}
}

func TestMisuse(t *testing.T) {
	six := Array{Data: make([]float32, 6), Outer: 6, Axis: 3, LD: 3}
	s := Shape{Outer: 1, Axis: 2, N: 2, Rows: 1, Cols: 3}
	for want, f := range map[string]func(){
		"gather.Select: got index 2 at position 1, want 0 to 1":   func() { Select(six, six, []int32{1, 2}, s) },
		"gather.AddPick: got index -1 at position 4, want 0 to 1": func() { AddPick(six, six, []int32{0, 1, 0, 1, -1, 9}, s) },
		"gather.Pick: got indices of 2 elements, want 6":          func() { Pick(six, six, []int32{0, 1}, s) },
		"gather.AddSelect: got operand that indices point into of 5 elements, want 6": func() {
			AddSelect(Array{Data: six.Data[:5], Outer: 6, Axis: 3, LD: 3}, six, []int32{1, 0}, s)
		},
		"gather.Select: got operand with a step for each index with distances -1, 3 and 3, want none negative": func() {
			Select(Array{Data: six.Data, Outer: -1, Axis: 3, LD: 3}, six, []int32{1, 0}, s)
		},
		"gather.Select: got shape {Outer:1 Axis:-2 N:2 Rows:1 Cols:3}, want no negative length": func() {
			Select(six, six, []int32{1, 0}, Shape{1, -2, 2, 1, 3})
		},
	} {
		func() {
			defer func() {
				if err, ok := recover().(fault.ShapeError); !ok || err.Error() != want {
					t.Errorf("panicked with %q, want %q", err, want)
				}
			}()
			f()
		}()
	}
}

func TestAllocatesNothing(t *testing.T) {
	a := Array{Data: make([]float32, 1<<16), Outer: 1 << 16, Axis: 256, LD: 256}
	b := Array{Data: make([]float32, 1<<16), Outer: 1 << 16, Axis: 256, LD: 256}
	index := make([]int32, 1<<16)
	s := Shape{1, 256, 256, 1, 256}
	step := func() {
		Select(a, b, index, s)
		AddSelect(b, a, index, s)
		Pick(a, b, index, s)
		AddPick(b, a, index, s)
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkGather(b *testing.B) {
	const rows, cols = 4096, 256
	x := Array{Data: make([]float32, rows*cols), Outer: rows * cols, Axis: cols, LD: cols}
	y := Array{Data: make([]float32, rows*cols), Outer: rows * cols, Axis: cols, LD: cols}
	r := rand.New(rand.NewPCG(1, 2))
	index := make([]int32, rows*cols)
	for i := range index {
		index[i] = r.Int32N(rows)
	}
	for _, bm := range []struct {
		name  string
		f     func(a, b Array, index []int32, s Shape)
		moved int64
	}{{"Select", Select, 2}, {"AddSelect", AddSelect, 3}, {"Pick", Pick, 3}, {"AddPick", AddPick, 4}} {
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(4 * bm.moved * rows * cols)
			for b.Loop() {
				bm.f(y, x, index, Shape{1, rows, rows, 1, cols})
			}
		})
	}
}
