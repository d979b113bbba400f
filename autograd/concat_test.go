package autograd_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/tensor"
)

// A joiner puts values [N][H][W][…] side by side: next is called before a part is made, join with all parts.
type joiner interface {
	next(cols int)
	join(parts ...*autograd.Var) *autograd.Var
}

// inPlace is a concatenation.
type inPlace struct{ *autograd.Concat }

func (c inPlace) next(cols int)                             { c.Next(cols) }
func (c inPlace) join(parts ...*autograd.Var) *autograd.Var { return c.Join(parts...) }

// copying says the same by other means: every part goes through a 1×1 convolution that puts its channels where they belong, and
// these are added up.
type copying struct {
	tp   *autograd.Tape
	cols int
}

func (c copying) next(int) {}

func (c copying) join(parts ...*autograd.Var) (y *autograd.Var) {
	lo := 0
	for _, p := range parts {
		n := p.Value.Cols()
		w := autograd.NewParam("select", 1, 1, n, c.cols)
		for i := range n {
			w.Value.Set(1, 0, 0, i, lo+i)
		}
		lo += n
		placed := autograd.Conv2D(c.tp, p, w, nil, conv.Square(n, c.cols, 1, 1))
		if y == nil {
			y = placed
		} else {
			y = autograd.Add(c.tp, y, placed)
		}
	}
	return y
}

// concatUses are ways to use a concatenation of inputs [N][H][W][5] and [N][H][W][7].
var concatUses = []struct {
	name string
	cols int
	f    func(tp *autograd.Tape, c joiner, x vars) vars
}{
	{"parts made in place", 12, func(tp *autograd.Tape, c joiner, x vars) vars {
		c.next(5)
		a := autograd.Tanh(tp, x[0])
		c.next(7)
		b := autograd.AvgPool(tp, x[1], pool.Avg{Kernel: 3, Stride: 1, Pad: 1})
		return vars{c.join(a, b)}
	}},
	{"parts that lie elsewhere", 19, func(tp *autograd.Tape, c joiner, x vars) vars {
		a := autograd.Tanh(tp, x[0])
		c.next(7)
		b := autograd.Tanh(tp, x[1])
		return vars{c.join(b, a, x[1])}
	}},
	{"parts read before", 12, func(tp *autograd.Tape, c joiner, x vars) vars {
		c.next(5)
		a := autograd.Tanh(tp, x[0])
		s := autograd.Sigmoid(tp, a)
		c.next(7)
		b := autograd.Tanh(tp, x[1])
		return vars{s, c.join(a, b), autograd.Mul(tp, b, x[1])}
	}},
	{"parts read behind", 12, func(tp *autograd.Tape, c joiner, x vars) vars {
		c.next(5)
		a := autograd.Tanh(tp, x[0])
		c.next(7)
		b := autograd.Tanh(tp, x[1])
		y := c.join(a, b)
		return vars{y, autograd.Sigmoid(tp, a), autograd.Add(tp, b, x[1]), autograd.Scale(tp, y, 2)}
	}},
	{"a part twice", 15, func(tp *autograd.Tape, c joiner, x vars) vars {
		c.next(5)
		a := autograd.Tanh(tp, x[0])
		return vars{c.join(a, a, a), autograd.Scale(tp, x[1], 1)}
	}},
	{"a shared gradient", 12, func(tp *autograd.Tape, c joiner, x vars) vars {
		c.next(5)
		a := autograd.Tanh(tp, x[0])
		c.next(7)
		b := autograd.Tanh(tp, x[1])
		y := c.join(a, b)
		other := autograd.ReLU(tp, autograd.Scale(tp, y, 0.5))
		s := autograd.Add(tp, y, other) // whose gradient is that of both, and is added to
		return vars{s, autograd.Scale(tp, a, 3), autograd.Scale(tp, other, 2)}
	}},
	{"a part from normed convolutions", 12, func(tp *autograd.Tape, c joiner, x vars) vars {
		bn := batchNorm("bn", 7)
		k := conv.Square(5, 7, 1, 1)
		y := autograd.Conv2D(tp, x[0], weight("w", k), nil, k)
		c.next(7)
		a := autograd.BatchNormSum(tp, autograd.Term{X: y, BN: bn}, autograd.Term{X: x[1]})
		return vars{c.join(a, x[0]), autograd.Tanh(tp, a)}
	}},
}

