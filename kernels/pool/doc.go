// Package pool holds average and max pooling, the upsampling that is their opposite, and their gradients.
//
// An image batch is N·H·W rows of C channels, float32, in NHWC order; the distance ld between the rows of two
// neighbouring pixels may exceed C, so source and destination may be channel windows of wider tensors. [Avg] and [Max]
// describe pooling layers, [Shape] what they are applied to. Most passes either overwrite their result or add to it, for a
// node that sums several edges or for a tensor that several edges read:
//
//	p := pool.Avg{Kernel: 3, Stride: 1, Pad: 1} // padding is not counted
//	s := pool.Shape{N: 64, H: 32, W: 32, C: 16}
//	p.Forward(y, 16, x, 16, s, false)
//	p.Backward(dx, 16, dy, 16, s, true)
//
// [GlobalForward] and [GlobalBackward] average over all pixels of an image. Work is shared among the workers of package
// parallel by bands of rows of each image.
//
// # Averages
//
// The mean over a window is separable, and so is its divisor: rows times columns. A pass first forms weighted sums of
// whole rows in scratch that stays in the nearest caches, then of columns. The same holds for the gradient, with the roles
// of input and output exchanged, so one function does both; only the lists of what is summed with which weights differ (see
// run). All of it, and the global mean as well, is calls of one kernel, which walks runs of contiguous channels and adds
// up equally spaced taps:
//
//	dst[r,p,c] = Σ_t w[t] · src[r,p,t,c]
//
// [Nearest] upsampling is the gradient of an average without its divisor, and so is one more list of runs.
//
// In a dense image neighbouring pixels are contiguous too, and the kernel sees one long run instead of many short ones.
//
// # Maxima
//
// The maximum is separable as well, and so is the place where it was found, if columns come first: the first of the
// largest values within each row of the window, then the first row that has the largest of these, is the first in
// row-major order. The other way round a tie would be decided by the column. One kernel does both passes, with one byte
// of position beside each value: kx after the first, ky·Kernel+kx after the second.
//
// For the gradient one could walk the outputs and add each gradient where its maximum was found. Neighbouring windows
// overlap, so that would be a scatter, element by element. Instead every input pixel looks at the windows that hold it, at
// most Kernel² of them, and adds up the gradients of those whose index names its own position. This is vector code, a
// comparison of bytes and an addition under its mask, and no two chunks of work write to the same place.
//
// # Numbers
//
// Sums are float32 and each of their terms is rounded once, with a fused multiply-add where the instruction set has one.
// For a k×k window an average differs from the exact mean by at most (2k+4)·2⁻²⁴ of the mean of the absolute values; for
// the global mean by (H·W+2)·2⁻²⁴. Maxima are exact to the bit, and a gradient of Max differs from the exact sum of its n
// terms by at most n·2⁻²⁴ of the sum of their absolute values. Results are the same bits for any number of threads.
//
// A NaN or an Inf shows in every average whose window contains it, and in no other one. A NaN is the maximum of every
// window that contains it, wherever in the window it is; of several the last one is found. The gradient of a maximum
// goes to one pixel, and a NaN or Inf among the gradients spoils no other one.
package pool
