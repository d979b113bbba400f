package autograd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/tensor"
)

// span is a range of indices of an axis.
type span struct{ axis, lo, hi int }

func window(p *autograd.Param, spans ...span) *autograd.Param {
	for _, s := range spans {
		p = p.Window(s.axis, s.lo, s.hi)
	}
	return p
}

// A window of a window is a window of the whole, the same each time, and shares its values.
func TestParamWindow(t *testing.T) {
	p := param("p", 3, 4, 5)
	w := window(p, span{0, 1, 3}, span{2, 1, 4}, span{0, 1, 2}, span{2, 1, 2})
	if w != window(p, span{2, 2, 3}, span{0, 2, 3}) {
		t.Error("one window in two ways is two parameters")
	}
	if p.Window(1, 0, 4) != p || w.Window(1, 0, 4) != w {
		t.Error("a window of everything is not the parameter itself")
	}
	if got := w.Value.Shape(); !slices.Equal(got, []int{1, 4, 1}) {
		t.Fatalf("shape %v, want [1 4 1]", got)
	}
	w.Value.Set(77, 0, 3, 0)
	w.Grad.Set(-7, 0, 3, 0)
	if p.Value.At(2, 3, 2) != 77 || p.Grad.At(2, 3, 2) != -7 {
		t.Error("the window does not share value and gradient")
	}
	for _, bad := range []span{{3, 0, 1}, {-1, 0, 1}, {0, -1, 1}, {0, 2, 2}, {0, 0, 4}} {
		if err := tensor.Catch(func() { p.Window(bad.axis, bad.lo, bad.hi) }); err == nil || !strings.Contains(err.Error(), "[3 4 5]") {
			t.Errorf("%+v: error %v, want one with the shape", bad, err)
		}
	}
}

// windowUse is an operation with windows of parameters, and the same with dense copies of them.
type windowUse struct {
	name   string
	shapes [][]int  // of the parameters
	spans  [][]span // of their windows
	x      tensor.Tensor
	run    func(tp *autograd.Tape, x *autograd.Var, p []*autograd.Param) *autograd.Var
}

var windowUses = []windowUse{
	{"linear", [][]int{{9, 8}, {8}}, [][]span{{{0, 0, 4}, {1, 0, 5}}, {{0, 0, 5}}}, gradcheck.Random(1, 3, 4),
		func(tp *autograd.Tape, x *autograd.Var, p []*autograd.Param) *autograd.Var {
			return autograd.Linear(tp, x, p[0], p[1])
		}},
	{"tied linear", [][]int{{9, 8}}, [][]span{{{0, 2, 7}, {1, 3, 7}}}, gradcheck.Random(1, 3, 4),
		func(tp *autograd.Tape, x *autograd.Var, p []*autograd.Param) *autograd.Var {
			return autograd.TiedLinear(tp, x, p[0], nil)
		}},
	{"convolution", [][]int{{5, 5, 9, 8}, {8}}, [][]span{{{0, 1, 4}, {1, 1, 4}, {2, 0, 4}, {3, 0, 6}}, {{0, 2, 8}}}, gradcheck.Random(1, 2, 6, 5, 4),
		func(tp *autograd.Tape, x *autograd.Var, p []*autograd.Param) *autograd.Var {
			return autograd.Conv2D(tp, x, p[0], p[1], conv.Square(4, 6, 3, 1))
		}},
	{"1x1 convolution", [][]int{{1, 1, 9, 8}}, [][]span{{{2, 3, 7}, {3, 2, 8}}}, gradcheck.Random(1, 2, 6, 5, 4),
		func(tp *autograd.Tape, x *autograd.Var, p []*autograd.Param) *autograd.Var {
			return autograd.Conv2D(tp, x, p[0], nil, conv.Square(4, 6, 1, 1))
		}},
	{"factorised reduction", [][]int{{1, 1, 9, 8}, {1, 1, 9, 8}}, [][]span{{{2, 0, 4}, {3, 0, 3}}, {{2, 1, 5}, {3, 4, 6}}}, gradcheck.Random(1, 2, 6, 4, 4),
		func(tp *autograd.Tape, x *autograd.Var, p []*autograd.Param) *autograd.Var {
			return autograd.FactorizedReduction(tp, x, autograd.ActReLU, p[0], p[1])
		}},
	{"depthwise", [][]int{{7, 7, 1, 9}}, [][]span{{{0, 2, 5}, {1, 2, 5}, {3, 0, 4}}}, gradcheck.Random(1, 2, 6, 5, 4),
		func(tp *autograd.Tape, x *autograd.Var, p []*autograd.Param) *autograd.Var {
			return autograd.DepthwiseConv2D(tp, x, autograd.ActReLU, p[0], depthwise.Square(4, 3, 1, 1))
		}},
	{"batch norm", [][]int{{9}, {9}}, [][]span{{{0, 2, 6}}, {{0, 2, 6}}}, gradcheck.Random(1, 2, 6, 5, 4),
		func(tp *autograd.Tape, x *autograd.Var, p []*autograd.Param) *autograd.Var {
			bn := &autograd.BatchNorm{Gamma: p[0], Beta: p[1], RunningMean: tensor.New(4), RunningVar: tensor.New(4), Eps: 1e-3, Momentum: 0.1}
			return autograd.BatchNorm2D(tp, x, bn)
		}},
}

