// Package norm holds the passes over memory that batch normalisation (Ioffe and Szegedy 2015) consists of, and the norms that do not look
// across a batch: [LayerNorm], [GroupNorm].
//
// A normalisation is applied as scale⊙x + shift per channel, and its gradient is a⊙g + b⊙x + c: once the sums over the
// batch are known, both directions are affine. That is why they need not be passes of their own:
//
//   - the sums Σx and Σx² come from the convolution that writes x ([AddStats]), or from [Stats];
//   - [ApplySum] normalises any number of branches while it adds them up, which is how the nodes of a cell are made;
//   - [GradSums] reads the node's gradient once for all branches;
//   - [GradSumsAct] finds the sums of what an activation passes back as it writes that;
//   - a convolution takes the coefficients of [BackwardCoefficients] and forms the gradient as it packs it; for anyone
//     else [Affine] writes it down;
//   - a convolution takes a normalisation before it as a [Fold], evaluates it as it reads, and sums its gradient as it writes.
//
// [BatchNorm] puts them together for a layer on its own, with a ReLU or ReLU6 behind it in the same pass. To recalibrate a network, add
// the sums of [Stats] over several batches and take their [Moments].
//
// A [GroupNorm] is for a sample what a batch norm is for a batch, and made of the same passes. A [LayerNorm] has loops of its own over a
// row, which it reads twice, the second time out of the level-1 cache, both ways: backward the second of them also adds to the sums for γ
// and β.
//
// These passes wait for memory. Sums read it in the order in which it lies, the second pass goes backwards through what the first
// left in cache, and what is too large to stay there is written past the caches ([github.com/oneshot-nas/oneshot/kernels/cpu.NonTemporal]).
//
// All tensors are rows × c values, rows ld floats apart: an NHWC image batch has N·H·W rows. Sums are float32 over at
// most 32 Ki values and float64 beyond, in an order that the shape alone decides: their error is below 3e-6 of the sum of the absolute
// values (tested). A NaN or an infinity spoils the sums of its channel, and so all of what is normalised with them, and no other channel;
// in a [LayerNorm] it spoils its row, whose sums of x and x² are float64, and in a [GroupNorm] its group of its sample.
package norm
