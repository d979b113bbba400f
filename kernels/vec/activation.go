package vec

import (
	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

// Exp computes dst[i] = e^a[i], within 2 ULP. Above 88.73 it is +Inf, below -103.98 zero; NaN stays NaN.
func Exp(dst, a []float32) {
	checkLengths("vec.Exp", len(dst), len(a))
	elementwise(active.exp, dst, a, nil, 0)
}

// Sigmoid computes dst[i] = 1 / (1 + e^-a[i]), within 3 ULP where a[i] > -87 and within 2⁻¹²⁶ below. NaN stays NaN.
func Sigmoid(dst, a []float32) {
	checkLengths("vec.Sigmoid", len(dst), len(a))
	elementwise(active.sigmoid, dst, a, nil, 0)
}

// SigmoidBackward computes the gradient of Sigmoid from its output y, d[i] = dy[i]·y[i]·(1 - y[i]), and stores it in dx[i] or, to
// accumulate, adds it there.
func SigmoidBackward(dx, y, dy []float32, accumulate bool) {
	checkLengths("vec.SigmoidBackward", len(dx), len(y), len(dy))
	elementwise(storeOrAdd(active.sigmoidBackward, active.sigmoidBackwardAdd, accumulate), dx, y, dy, 0)
}

// Tanh computes dst[i] = tanh a[i], within 3 ULP; -0 stays -0 and NaN NaN.
func Tanh(dst, a []float32) {
	checkLengths("vec.Tanh", len(dst), len(a))
	elementwise(active.tanh, dst, a, nil, 0)
}

// TanhBackward computes the gradient of Tanh from its output y, d[i] = dy[i]·(1 - y[i]²), and stores it in dx[i] or, to accumulate,
// adds it there.
func TanhBackward(dx, y, dy []float32, accumulate bool) {
	checkLengths("vec.TanhBackward", len(dx), len(y), len(dy))
	elementwise(storeOrAdd(active.tanhBackward, active.tanhBackwardAdd, accumulate), dx, y, dy, 0)
}

// ReLU computes dst[i] = 0 if a[i] < 0, a[i] otherwise: NaN stays NaN and -0 stays -0.
func ReLU(dst, a []float32) {
	checkLengths("vec.ReLU", len(dst), len(a))
	elementwise(large(dst, a, active.relu, active.reluNonTemporal), dst, a, nil, 0)
}

// ReLUBackward computes the gradient of ReLU, d[i] = dy[i] if x[i] > 0, 0 otherwise (also where x is NaN), and stores it
// in dx[i] or, to accumulate, adds it there. The output of ReLU serves as x just as well as its input.
func ReLUBackward(dx, x, dy []float32, accumulate bool) {
	checkLengths("vec.ReLUBackward", len(dx), len(x), len(dy))
	elementwise(storeOrAdd(large(dx, dy, active.reluBackward, active.reluBackwardNonTemporal), active.reluBackwardAdd, accumulate), dx,
		x, dy, 0)
}

// ReLU6 computes dst[i] = min(max(a[i], 0), 6): NaN stays NaN and -0 stays -0.
func ReLU6(dst, a []float32) {
	checkLengths("vec.ReLU6", len(dst), len(a))
	elementwise(active.relu6, dst, a, nil, 0)
}

// ReLU6Backward computes the gradient of ReLU6, d[i] = dy[i] if 0 < x[i] < 6, 0 otherwise (also where x is NaN), and stores it in
// dx[i] or, to accumulate, adds it there. The output of ReLU6 serves as x just as well as its input.
func ReLU6Backward(dx, x, dy []float32, accumulate bool) {
	checkLengths("vec.ReLU6Backward", len(dx), len(x), len(dy))
	elementwise(storeOrAdd(active.relu6Backward, active.relu6BackwardAdd, accumulate), dx, x, dy, 0)
}

// storeOrAdd picks the kernel of a gradient.
func storeOrAdd(store, add elementwiseKernel, accumulate bool) elementwiseKernel {
	if accumulate {
		return add
	}
	return store
}

// large returns nonTemporal instead of kernel where there is such and dst had better be written past the caches.
func large(dst, a []float32, kernel, nonTemporal elementwiseKernel) elementwiseKernel {
	if nonTemporal != nil && cpu.NonTemporal(4*len(dst)) && &dst[0] != &a[0] && uintptr(unsafe.Pointer(&dst[0]))%64 == 0 {
		return nonTemporal
	}
	return kernel
}
