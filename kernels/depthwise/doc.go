// Package depthwise convolves every channel of NHWC images with a small kernel of its own: forward, and backward with respect to
// the input and to the weights, for any kernel size, stride, padding and dilation, with a ReLU or ReLU6 before it.
//
// # A few multiplications for each float
//
// A 3×3 kernel multiplies every value nine times, so 3×3 waits for memory, and even 7×7 is lost if each multiplication fetches
// its own operand. What helps depends on the instruction set.
//
// AVX-512 and AVX2 can mask the lanes of a load. There the inner loops hold eight rows of outputs, one vector wide, and read the input
// where it lies: each vector serves every tap of a kernel column that meets it, masks hide what lies left and right of the image,
// and the rows above and below it are a row of zeros. Taps that see nothing of the image are left out. Where pixels follow each other
// without gaps, vectors need not begin with a pixel: the row is cut into vectors whatever the number of channels, and the weights repeat
// after lcm(channels, lanes) floats. Meanwhile what the next rows need is fetched into the cache, for the processor does not foresee so
// many rows at once; without that, kernels of 3×3 run at half the speed. The same loops, turned about, sum the gradients of the weights.
// See tall.go.
//
// Elsewhere rows come into a ring that holds what the kernel's window needs, block of channels by block of channels: the rows of one
// block, a vector wide, fit the level-1 cache. Bringing them there adds the zero border, fills the last block up, closes the gaps
// of a channel window and applies the activation, so that the inner loops know no edges. A small kernel, or one with a stride, reads
// each row only two or three times, and then the ring costs more than it gives: where nothing has to be done to the input, it is
// read where it is, and only the columns at the edges come from a strip with zeros (see direct.go). Neighbouring taps share what
// they load: an inner loop holds 16 output pixels in registers, and every vector of the source serves up to three taps, for three
// different pixels. With a stride or a dilation, neighbours are not adjacent taps and adjacent pixels but those whose sources coincide:
// see pieces.go.
//
// The gradient of the input is the same loop over the output gradient with the taps turned round, phase by phase if there is a
// stride.
//
// # One visit
//
// [Backward] goes down each image once, and both gradients take of the rows what they need while these are in cache. With AVX-512 and AVX2
// ([Folds]) rows may also be evaluated on the way: the output's gradient as an affine function of that behind a batch norm, the input as a
// normalisation with its activation of what lies in memory. They slide down the image as far as the window reaches, see slide.go.
//
// # Numbers
//
// A result is a sum of products in float32 over the taps, or, for the weights, of the pixels of a few images and then of
// these sums; its error is at most (terms + 2)·2⁻²⁴ times the sum of the absolute values of the terms. A NaN or an infinity
// reaches the pixels whose windows hold it, in its channel. (In weights or in the gradient of the output it may also reach what taps
// outside the image belong to, as zero times infinity.) The order depends on the shape and the instruction set alone: the
// same bits come out on any number of threads.
package depthwise