// Concatenation computes forwards and backwards what copying does.
func TestConcat(t *testing.T) {
	for _, u := range concatUses {
		t.Run(u.name, func(t *testing.T) {
			in := []tensor.Tensor{image(2, 3, 4, 5), gradcheck.Random(2, 2, 3, 4, 7)}
			tp := autograd.NewTape()
			run := func(c func() joiner) (all []array) {
				tp.Reset(autograd.Training)
				x := leaves(tp.Variable, in)
				var seeds []autograd.OutputGradient
				for i, y := range u.f(tp, c(), x) {
					all = append(all, arrayOf(y.Value))
					seeds = append(seeds, autograd.OutputGradient{Var: y, Grad: gradcheck.Random(uint64(i), y.Value.Shape()...)})
				}
				tp.BackwardFrom(seeds...)
				for _, v := range x {
					all = append(all, arrayOf(v.Grad()))
				}
				return all
			}
			got := run(func() joiner { return inPlace{autograd.NewConcat(tp, 2, 3, 4, u.cols)} })
			for i, want := range run(func() joiner { return copying{tp, u.cols} }) {
				num, den := 0., 0.
				for j, w := range want.data {
					num, den = num+sq(got[i].data[j]-w), den+sq(w)
				}
				if !slices.Equal(got[i].shape, want.shape) || !(num <= 1e-11*den) {
					t.Errorf("result %d of values and gradients: error %.2g of %.2g", i, num, den)
				}
			}
			check(t, func(tp *autograd.Tape, x vars) vars {
				return u.f(tp, inPlace{autograd.NewConcat(tp, 2, 3, 4, u.cols)}, x)
			}, in)
		})
	}
}

// A concatenation may be a part of another one: neither is copied.
func TestConcatOfConcats(t *testing.T) {
	f := func(tp *autograd.Tape, x vars) vars {
		outer := autograd.NewConcat(tp, 2, 3, 4, 17)
		outer.Next(12)
		inner := autograd.NewConcat(tp, 2, 3, 4, 12)
		inner.Next(5)
		a := autograd.Tanh(tp, x[0])
		inner.Next(7)
		b := autograd.Tanh(tp, x[1])
		ab := inner.Join(a, b)
		y := outer.Join(ab, a)
		if &ab.Value.Data[0] != &y.Value.Data[0] || &b.Value.Data[0] != &y.Value.Data[5] {
			t.Error("a part was copied")
		}
		return vars{y, autograd.Sigmoid(tp, ab)}
	}
	in := []tensor.Tensor{gradcheck.Random(1, 2, 3, 4, 5), gradcheck.Random(2, 2, 3, 4, 7)}
	check(t, f, in)
	tp := autograd.NewTape()
	x := leaves(tp.Constant, in)
	y := f(tp, x)[0].Value
	a, b := mapped(arrayOf(in[0]), math.Tanh), mapped(arrayOf(in[1]), math.Tanh)
	if e := differs(y, concatenated(a, b, a)); !(e <= 1e-6) {
		t.Errorf("relative error %.2g", e)
	}
}

// The place that Next gives is for one value: an operation whose result cannot have gaps is copied, and the value after it lies
// elsewhere.
func TestConcatPlaceIsUsedOnce(t *testing.T) {
	tp := autograd.NewTape()
	x := tp.Constant(gradcheck.Random(1, 3, 4))
	cat := autograd.NewConcat(tp, 3, 9)
	cat.Next(4)
	a := autograd.Softmax(tp, x)
	b := autograd.Tanh(tp, x)
	cat.Next(5)
	c := autograd.Scale(tp, tp.Constant(gradcheck.Random(2, 3, 5)), 1)
	y := cat.Join(a, c)
	if &b.Value.Data[0] == &y.Value.Data[0] {
		t.Error("a value that is no part lies in the concatenation")
	}
	if e := differs(y.Value, concatenated(arrayOf(a.Value), arrayOf(c.Value))); e != 0 {
		t.Errorf("relative error %.2g", e)
	}
}

