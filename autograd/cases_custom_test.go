package autograd_test

import (
	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// customCases are operations from outside of the package.
var customCases = []opCase{
	applyCase("Apply", func(c int) *autograd.Param { return param("w", c) }),
	applyCase("Apply/window", func(c int) *autograd.Param { return param("w", 2, c+3).Window(1, 1, c+1).Window(0, 1, 2) }),
	applyCase("Apply/windows", func(c int) *autograd.Param { return param("w", 2, c+3).Window(1, 1, c+1) }),
}

// applyCase is y = a²·b·w, with a weight for each channel in the first row of w.
func applyCase(name string, weight func(c int) *autograd.Param) opCase {
	return opCase{name, func(s size) *operation {
		x := []tensor.Tensor{s.images(1), s.images(2)}
		c, shape := x[0].Cols(), x[0].Shape()
		w := weight(c)
		forward := func(y tensor.Tensor, x []tensor.Tensor) {
			for i, a := range x[0].Data {
				y.Data[i] = a * a * x[1].Data[i] * x[2].Data[i%c]
			}
		}
		backward := func(dx []tensor.Tensor, dy, y tensor.Tensor, x []tensor.Tensor) {
			for i, g := range dy.Data {
				a, b, v := x[0].Data[i], x[1].Data[i], x[2].Data[i%c]
				dx[0].Data[i], dx[1].Data[i] = 2*a*b*v*g, a*a*v*g
				dx[2].Data[i%c] += a * a * b * g
			}
		}
		operands := make([]autograd.Operand, 3)
		n := x[0].Len()
		return &operation{
			x: x, params: []*autograd.Param{w}, apart: true,
			run: func(tp *autograd.Tape, x vars) *autograd.Var {
				operands[0], operands[1], operands[2] = x[0], x[1], w
				return autograd.Apply(tp, operands, shape, forward, backward)
			},
			want: func(x []array) array {
				y, v := newArray(shape...), valueOf(w)
				for i, a := range x[0].data {
					y.data[i] = a * a * x[1].data[i] * v.data[i%c]
				}
				return y
			},
			moved: 3 * n, movedBack: 5 * n,
		}
	}}
}
