// Package softmax holds the softmax cross-entropy loss of a classifier, with its gradient, and softmax and its logarithm on their own.
//
// For a row x of k logits with label y, and label smoothing ε, the target distribution is q = (1-ε)·onehot(y) + ε/k and
//
//	loss = -Σ_j q_j log p_j = log Σ_j exp(x_j - m) + m - (1-ε)·x_y - (ε/k)·Σ_j x_j,   m = max_j x_j
//	∂loss/∂x_j = p_j - q_j,                                                           p = softmax(x)
//
// Subtracting the maximum keeps every exponential at or below 1, so no finite logits overflow. [CrossEntropy] computes
// the loss, the gradient and the number of correct predictions in one call, three passes over a row that stays in the
// cache. Rows are shared among the workers of package parallel, so it must not be called from within a parallel.Task.
//
// The smoothing is PyTorch's (Szegedy et al., "Rethinking the Inception Architecture", arXiv 1512.00567). Recipes that
// spread ε over the other k-1 classes alone want ε·k/(k-1) here.
//
// [Softmax], [LogSoftmax] and their gradients work on rows too, for what is no loss: the mixture of a relaxed architecture, or the
// probabilities of a trained one. [Running] takes a row in pieces, as attention has it.
//
// # Numbers
//
// Exponentials are within 1.02 ULP of the exact value (over all float32 arguments 0.94 with AVX2 and AVX-512, and 1.01 with NEON, where
// package vec computes them); below -87.3 results are subnormal and within about a step of 2⁻¹⁴⁹ until they become 0 at -104. They are
// summed in float64, as is the loss. A row that contains NaN or +Inf, or nothing but -Inf, has a NaN loss and NaN gradients, and no
// other row is touched; single -Inf logits are classes of probability 0. Results are the same bits for any number of threads.
package softmax
