package autograd_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/autograd/gradcheck"
	"github.com/oneshot-nas/oneshot/tensor"
)

// misshapen are shapes that an operation on one of the given shape may not expect.
func misshapen(shape []int) [][]int {
	with := func(axis, n int) []int {
		s := slices.Clone(shape)
		s[axis] = n
		return s
	}
	shapes := [][]int{{}, {1}, {0}, shape[:len(shape)-1], append([]int{1}, shape...)[:min(len(shape)+1, tensor.MaxRank)]}
	for axis := range shape {
		shapes = append(shapes, with(axis, 0), with(axis, 1), with(axis, shape[axis]+1))
	}
	return append(shapes, make([]int, len(shape)), slices.Repeat([]int{1}, len(shape)))
}

// Whatever the shapes of its operands, an operation computes something or panics with a shape error, forward and backward, and
// leaves a tape that can be used as before.
func TestMisshapenOperands(t *testing.T) {
	for _, c := range opCases {
		if name, _, _ := strings.Cut(c.name, "/"); name == "Apply" || name == "Chunk" {
			continue // whose cases index what they are given by themselves
		}
		t.Run(c.name, func(t *testing.T) {
			o, tp := c.make(small), autograd.NewTape()
			step := func(x []tensor.Tensor) (y tensor.Tensor) {
				tp.Reset(autograd.Training)
				v := o.run(tp, leaves(tp.Variable, x))
				y = v.Value.Clone()
				tp.BackwardFrom(autograd.OutputGradient{Var: v, Grad: y})
				return y
			}
			want := step(o.x)
			for i, x := range o.x {
				for _, shape := range misshapen(x.Shape()) {
					in := slices.Clone(o.x)
					in[i] = gradcheck.Random(1, shape...)
					fails(t, fmt.Sprintf("input %d of shape %v", i, shape), func() { step(in) })
				}
			}
			if y := step(o.x); !slices.Equal(y.Data, want.Data) {
				t.Error("what has failed before changes the result")
			}
			tp.Reset(autograd.Training)
			if n := tp.Used(); n != 0 {
				t.Errorf("%d bytes are in use after Reset", n)
			}
		})
	}
}

// Labels and indices come from data: whatever they are, and whenever they change, Catch returns an error that names the one that is
// wrong, and the tape can be used as before. Batches are so large that several threads work on them.
func TestFaultsOfData(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	const n, c = 4096, 64
	x, table := tensor.New(n, c), param("table", c, c)
	tp, index := autograd.NewTape(), make([]int32, n)
	all := []int32{-1, n, math.MinInt32, math.MaxInt32}
	if testing.Short() {
		all = all[:2]
	}
	for name, f := range map[string]func() *autograd.Var{
		"CrossEntropy": func() *autograd.Var { return autograd.CrossEntropy(tp, tp.Variable(x), index, 0).Var },
		"CrossEntropyInPlace": func() *autograd.Var {
			return autograd.CrossEntropyInPlace(tp, autograd.Linear(tp, tp.Constant(x), table, nil), index, 0.1).Var
		},
		"Embedding":   func() *autograd.Var { return autograd.Embedding(tp, table, index, nil, n, c) },
		"IndexSelect": func() *autograd.Var { return autograd.IndexSelect(tp, tp.Variable(x), 1, index) },
		"Gather":      func() *autograd.Var { return autograd.Gather(tp, tp.Variable(x), 1, index) },
		"ScatterAdd": func() *autograd.Var {
			return autograd.ScatterAdd(tp, tp.Variable(x), 1, index, tp.Variable(tensor.New(n, 1)))
		},
	} {
		for _, bad := range all {
			step := func(forward, backward int32) func() {
				return func() {
					tp.Reset(autograd.Training)
					index[n-7] = forward
					v := f()
					index[n-7] = backward
					tp.Backward(autograd.Mean(tp, v))
				}
			}
			fails(t, name, step(bad, bad), fmt.Sprint(bad), fmt.Sprint(n-7))
			err := tensor.Catch(step(1, bad)) // the losses have used their labels by then
			if err != nil && !strings.Contains(err.Error(), fmt.Sprint(bad)) || err == nil && !strings.HasPrefix(name, "Cross") {
				t.Errorf("%s, %d in the backward pass: error %v, want one with it", name, bad, err)
			}
			if err := tensor.Catch(step(1, 1)); err != nil {
				t.Errorf("%s after an error: %v", name, err)
			}
		}
	}
}
