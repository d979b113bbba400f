// Package strided moves values between layouts: it copies an array to another one of the same shape, or adds it to that, where both have
// strides of their own along every axis.
//
// Transposition, slices along any axis, concatenation, padding, reversal and repetition are this one operation with other strides, and
// so are their gradients. A stride of zero in the source repeats it (all of them at zero are [Fill]); in a destination that is added to
// it sums what was repeated.
//
//	x := strided.Array{Data: images, Stride: strided.Strides{h * w * c, w * c, c, 1}} // [N][H][W][C]
//	y := strided.Array{Data: planes, Stride: strided.Strides{c * h * w, w, 1, h * w}} // [N][C][H][W], its axes in the order of x
//	strided.Copy(y, x, n, h, w, c)
//
// Axes that lie alike in both are joined. What is then left decides how values are moved: where an axis is contiguous in both, by rows;
// where each has a contiguous axis of its own, in square tiles, whose transposition has kernels of assembly (AVX2, NEON); else one by
// one. Rows and tiles move as fast as memory.
//
// Copies are exact. Sums are float32, added in the order of the axes, in which the work is not cut: they are the same bits for any number
// of threads and on every instruction set.
package strided
