package autograd_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Every exported function that takes a tape is an operation, and has a case.
func TestEveryOperationHasACase(t *testing.T) {
	covered := map[string]bool{
		"Mask": true, // draws numbers: TestMask
	}
	for _, c := range opCases {
		name, _, _ := strings.Cut(c.name, "/")
		covered[name] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{"Mask": true}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || len(f.Type.Params.List) == 0 {
				continue
			}
			if star, ok := f.Type.Params.List[0].Type.(*ast.StarExpr); !ok || star.X.(*ast.Ident).Name != "Tape" {
				continue
			}
			found[f.Name.Name] = true
			if !covered[f.Name.Name] {
				t.Errorf("%s: %s has no case in opCases", file, f.Name.Name)
			}
		}
	}
	for name := range covered {
		if !found[name] {
			t.Errorf("there is a case of %s, which is no operation", name)
		}
	}
}

// windowed returns the tensor as the middle columns of a wider one.
func windowed(t tensor.Tensor) tensor.Tensor {
	shape := t.Shape()
	c := shape[len(shape)-1]
	shape[len(shape)-1] = c + 5
	w := gradcheck.Random(9, shape...).Window(2, 2+c)
	w.CopyFrom(t)
	return w
}

func windowedAll(x []tensor.Tensor) (w []tensor.Tensor) {
	for _, t := range x {
		w = append(w, windowed(t))
	}
	return w
}

// leaves puts tensors on the tape.
func leaves(leaf func(tensor.Tensor) *autograd.Var, x []tensor.Tensor) (v vars) {
	for _, t := range x {
		v = append(v, leaf(t))
	}
	return v
}

// differs returns the root mean square of got−want relative to that of want.
func differs(got tensor.Tensor, want array) float64 {
	var num, den float64
	for i, v := range arrayOf(got).data {
		num, den = num+sq(v-want.data[i]), den+sq(want.data[i])
	}
	if den == 0 {
		den = 1
	}
	return math.Sqrt(num / den)
}

// Values are those of the oracle: in every mode of the tape, with and without gaps between the rows of the inputs and of the result. An
// operation that wants no gaps says so with a shape error.
func TestOperationValues(t *testing.T) {
	for _, c := range opCases {
		t.Run(c.name, func(t *testing.T) {
			o := c.make(small)
			var x []array
			for _, v := range o.x {
				x = append(x, arrayOf(v))
			}
			want := o.want(x)
			compare := func(what string, got tensor.Tensor) {
				t.Helper()
				if !slices.Equal(got.Shape(), want.shape) {
					t.Fatalf("%s: shape %v, want %v", what, got.Shape(), want.shape)
				}
				if e := differs(got, want); !(e <= 3e-6) {
					t.Errorf("%s: relative error %.2g", what, e)
				}
			}
			tp := autograd.NewTape()
			for mode := autograd.Training; mode <= autograd.CollectStatistics; mode++ {
				if o.batch && mode == autograd.Inference {
					continue
				}
				tp.Reset(mode)
				compare("value", o.run(tp, leaves(tp.Constant, o.x)).Value)
				tp.Reset(mode)
				y, whole := joined(tp, o, leaves(tp.Variable, o.x))
				compare("value in a concatenation", y.Value)
				lo := whole.Value.Cols() - y.Value.Cols() - 1
				compare("value of the concatenation", whole.Value.Window(lo, lo+y.Value.Cols()))
				if inPlace := &y.Value.Data[0] == &whole.Value.Data[lo]; inPlace == o.apart {
					t.Errorf("in place in a concatenation: %v, want %v", inPlace, !o.apart)
				}
				tp.Reset(mode)
				if err := tensor.Catch(func() {
					compare("value of windows", o.run(tp, leaves(tp.Variable, windowedAll(o.x))).Value)
				}); (err != nil) != o.dense {
					t.Errorf("windows as inputs: error %v, want one: %v", err, o.dense)
				}
			}
		})
	}
}

// joined puts the result of an operation between other columns of a concatenation.
func joined(tp *autograd.Tape, o *operation, x vars) (y, whole *autograd.Var) {
	shape := o.shape()
	c := shape[len(shape)-1]
	shape[len(shape)-1] = c + 4
	cat := autograd.NewConcat(tp, shape...)
	shape[len(shape)-1] = 3
	before := tp.Constant(gradcheck.Random(5, shape...))
	shape[len(shape)-1] = 1
	behind := tp.Constant(gradcheck.Random(6, shape...))
	cat.Next(3)
	before = autograd.Scale(tp, before, 1)
	cat.Next(c)
	y = o.run(tp, x)
	return y, cat.Join(before, y, behind)
}

// shape is that of the result.
func (o *operation) shape() []int {
	tp := autograd.NewTape()
	return o.run(tp, leaves(tp.Constant, o.x)).Value.Shape()
}

