package autograd_test

import (
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/depthwise"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/tensor"
)

// What a literal leaves out of a geometry is what PyTorch's layers have by default: strides and dilations of 1, for pools strides
// as long as their windows.
func TestGeometryDefaults(t *testing.T) {
	type run func(tp *autograd.Tape, x *autograd.Var) *autograd.Var
	w, grouped, dw, up := param("w", 3, 3, 4, 6), param("g", 3, 3, 2, 6), param("d", 3, 3, 1, 4), param("u", 2, 2, 6, 4)
	convolution := func(k conv.Kernel) run {
		return func(tp *autograd.Tape, x *autograd.Var) *autograd.Var { return autograd.Conv2D(tp, x, w, nil, k) }
	}
	groups := func(k conv.Kernel) run {
		return func(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
			return autograd.GroupedConv2D(tp, x, grouped, nil, k, 2)
		}
	}
	separate := func(k conv.Kernel) run {
		return func(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
			return autograd.GroupedConv2D(tp, x, dw, nil, k, 4)
		}
	}
	depth := func(k depthwise.Kernel) run {
		return func(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
			return autograd.DepthwiseConv2D(tp, x, autograd.ActReLU, dw, k)
		}
	}
	transposed := func(k conv.Transposed) run {
		return func(tp *autograd.Tape, x *autograd.Var) *autograd.Var {
			return autograd.ConvTranspose2D(tp, x, up, nil, k)
		}
	}
	avg := func(a pool.Avg) run {
		return func(tp *autograd.Tape, x *autograd.Var) *autograd.Var { return autograd.AvgPool(tp, x, a) }
	}
	maxima := func(m pool.Max) run {
		return func(tp *autograd.Tape, x *autograd.Var) *autograd.Var { return autograd.MaxPool(tp, x, m) }
	}
	dense := func(cin, cout, stride, dilation, pad int) conv.Kernel {
		return conv.Kernel{Cin: cin, Cout: cout, KH: 3, KW: 3, Stride: stride, Dilation: dilation, PadH: pad, PadW: pad}
	}
	for name, c := range map[string][2]run{
		"conv":         {convolution(dense(4, 6, 0, 0, 1)), convolution(dense(4, 6, 1, 1, 1))},
		"conv, stride": {convolution(dense(4, 6, 2, 0, 0)), convolution(dense(4, 6, 2, 1, 0))},
		"groups":       {groups(dense(4, 6, 0, 0, 0)), groups(dense(4, 6, 1, 1, 0))},
		"as many":      {separate(dense(4, 4, 0, 0, 0)), separate(dense(4, 4, 1, 1, 0))},
		"depthwise":    {depth(depthwise.Kernel{C: 4, K: 3, Pad: 1}), depth(depthwise.Kernel{C: 4, K: 3, Pad: 1, Stride: 1, Dilation: 1})},
		"transposed": {
			transposed(conv.Transposed{Cin: 4, Cout: 6, KH: 2, KW: 2}), transposed(conv.Transposed{Cin: 4, Cout: 6, KH: 2, KW: 2, Stride: 1, Dilation: 1}),
		},
		"average pool":  {avg(pool.Avg{Kernel: 2}), avg(pool.Avg{Kernel: 2, Stride: 2})},
		"average, pad":  {avg(pool.Avg{Kernel: 3, Pad: 1}), avg(pool.Avg{Kernel: 3, Stride: 3, Pad: 1})},
		"max pool":      {maxima(pool.Max{Kernel: 2}), maxima(pool.Max{Kernel: 2, Stride: 2})},
		"max pool, pad": {maxima(pool.Max{Kernel: 3, Pad: 1}), maxima(pool.Max{Kernel: 3, Stride: 3, Pad: 1})},
	} {
		tp := autograd.NewTape()
		result := func(f run) (y, dx tensor.Tensor) {
			tp.Reset(autograd.Training)
			x := tp.Variable(image(2, 6, 8, 4))
			v := f(tp, x)
			y = v.Value.Clone()
			tp.BackwardFrom(autograd.OutputGradient{Var: v, Grad: y})
			return y, x.Grad().Clone()
		}
		var y, dx [2]tensor.Tensor
		for i, f := range c {
			if err := tensor.Catch(func() { y[i], dx[i] = result(f) }); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if !y[0].SameShape(y[1]) || differs(y[0], arrayOf(y[1])) != 0 || differs(dx[0], arrayOf(dx[1])) != 0 {
			t.Errorf("%s: a geometry with defaults is %v, or other values, want %v", name, y[0].Shape(), y[1].Shape())
		}
	}
}
