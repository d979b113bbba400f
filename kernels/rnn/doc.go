// Package rnn holds what recurrent networks need beside matrix products: layers of LSTM, gated and plain units ([LSTM], [GRU], [Elman]) and
// the recurrent cells of DARTS through time and back, the highway step alone, embeddings, and the dropout masks that stay the same for a
// whole sequence.
//
// # Where the time goes
//
// Nearly all of it goes into [github.com/oneshot-nas/oneshot/kernels/gemm]. An [LSTM] multiplies the inputs of all steps in one
// product; only h·WHH has to wait for the step before, and for that the weights are laid out once for all steps. Backward, the
// gradients of the gates of all steps are kept, so that the weights' gradients are products over all steps as well. With a batch
// of 20, a recurrent product reads its weights for 20 rows only and waits for memory. A [GRU] and an [Elman] layer do the same, and so
// does a [DARTSCell] for each of its inner steps.
//
// Between the products a chunk of work is a row: the gates of one sequence in one step stay in the level-1 cache while
// [github.com/oneshot-nas/oneshot/kernels/vec] goes over them, a dozen times in an LSTM: three per cent of a layer of 650 units, so that a
// kernel which does all at once would gain next to nothing. The cell of DARTS, with two activations for a product a quarter of
// that size, spends four per cent there with [github.com/oneshot-nas/oneshot/kernels/vec.LocalGate], and one more without.
//
// Inner steps of the cell that read the same state could share a product. On one thread that gains nothing: a panel of weights is read
// once either way.
//
// # Numbers
//
// With a Precision of [github.com/oneshot-nas/oneshot/kernels/gemm.BF16] a layer rounds what its products read, forward and backward:
// inputs, states and weights, and the gradients of what the products gave. States, gates, biases and all sums stay float32.
//
// Errors are those of the products and activations underneath (outputs of small layers within 2e-6 of their size, of a cell of DARTS
// within 4e-6, a highway step within 1e-6 for operands of size one, tested), and so is the way of a NaN, except
// that an [Embedding] whose scale is zero does not look at the row. The same shape and instruction set give the same bits on any
// number of threads.
package rnn