// What is computed with windows is what is computed with dense copies of them; the rest of the gradient is not touched, and Spans
// names exactly what is.
func TestWindowedParameters(t *testing.T) {
	for _, u := range windowUses {
		t.Run(u.name, func(t *testing.T) {
			var wholes, windows, copies []*autograd.Param
			for i, shape := range u.shapes {
				p := param(fmt.Sprint(u.name, i), shape...)
				w := window(p, u.spans[i]...)
				c := autograd.NewParam("copy", w.Value.Shape()...)
				c.Value.CopyFrom(w.Value)
				wholes, windows, copies = append(wholes, p), append(windows, w), append(copies, c)
			}
			tp := autograd.NewTape()
			run := func(p []*autograd.Param) (y, dx tensor.Tensor) {
				tp.Reset(autograd.Training)
				x := tp.Variable(u.x)
				v := u.run(tp, x, p)
				y = v.Value.Clone()
				tp.BackwardFrom(autograd.OutputGradient{Var: v, Grad: gradcheck.Random(5, y.Shape()...)})
				return y, x.Grad().Clone()
			}
			y, dx := run(copies)
			for range 2 { // a gradient does not outlive its step
				for _, p := range wholes {
					p.Grad.Fill(float32(math.NaN()))
				}
				gotY, gotDX := run(windows)
				if e := differs(gotY, arrayOf(y)); !(e <= 1e-6) {
					t.Errorf("value: relative error %.2g", e)
				}
				if e := differs(gotDX, arrayOf(dx)); !(e <= 1e-6) {
					t.Errorf("gradient of the input: relative error %.2g", e)
				}
				if len(tp.Touched()) != len(wholes) {
					t.Errorf("%d parameters are touched, want %d", len(tp.Touched()), len(wholes))
				}
				for i, p := range wholes {
					if !slices.Contains(tp.Touched(), p) || !windows[i].Touched() {
						t.Errorf("parameter %d is not touched", i)
					}
					if e := differs(windows[i].Grad, arrayOf(copies[i].Grad)); !(e <= 1e-6) {
						t.Errorf("gradient of parameter %d: relative error %.2g", i, e)
					}
					checkSpans(t, p)
				}
			}
			tp.Reset(autograd.Training)
			for i, p := range wholes {
				for range p.Spans {
					t.Error("there are spans after Reset")
				}
				if p.Touched() || windows[i].Touched() {
					t.Error("a parameter is touched after Reset")
				}
			}
		})
	}
}

// checkSpans checks that spans of a parameter whose gradient was filled with NaN cover what is none now, each element once.
func checkSpans(t *testing.T, p *autograd.Param) {
	t.Helper()
	covered := make([]int, p.Value.Len())
	for lo, hi := range p.Spans {
		for i := lo; i < hi; i++ {
			covered[i]++
		}
	}
	for i, v := range p.Grad.Data {
		if want := v == v; covered[i] > 1 || (covered[i] == 1) != want {
			t.Fatalf("element %d of %s has the gradient %v and is covered %d times", i, p.Name, v, covered[i])
		}
	}
}

