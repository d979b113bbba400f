// Package conv computes dense two-dimensional convolutions of NHWC images: forward, and backward with respect to the
// input and to the weights, for any kernel size, stride, padding, dilation and shift of the windows.
//
// # Direct, not im2col
//
// A call works on a few images at a time. Their pixels are copied once into a scratch buffer that stays in the level-2
// cache; the copy adds the zero border, applies a preceding ReLU and closes the gaps of a channel window, so that the
// inner loops know no edges. A register tile then holds pixels × output channels and walks taps and input channels:
// each step loads a vector of weights and multiplies it by single input values, which the processor broadcasts as it
// reads them. Stride and dilation change only the distances between those reads. Where the taps of a kernel row read
// adjacent pixels, the row is one run of KW·Cin consecutive floats.
//
// The gradient with respect to the input is the same loop over the packed output gradient with flipped and transposed
// weights; with stride s it falls into s² phases, each with the taps that reach it. The gradient with respect to the
// weights is a sum of outer products over pixels, held in registers for all pixels of the packed images. Nothing is packed where nothing
// has to be done on the way: not the operands of a plain 1×1 convolution, nor an output gradient whose border nobody reads. What is
// then read from memory is fetched into the cache while the kernels compute with what came before.
//
// 3×3 convolutions at stride 1 go by Winograd's algorithm where channels and sizes allow: a few images at a time, or, where the
// transformed weights exceed the level-2 cache, the whole batch at once as 36 products of matrices.
//
// # Several branches, one input
//
// In a search space's cell several operations read the same node, and at few channels fetching it costs as much as
// computing with it. [Forward] and [Backward] therefore take a list of branches of one input: it is packed once for all
// of them, and its gradient is gathered in cache and written once. Backward, convolutions 1×1 are one whose output has the channels of all.
//
// The batch norm that follows a convolution is met halfway: Forward returns the sums that it needs, and Backward accepts
// the gradient as an affine function of the gradient behind the batch norm, so that neither costs a pass of its own. So is the one before
// convolutions: they take the raw input, evaluate scale, shift and activation as they read it ([Input].Fold), and return with its
// gradient the sums that the batch norm needs backwards, for which only a single convolution 1×1 needs no pass of its own.
//
// What a node adds up it can add up where it lies: a branch may add to its output, and add a bias.
//
// # Errors
//
// The root mean square error of a direct convolution and of its gradients is below 2e-6 of the root mean square result, Winograd's is
// below 1e-5 (both tested; sums of a few thousand products). Setting ONESHOT_WINOGRAD=off turns Winograd's algorithm off.
//
// # bfloat16
//
// With [Input].Precision what is multiplied is rounded to bfloat16 (package bf16) on its way into the kernels: values behind their
// activation or folded normalisation, output gradients behind their affine function, weights. Sums and results are float32; so are bias,
// statistics, and what is added to. The algorithms are those of float32, with the same errors over the rounded operands.
//
// Where the processor has a unit for such numbers, from 16 channels up, the products run on it (the type Tiles of package bf16). The
// pixels of a strip of images are then packed into one sequence, with zeros between rows and between images that serve both neighbours as
// border. Windows of adjacent outputs lie at equal distances in it: outputs are the rows of a matrix product, although the rows of one
// operand overlap, and a tap, or a row of taps, is an offset. With stride s the pixels are sorted into s² phases first, so that this stays
// so. Between rows some outputs are computed in vain, a few in a hundred on large images. The gradient of the weights is the product of
// the transposed sequence, from where a tap reads, and the output gradient in the same order. Nothing is transformed by Winograd's
// algorithm; where that applies and the unit is one of vectors, which is only about twice as fast as float32, the algorithms of float32
// stay in place.
//
// # NaN and infinities
//
// A NaN or an infinity of the input reaches the outputs whose windows hold it, on all their channels, and nothing else; so it is with the
// gradients. Winograd's algorithm spreads it over the tiles of 4×4 outputs that it touches. On a unit for bfloat16 one of the input may
// reach the gradients of all weights of its channel, and one of the output gradient those of its own. max(x, 0) of a NaN is a NaN.
//
// # Determinism
//
// A batch is cut into chunks by its size alone, and chunks into groups of images by their shape; what chunks sum they leave
// apart, and it is added in chunk order. The same shape and instruction set give the same bits on any number of threads.
package conv
