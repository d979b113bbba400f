// Package pool holds average pooling and its gradient.
//
// An image batch is N·H·W rows of C channels, float32, in NHWC order; the distance ld between the rows of two
// neighbouring pixels may exceed C, so source and destination may be channel windows of wider tensors. [Avg] describes a
// pooling layer, [Shape] what it is applied to, and each pass either overwrites its result or adds to it, for a node that
// sums several edges or for a tensor that several edges read:
//
//	p := pool.Avg{Kernel: 3, Stride: 1, Pad: 1} // padding is not counted
//	s := pool.Shape{N: 64, H: 32, W: 32, C: 16}
//	p.Forward(y, 16, x, 16, s, false)
//	p.Backward(dx, 16, dy, 16, s, true)
//
// [GlobalForward] and [GlobalBackward] average over all pixels of an image.
//
// # How it works
//
// The mean over a window is separable, and so is its divisor: rows times columns. A pass first forms weighted sums of
// whole rows in scratch that stays in the nearest caches, then of columns. The same holds for the gradient, with the roles
// of input and output exchanged, so one function does both; only the lists of what is summed with which weights differ (see
// run). All of it, and the global mean as well, is calls of one kernel, which walks runs of contiguous channels and adds
// up equally spaced taps:
//
//	dst[r,p,c] = Σ_t w[t] · src[r,p,t,c]
//
// In a dense image neighbouring pixels are contiguous too, and the kernel sees one long run instead of many short ones.
// Work is shared among the workers of package parallel by bands of rows of each image, so these functions must not be
// called from within a parallel.Task.
//
// # Numbers
//
// Sums are float32 and each of their terms is rounded once, with a fused multiply-add where the instruction set has one.
// For a k×k window the result differs from the exact mean by at most (2k+4)·2⁻²⁴ of the mean of the absolute values; for
// the global mean by (H·W+2)·2⁻²⁴. Results are the same bits for any number of threads. A NaN or an Inf in the input
// shows in every window that contains it, and in no other one.
package pool