func TestConcatErrors(t *testing.T) {
	for want, f := range map[string]func(tp *autograd.Tape, c *autograd.Concat){
		"columns 0 to 9": func(_ *autograd.Tape, c *autograd.Concat) { c.Next(10) },
		"columns 5 to 9": func(_ *autograd.Tape, c *autograd.Concat) { c.Next(5); c.Next(5) },
		"has the shape [2 5]": func(tp *autograd.Tape, c *autograd.Concat) {
			c.Next(5)
			autograd.Tanh(tp, tp.Constant(tensor.New(2, 5)))
		},
		"got 4 columns": func(tp *autograd.Tape, c *autograd.Concat) { c.Join(tp.Constant(tensor.New(3, 4))) },
		"[3 6] at column 4": func(tp *autograd.Tape, c *autograd.Concat) {
			c.Join(tp.Constant(tensor.New(3, 4)), tp.Constant(tensor.New(3, 6)))
		},
		"[3 4] at column 0, over a value that lies at column 0": func(tp *autograd.Tape, c *autograd.Concat) {
			c.Next(4)
			h := autograd.Tanh(tp, tp.Constant(tensor.New(3, 4)))
			c.Join(autograd.Scale(tp, h, 2), tp.Constant(tensor.New(3, 5)))
		},
		"[3 5] at column 0, over a value that lies at column 0": func(tp *autograd.Tape, c *autograd.Concat) {
			c.Next(4)
			a := autograd.Tanh(tp, tp.Constant(tensor.New(3, 4)))
			c.Next(5)
			b := autograd.Tanh(tp, tp.Constant(tensor.New(3, 5)))
			c.Join(b, a)
		},
		"[2 4] at column 0":       func(tp *autograd.Tape, c *autograd.Concat) { c.Join(tp.Constant(tensor.New(2, 4))) },
		"a window of shape [3 9]": func(tp *autograd.Tape, _ *autograd.Concat) { autograd.Window(tp, tp.Constant(tensor.New(3, 9)), 4, 10) },
	} {
		tp := autograd.NewTape()
		c := autograd.NewConcat(tp, 3, 9)
		if err := tensor.Catch(func() { f(tp, c) }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// Windows that overlap, of a value that is also read as a whole, and of a window.
func TestWindows(t *testing.T) {
	check(t, func(tp *autograd.Tape, x vars) vars {
		v := autograd.Tanh(tp, x[0])
		if autograd.Window(tp, v, 0, 7) != v {
			t.Error("a window of everything is another value")
		}
		a, b := autograd.Window(tp, v, 0, 4), autograd.Window(tp, v, 2, 7)
		s := autograd.Add(tp, v, x[1])
		return vars{a, autograd.Sigmoid(tp, b), autograd.Window(tp, b, 1, 3), s, autograd.Add(tp, a, autograd.Window(tp, s, 3, 7))}
	}, []tensor.Tensor{image(2, 3, 4, 7), gradcheck.Random(2, 2, 3, 4, 7)})
}

// The truncation of NAS-Bench-101: channels of a convolution's output feed a batch norm of the first of them.
func TestWindowOfConvolution(t *testing.T) {
	k := conv.Square(5, 7, 3, 1)
	w, bn := weight("w", k), batchNorm("bn", 7)
	check(t, func(tp *autograd.Tape, x vars) vars {
		y := autograd.Convs(tp, x[0], autograd.ActReLU, []autograd.ConvBranch{{Kernel: k, Weight: w, Sums: true}})[0]
		narrow := autograd.BatchNorm2D(tp, autograd.Window(tp, y, 0, 4), bn.Window(0, 4))
		return vars{narrow, autograd.BatchNorm2D(tp, y, bn)}
	}, []tensor.Tensor{image(2, 4, 4, 5)}, w, bn.Gamma, bn.Beta)
}
