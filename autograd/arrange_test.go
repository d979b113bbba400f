package autograd_test

import (
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/tensor"
)

// errorCase is what misuse has at hand: x is [3][4], image [2][3][4][6].
type errorCase struct {
	tp       *autograd.Tape
	x, image *autograd.Var
}

// What does not fit is named, with what would.
func TestArrangementErrors(t *testing.T) {
	w := func(shape ...int) *autograd.Param { return autograd.NewParam("w", shape...) }
	for want, f := range map[string]func(c errorCase){
		"autograd.Slice: got axis 2 of [3 4], want -2 to 1":       func(c errorCase) { autograd.Slice(c.tp, c.x, 2, 0, 1) },
		"tensor.Window: got [1:5] of axis 1":                      func(c errorCase) { autograd.Slice(c.tp, c.x, 1, 1, 5) },
		"got lengths [1 3], want lengths that add up to the 3 of": func(c errorCase) { autograd.Split(c.tp, c.x, 0, 1, 3) },
		"got lengths [5 -1]":                                      func(c errorCase) { autograd.Split(c.tp, c.x, 1, 5, -1) },
		"autograd.Chunk: got 0 parts, want at least 1":            func(c errorCase) { autograd.Chunk(c.tp, c.x, 1, 0) },
		"got shape [5 -1] for [3 4], want at most 4 axes":         func(c errorCase) { autograd.Reshape(c.tp, c.x, 5, -1) },
		"got shape [-1 -1] for [3 4]":                             func(c errorCase) { autograd.Reshape(c.tp, c.x, -1, -1) },
		"got shape [12 1 1 1 1] for [3 4]":                        func(c errorCase) { autograd.Reshape(c.tp, c.x, 12, 1, 1, 1, 1) },
		"order [0 0] of [3 4], want a permutation of 2 axes":      func(c errorCase) { autograd.Transpose(c.tp, c.x, 0, 0) },
		"autograd.Transpose: got order [1] of [3 4]":              func(c errorCase) { autograd.Transpose(c.tp, c.x, 1) },
		"autograd.Flip: got axis 1 twice":                         func(c errorCase) { autograd.Flip(c.tp, c.x, 1, -1) },
		"autograd.Expand: got shape [6 4] for [3 4]":              func(c errorCase) { autograd.Expand(c.tp, c.x, 6, 4) },
		"autograd.Expand: got shape [4] for [3 4]":                func(c errorCase) { autograd.Expand(c.tp, c.x, 4) },
		"autograd.Repeat: got [2] times [3 4]":                    func(c errorCase) { autograd.Repeat(c.tp, c.x, 2) },
		"autograd.Pad: got pads [[1 -1]] of [3 4]":                func(c errorCase) { autograd.Pad(c.tp, c.x, 0, [2]int{1, -1}) },
		"autograd.Cat: got no values":                             func(c errorCase) { autograd.Cat(c.tp, 0) },
		"autograd.Cat: got [2 3 4 6], want [3 4] but for axis 0":  func(c errorCase) { autograd.Cat(c.tp, 0, c.x, c.image) },
		"autograd.Stack: got axis 3, want -3 to 2":                func(c errorCase) { autograd.Stack(c.tp, 3, c.x, c.x) },
		"got 1 values, want at least one, of at most 3 axes":      func(c errorCase) { autograd.Stack(c.tp, 0, c.image) },
		"got index 3 at position 1, want 0 to 2":                  func(c errorCase) { autograd.IndexSelect(c.tp, c.x, 0, []int32{0, 3}) },
		"got index -1 at position 2, want 0 to 3":                 func(c errorCase) { autograd.Gather(c.tp, c.x, 1, []int32{0, 3, -1}) },
		"got 4 indices, want a multiple of 3":                     func(c errorCase) { autograd.Gather(c.tp, c.x, 1, make([]int32, 4)) },
		"source [3 4] for 6 indices, want [3 4]":                  func(c errorCase) { autograd.ScatterAdd(c.tp, c.x, 1, make([]int32, 6), c.x) },
		"got index 4 at position 0, want 0 to 3": func(c errorCase) {
			autograd.ScatterAdd(c.tp, c.x, 1, append([]int32{4}, make([]int32, 11)...), c.x)
		},
		"autograd.UpsampleBilinear: got a result of 0×2": func(c errorCase) { autograd.UpsampleBilinear(c.tp, c.image, 0, 2, false) },
		"autograd.AdaptiveAvgPool: got [3 4]":            func(c errorCase) { autograd.AdaptiveAvgPool(c.tp, c.x, 1, 1) },
		"autograd.Conv1D: got input [3 4]":               func(c errorCase) { autograd.Conv1D(c.tp, c.x, w(1, 4, 2), nil, conv.Kernel{}) },
		"autograd.ConvTranspose2D: got input [2 3 4 6], weight [1 1 6 2]": func(c errorCase) {
			k := conv.Transposed{Cin: 6, Cout: 2, KH: 1, KW: 1, Stride: 1, Dilation: 1}
			autograd.ConvTranspose2D(c.tp, c.image, w(1, 1, 6, 2), nil, k)
		},
		"autograd.GroupedConv2D: got input [2 3 4 6], weight [1 1 6 4], 4 groups": func(c errorCase) {
			autograd.GroupedConv2D(c.tp, c.image, w(1, 1, 6, 4), nil, conv.Square(6, 4, 1, 1), 4)
		},
		"autograd.GroupedConv2D: got input [2 3 4 6], weight [1 1 6 4], 0 groups": func(c errorCase) {
			autograd.GroupedConv2D(c.tp, c.image, w(1, 1, 6, 4), nil, conv.Square(6, 4, 1, 1), 0)
		},
	} {
		tp := autograd.NewTape()
		x, image := tp.Constant(tensor.New(3, 4)), tp.Constant(tensor.New(2, 3, 4, 6))
		if err := tensor.Catch(func() { f(errorCase{tp, x, image}) }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// Slices of whole rows, and views of another shape, lie in the memory of their operand.
func TestFreeArrangements(t *testing.T) {
	tp := autograd.NewTape()
	x := tp.Variable(tensor.New(4, 3, 6))
	wide := autograd.Window(tp, x, 1, 5)
	for name, v := range map[string]struct {
		y  *autograd.Var
		at *float32
	}{
		"the last axis":                  {autograd.Slice(tp, x, -1, 2, 4), &x.Value.Data[2]},
		"the first axis":                 {autograd.Slice(tp, x, 0, 1, 3), &x.Value.Data[18]},
		"the first axis of a window":     {autograd.Slice(tp, wide, 0, 1, 3), &x.Value.Data[19]},
		"one step of each sequence":      {autograd.Slice(tp, x, 1, 2, 3), &x.Value.Data[12]},
		"an axis behind one of length 1": {autograd.Slice(tp, autograd.Slice(tp, x, 0, 3, 4), 1, 1, 3), &x.Value.Data[60]},
		"everything":                     {autograd.Slice(tp, x, 1, 0, 3), &x.Value.Data[0]},
		"a shape with other rows":        {autograd.Reshape(tp, x, 2, -1), &x.Value.Data[0]},
		"a window with the same rows":    {autograd.Reshape(tp, wide, -1, 4), &x.Value.Data[1]},
		"a window with an axis more":     {autograd.Reshape(tp, wide, 4, 1, 3, 4), &x.Value.Data[1]},
		"the second of three parts":      {autograd.Split(tp, x, 0, 1, 2, 1)[1], &x.Value.Data[18]},
	} {
		if &v.y.Value.Data[0] != v.at {
			t.Errorf("%s is copied", name)
		}
	}
}

// Chunk makes parts as torch.chunk does: of one length but for the last, and maybe fewer than asked for.
func TestChunkLengths(t *testing.T) {
	for _, c := range []struct{ length, n, parts, last int }{{6, 3, 3, 2}, {7, 3, 3, 1}, {5, 4, 3, 1}, {3, 5, 3, 1}, {0, 2, 1, 0}} {
		tp := autograd.NewTape()
		parts := autograd.Chunk(tp, tp.Constant(tensor.New(c.length, 2)), 0, c.n)
		if n := len(parts); n != c.parts || parts[n-1].Value.Dim(0) != c.last {
			t.Errorf("%d in %d parts: %d parts, the last of %d; want %d, %d", c.length, c.n, n, parts[n-1].Value.Dim(0), c.parts, c.last)
		}
	}
}

// What has no elements is moved, too.
func TestEmptyArrangements(t *testing.T) {
	tp := autograd.NewTape()
	x := tp.Variable(tensor.New(0, 3, 4))
	var sum *autograd.Var
	for _, y := range []*autograd.Var{
		autograd.Transpose(tp, x, 2, 0, 1), autograd.Flip(tp, x, 0), autograd.Pad(tp, x, 1, [2]int{1, 1}), autograd.Repeat(tp, x, 2, 2, 2),
		autograd.Expand(tp, x, 5, 0, 3, 4), autograd.Slice(tp, x, 1, 1, 2), autograd.Cat(tp, 0, x, x), autograd.Cat(tp, 2, x, x),
		autograd.Stack(tp, 1, x, x),
		autograd.IndexSelect(tp, x, 1, []int32{2, 2}), autograd.Flatten(tp, x),
	} {
		if s := autograd.Sum(tp, y); sum == nil {
			sum = s
		} else {
			sum = autograd.Add(tp, sum, s)
		}
	}
	tp.Backward(sum)
	if got := sum.Value.Data[0]; got != 24 { // the padding
		t.Errorf("the sum of all is %v, want 24", got)
	}
}
