// Package activation names the activation functions that kernels evaluate in passing, before or behind what they are for.
package activation

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Func is an activation function. The zero value leaves everything as it is.
type Func int

const (
	Identity Func = iota
	ReLU          // max(x, 0); a NaN stays one
	ReLU6         // min(max(x, 0), 6); a NaN stays one
	Tanh
	Sigmoid
)

var names = [...]string{"identity", "relu", "relu6", "tanh", "sigmoid"}

// String returns the function's name in lower case.
func (f Func) String() string {
	if f < 0 || int(f) >= len(names) {
		return fmt.Sprintf("activation %d", int(f))
	}
	return names[f]
}

// Clamps reports whether f does no more than to keep values within [Func.Bounds].
func (f Func) Clamps() bool { return f >= Identity && f <= ReLU6 }

// Bounds returns between what a function that clamps keeps its values.
func (f Func) Bounds() (lo, hi float32) {
	inf := float32(math.Inf(1))
	switch f {
	case ReLU:
		return 0, inf
	case ReLU6:
		return 0, 6
	}
	return -inf, inf
}

// Local computes dst[i] = f(x[i]) in the calling goroutine. dst may be x.
func (f Func) Local(dst, x []float32) {
	switch f {
	case ReLU:
		vec.LocalReLU(dst, x)
	case ReLU6:
		vec.LocalReLU6(dst, x)
	case Tanh:
		vec.LocalTanh(dst, x)
	case Sigmoid:
		vec.LocalSigmoid(dst, x)
	default:
		copy(dst, x)
	}
}

// LocalBackward computes the gradient of x from y = f(x), or from x itself if f clamps, and dy, that of y, and stores it in dx or, to
// accumulate, adds it there. dx may be y or dy.
func (f Func) LocalBackward(dx, y, dy []float32, accumulate bool) {
	switch f {
	case ReLU:
		vec.LocalReLUBackward(dx, y, dy, accumulate)
	case ReLU6:
		vec.LocalReLU6Backward(dx, y, dy, accumulate)
	case Tanh:
		vec.LocalTanhBackward(dx, y, dy, accumulate)
	case Sigmoid:
		vec.LocalSigmoidBackward(dx, y, dy, accumulate)
	default:
		if accumulate {
			vec.LocalAddTo(dx, dy)
		} else {
			copy(dx, dy)
		}
	}
}