// Any windows of one parameter in one step, overlapping or not: their gradients are added where they meet, and start afresh where
// they do not.
func TestOverlappingWindows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	tp := autograd.NewTape()
	for range 200 {
		shape := []int{1 + rng.IntN(3), 1 + rng.IntN(3), 1 + rng.IntN(6), 1 + rng.IntN(6)}
		p := param("w", shape...)
		p.Grad.Fill(float32(math.NaN()))
		want := newArray(shape...)
		tp.Reset(autograd.Training)
		var seeds []autograd.OutputGradient
		var all []span
		for range 1 + rng.IntN(5) {
			w := p
			var spans [4]span
			for axis, d := range shape {
				lo := rng.IntN(d)
				spans[axis] = span{axis, lo, lo + 1 + rng.IntN(d-lo)}
				w = w.Window(axis, lo, spans[axis].hi)
			}
			all = append(all, spans[:]...)
			v := w.Value
			k := conv.Kernel{KH: v.Dim(0), KW: v.Dim(1), Cin: v.Dim(2), Cout: v.Dim(3), Stride: 1, Dilation: 1}
			x := gradcheck.Random(rng.Uint64(), 1, k.KH+1, k.KW+1, k.Cin)
			y := autograd.Conv2D(tp, tp.Constant(x), w, nil, k)
			dy := gradcheck.Random(rng.Uint64(), y.Value.Shape()...)
			seeds = append(seeds, autograd.OutputGradient{Var: y, Grad: dy})
			slid(1, 2, 2, k.KH, k.KW, 1, 0, 0, 1, func(_, oy, ox, iy, ix, ky, kx int) {
				for ci := range k.Cin {
					for co := range k.Cout {
						*want.p(spans[0].lo+ky, spans[1].lo+kx, spans[2].lo+ci, spans[3].lo+co) += float64(x.At(0, iy, ix, ci)) * float64(dy.At(0, oy, ox, co))
					}
				}
			})
		}
		tp.BackwardFrom(seeds...)
		checkSpans(t, p)
		for i, w := range want.data {
			if got := float64(p.Grad.Data[i]); w != 0 && !(math.Abs(got-w) <= 1e-4) || w == 0 && got == got && got != 0 {
				t.Fatalf("windows %v of %v: gradient %d is %v, want %v", all, shape, i, got, w)
			}
		}
	}
}

// Several windows in one step cost no allocation either.
func TestWindowsDoNotAllocate(t *testing.T) {
	w, tp := param("w", 8, 8), autograd.NewTape()
	x := gradcheck.Random(1, 3, 4)
	dy := gradcheck.Random(2, 3, 5)
	step := func() {
		tp.Reset(autograd.Training)
		for i := range 3 {
			y := autograd.Linear(tp, tp.Constant(x), w.Window(0, i, i+4).Window(1, 3-i, 8-i), nil)
			tp.Plant(autograd.OutputGradient{Var: y, Grad: dy})
		}
		tp.Walk()
	}
	step()
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations in a step", n)
	}
}

// A window of a batch norm is the batch norm of these channels: in every mode, and in what it leaves behind.
func TestBatchNormWindow(t *testing.T) {
	const c, lo, hi = 9, 3, 7
	whole := batchNorm("bn", c)
	for i := range c {
		whole.RunningMean.Data[i], whole.RunningVar.Data[i] = 0.1*float32(i), 1+0.2*float32(i)
	}
	w := whole.Window(lo, hi)
	if w != whole.Window(lo, hi) || whole.Window(0, c) != whole {
		t.Error("one window is two batch norms, or all channels are a window")
	}
	alone := batchNorm("alone", hi-lo)
	alone.Gamma.Value.CopyFrom(w.Gamma.Value)
	alone.Beta.Value.CopyFrom(w.Beta.Value)
	alone.RunningMean.CopyFrom(w.RunningMean)
	alone.RunningVar.CopyFrom(w.RunningVar)
	before := [2][]float32{slices.Clone(whole.RunningMean.Data), slices.Clone(whole.RunningVar.Data)}
	x := gradcheck.Random(1, 2, 3, 5, hi-lo)
	tp := autograd.NewTape()
	for mode := autograd.Training; mode <= autograd.PopulationStatistics; mode++ {
		tp.Reset(mode)
		got, want := autograd.BatchNorm2D(tp, tp.Constant(x), w), autograd.BatchNorm2D(tp, tp.Constant(x), alone)
		if !slices.Equal(got.Value.Data, want.Value.Data) {
			t.Errorf("mode %d: the window computes something else", mode)
		}
	}
	if !slices.Equal(w.RunningMean.Data, alone.RunningMean.Data) || !slices.Equal(w.RunningVar.Data, alone.RunningVar.Data) {
		t.Error("the running statistics of the window are others")
	}
	for i := range c {
		inside := i >= lo && i < hi
		if moved := whole.RunningMean.Data[i] != before[0][i]; moved != inside {
			t.Errorf("the running mean of channel %d has moved: %v, want %v", i, moved, inside)
		}
		if moved := whole.RunningVar.Data[i] != before[1][i]; moved != inside {
			t.Errorf("the running variance of channel %d has moved: %v, want %v", i, moved, inside)
		}
	}
}
