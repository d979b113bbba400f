// Package tensor holds dense float32 arrays and the memory that they live in.
//
// A [Tensor] has up to four axes. Images are NHWC, convolution weights HWIO ([kh][kw][cin][cout]), sequences TBC. The
// last axis is contiguous; the others have strides, so that a window of channels of a tensor is a tensor:
//
//	x := tensor.New(64, 32, 32, 48)   // a batch of 32×32 images with 48 channels
//	y := x.Window(16, 32)             // channels 16 to 31, no copy
//	y.LD()                            // 48: the distance between neighbouring pixels
//
// Kernels see a tensor as [Tensor.Rows] × [Tensor.Cols] values, rows [Tensor.LD] apart, which is why the pixels of an
// image must be evenly spaced.
//
// An [Arena] recycles buffers: after the first training step a step allocates nothing.
//
// Files are in the safetensors format, which PyTorch's tools read and write too: [SaveSafetensors] replaces a file whole or not
// at all, [LoadSafetensors] checks all of a file's header before it believes any of it, and lists what a Tensor
// cannot hold (other types, more axes) beside what it has read. [Tensor.Transpose] converts the layouts of others.
//
// Shape errors are programming errors: they panic with a [ShapeError], here and in every kernel, whichever thread notices, and [Catch]
// turns it into an error at the edge of a program. What comes from outside (files) returns errors.
package tensor