// Gradients are those of difference quotients; and the same however the gradient of the result arrives, wherever those of the inputs go, and
// whichever of them are asked for.
func TestOperationGradients(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // thousands of small steps, which a second thread would only slow down
	type outputs = []autograd.OutputGradient
	for _, c := range opCases {
		t.Run(c.name, func(t *testing.T) {
			o := c.make(small)
			x := o.x
			if !o.dense {
				x = windowedAll(x)
			}
			if err := gradcheck.Check(func(tp *autograd.Tape, x vars) vars { return vars{o.run(tp, x)} }, x, o.params...); err != nil {
				t.Fatal(err)
			}
			tp, n, dy := autograd.NewTape(), len(x), gradcheck.Random(8, o.shape()...)
			x = append(slices.Clone(x), windowed(gradcheck.Random(7, o.shape()...))) // one more for what is done with the result
			// gradients are those of all inputs and parameters: zeros where there is none, as of the input that is a constant.
			gradients := func(constant int, f func(x vars) outputs) (grads []tensor.Tensor) {
				tp.Reset(autograd.Training)
				in := leaves(tp.Variable, x)
				if constant >= 0 {
					in[constant] = tp.Constant(x[constant])
				}
				tp.BackwardFrom(f(in)...)
				for i, v := range in {
					grads = append(grads, tensor.New(x[i].Shape()...))
					if g := v.Grad(); !g.IsZero() {
						grads[i].CopyFrom(g)
					}
				}
				for _, p := range o.params {
					g := tensor.New(p.Value.Shape()...)
					if p.Touched() {
						g.CopyFrom(p.Grad)
					}
					grads = append(grads, g)
				}
				return grads
			}
			alone := func(x vars) outputs { return outputs{{Var: o.run(tp, x[:n]), Grad: dy}} }
			var reference []array
			for _, g := range gradients(-1, alone) {
				reference = append(reference, arrayOf(g))
			}
			compare := func(what string, got []tensor.Tensor, want []array) {
				for i, g := range got {
					if e := differs(g, want[i]); !(e <= 3e-6) {
						t.Errorf("%s: gradient %d has relative error %.2g", what, i, e)
					}
				}
			}
			for name, f := range map[string]func(x vars, want []array) outputs{ // which add to want what else arrives
				"a window of another gradient": func(x vars, _ []array) outputs {
					y, whole := joined(tp, o, x[:n])
					d := gradcheck.Random(6, whole.Value.Shape()...)
					lo := d.Cols() - y.Value.Cols() - 1
					d.Window(lo, lo+y.Value.Cols()).CopyFrom(dy)
					return outputs{{Var: whole, Grad: d}}
				},
				"added to other gradients": func(x vars, want []array) outputs {
					out := alone(x)
					for i, v := range x[:n] {
						d := gradcheck.Random(uint64(9+i), v.Value.Shape()...)
						out = append(out, autograd.OutputGradient{Var: autograd.Scale(tp, v, 0.5), Grad: d})
						want[i] = combined(want[i], arrayOf(d), func(v, w float64) float64 { return v + w/4 })
					}
					for i := range want {
						want[i] = mapped(want[i], func(v float64) float64 { return 2 * v })
					}
					return append(out, alone(x)...)
				},
				"shared": func(x vars, want []array) outputs {
					y, d := o.run(tp, x[:n]), gradcheck.Random(9, o.shape()...)
					want[n] = combined(arrayOf(dy), arrayOf(d), func(v, w float64) float64 { return v + 2*w })
					return outputs{{Var: autograd.Add(tp, y, x[n]), Grad: dy}, {Var: autograd.Scale(tp, x[n], 2), Grad: d}}
				},
				"inputs' inputs": func(x vars, want []array) outputs { // gradients of the inputs go on
					half, out := slices.Clone(x), outputs{}
					for i, v := range x[:n] {
						h, d := autograd.Add(tp, v, v), gradcheck.Random(uint64(9+i), v.Value.Shape()...)
						half[i], out = autograd.Scale(tp, h, 0.5), append(out, autograd.OutputGradient{Var: h, Grad: d})
						want[i] = combined(want[i], arrayOf(d), func(v, w float64) float64 { return v + 2*w })
					}
					return append(alone(half), out...)
				},
			} {
				want := slices.Clone(reference)
				compare(name, gradients(-1, func(x vars) outputs { return f(x, want) }), want)
			}
			for i := range n {
				want := slices.Clone(reference)
				want[i] = newArray(x[i].Shape()...)
				compare(fmt.Sprintf("input %d a constant", i), gradients(i, alone), want)
			}
		})
	}
}

// step runs an operation and, in training, its backward pass.
func (o *operation) step(tp *autograd.Tape, mode autograd.Mode, x vars, dy tensor.Tensor) *autograd.Var {
	tp.Reset(mode)
	for i, t := range o.x {
		x[i] = tp.Variable(t)
	}
	y := o.run(tp, x)
	if mode == autograd.Training {
		tp.Plant(autograd.OutputGradient{Var: y, Grad: dy})
		tp.Walk()
	}
	return y
}

