// Package elementwise holds functions of one and of two variables over whole tensors, with their derivatives, broadcasting, and sums
// and maxima over axes.
//
// A [Function] is a function of one variable: GELU, clamp, logarithm. A [Binary] is one of two, whose operands stretch as in NumPy and
// PyTorch: axes are aligned from the right, and one of length 1 is repeated as often as the other operand wants. Backward, the gradient
// of an operand is summed over the axes along which it was stretched. [Reduce] is that sum, and the largest or smallest element, for
// its own sake.
//
// # How it works
//
// An [Array] is data with a length and a stride for each of four axes, so that a window, whose rows have gaps between them, and an operand
// that is stretched, whose stride is zero, are the same to all that follows. Axes that every operand of a call allows to be seen as one
// are merged; what is left is walked in pieces of 1,024 elements in the order of the result. Of each operand a piece is at hand as a plain
// slice: where it lies, or, if its elements are not adjacent, collected in the level-1 cache. A row that is repeated is laid out there once
// and used for as many pieces as there are. The rule of the function combines the slices with the kernels of package vec, in several
// passes if need be: from and to the level-1 cache those cost little beside the one pass over memory.
//
// So whatever is made of the kernels of package vec runs as fast as memory allows, or as an exponential or a logarithm does, on every
// instruction set that has them: all functions but [Pow] with an exponent other than −1, 1/2, 1, 2 and 3, which is plain Go in float64,
// element by element, and so slower by an order of magnitude or two. [Sum], [Largest] and [Smallest] along the innermost axis have
// kernels that take many rows in one call, since those are often short. Functions that many networks apply to whole feature maps have
// kernels of their own, in one pass (ReLU, SiLU, hardswish, leaky ReLU).
//
// # Numbers
//
// Values are the same bits for any number of threads, as all kernels' are. Sums over axes are in float64, in an order that the
// shape alone decides; those over axes that do not adjoin (first and last, say) are rounded to float32 in between. NaN, infinities, ties
// and the ends of intervals are treated as PyTorch 2.15 treats them, which the tests of package autograd compare.
package elementwise