// After the first steps no step allocates, and all memory comes back: at once what is not the gradient of an input, and outside of
// training, at the end of a block, what is not its result.
func TestOperationMemory(t *testing.T) {
	for _, c := range opCases {
		t.Run(c.name, func(t *testing.T) {
			o := c.make(small)
			tp, x := autograd.NewTape(), make(vars, len(o.x))
			dy := gradcheck.Random(8, o.shape()...)
			for _, tp.Precision = range o.precisions() {
				for _, mode := range []autograd.Mode{autograd.Training, autograd.CollectStatistics, autograd.Inference} {
					step := func() { o.step(tp, mode, x, dy) }
					step()
					step()
					if n := testing.AllocsPerRun(5, step); n != 0 {
						t.Errorf("mode %d in %v: %v allocations in a step", mode, tp.Precision, n)
					}
				}
			}
			o.step(tp, autograd.Training, x, dy)
			used, grads := tp.Used(), int64(0)
			for _, v := range x {
				if g := v.Grad(); !g.IsZero() {
					grads += bytesOf(g.Len())
				}
			}
			if used > grads || used == 0 && grads > 0 { // several inputs may share a gradient
				t.Errorf("%d bytes are in use after the backward pass, and the inputs' gradients have %d", used, grads)
			}
			tp.Reset(autograd.Inference)
			if n := tp.Used(); n != 0 {
				t.Errorf("%d bytes are in use after Reset", n)
			}
			in := leaves(tp.Constant, o.x)
			tp.Block(func() *autograd.Var {
				h := o.run(tp, in)
				return autograd.Scale(tp, h, 2)
			})
			if n, want := tp.Used(), bytesOf(tensor.Size(o.shape()...)); n != want {
				t.Errorf("%d bytes are in use behind a block, and its result has %d", n, want)
			}
		})
	}
}

// bytesOf is what n floats take of an arena.
func bytesOf(n int) int64 {
	var a tensor.Arena
	a.Get(n)
	return a.Used()
}

// threaded are the cases that short tests of threads have, in float32: small ones, of different kernels. The tests of kernels ask for the same
// of all of them, on every instruction set.
var threaded = []string{"Convs/1x1", "DepthwiseConv2D", "MaxPool", "BatchNorm2D", "LayerNorm", "CrossEntropy", "Mul", "Sum"}

// Values and gradients are the same bits for any number of threads.
func TestOperationThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var random tensor.Tensor // of which the gradients of all results are made
	short := 0
	for _, c := range opCases {
		if testing.Short() && !slices.Contains(threaded, c.name) {
			continue
		}
		short++
		t.Run(c.name, func(t *testing.T) {
			o := c.make(wide)
			tp, precisions := autograd.NewTape(), o.precisions()
			if testing.Short() {
				precisions = precisions[:1]
			}
			for _, tp.Precision = range precisions {
				var want []float32
				for _, procs := range []int{1, 2} {
					runtime.GOMAXPROCS(procs)
					tp.Reset(autograd.Training)
					x := leaves(tp.Variable, o.x)
					y := o.run(tp, x)
					got := y.Value.Clone().Data
					if random.Len() < len(got) {
						random = gradcheck.Random(8, len(got))
					}
					tp.BackwardFrom(autograd.OutputGradient{Var: y, Grad: tensor.Wrap(random.Data[:len(got)], y.Value.Shape()...)})
					for _, v := range x {
						if g := v.Grad(); !g.IsZero() {
							got = append(got, g.Data...)
						}
					}
					for _, p := range o.params {
						got = append(got, p.Grad.Data...)
					}
					if want == nil {
						want = got
					} else if !slices.Equal(want, got) {
						t.Errorf("GOMAXPROCS %d changes the result in %v", procs, tp.Precision)
					}
				}
			}
		})
	}
	if testing.Short() && short != len(threaded) {
		t.Errorf("%d cases, want those of %v", short, threaded)
	}
}

// BenchmarkOps runs every operation at a size of a network. GFLOP/s count two per multiply-add, GB/s what must be read and written at least.
func BenchmarkOps(b *testing.B) {
	for _, c := range opCases {
		o := c.make(large)
		tp, x := autograd.NewTape(), make(vars, len(o.x))
		dy := gradcheck.Random(8, o.shape()...)
		run := func(name string, macs, moved int, backward bool) {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				var spent time.Duration
				o.step(tp, autograd.Training, x, dy) // the first step allocates
				b.ReportAllocs()
				for b.Loop() {
					tp.Reset(autograd.Training)
					for i, t := range o.x {
						x[i] = tp.Variable(t)
					}
					start := time.Now()
					y := o.run(tp, x)
					if backward {
						tp.Plant(autograd.OutputGradient{Var: y, Grad: dy})
						start = time.Now()
						tp.Walk()
					}
					spent += time.Since(start)
				}
				b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "ns/op")
				if macs > 0 {
					b.ReportMetric(2*float64(macs)*float64(b.N)/float64(spent.Nanoseconds()), "GFLOP/s")
				} else if moved > 0 {
					b.ReportMetric(4*float64(moved)*float64(b.N)/float64(spent.Nanoseconds()), "GB/s")
				}
			})
		}
		run("fwd", o.macs, o.moved, false)
		run("bwd", 2*o.macs, o.movedBack, true)
	}
}
