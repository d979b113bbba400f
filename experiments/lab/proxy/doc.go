// Package proxy rates architectures before they are trained: zero-cost proxies, each a number that is computed on a batch or two with
// the network as it is initialised. They are what a supernet has to beat. All are turned so that higher means better.
//
//	name       from                                                   what it is, summed over the layers (or of all units)        passes
//	snip       Lee, Ajanthan and Torr 2019, arXiv 1810.02340          |w · ∂L/∂w|                                                 loss
//	grad_norm  Abdelfattah et al. 2021, arXiv 2101.08134              ‖∂L/∂w‖ of the weights of a layer                           loss
//	fisher     Theis et al. 2018, arXiv 1801.05787; Turner et al.     ½·(a · ∂L/∂a)² of a channel's outputs, mean over images     loss
//	           2020, arXiv 1906.04113
//	plain      Mozer and Smolensky 1988; Abdelfattah et al. 2021      w · ∂L/∂w                                                   loss
//	synflow    Tanaka et al. 2020, arXiv 2006.05467                   w · ∂R/∂w of |w|, R the outputs for an image of ones        one image
//	naswot     Mellor et al. 2021, arXiv 2006.04647                   log det of how alike the active units of images are         forward
//	jacob_cov  Mellor et al. 2020, arXiv 2006.04647v1                 how little the gradients of images correlate                backward
//	swap       Peng et al. 2024, arXiv 2403.04161                     number of different patterns of images among units          forward
//	zico       Li et al. 2023, arXiv 2301.11300                       log Σ mean/deviation of |∂L/∂w| over batches                loss, each batch
//
// L is the mean cross-entropy of a batch. Each proxy is described where it is computed, with what it follows. Weights w are those
// of convolutions and linear layers (in a model of text, the matrices of the cell and the table of words), not biases nor what belongs
// to batch norms. Batch norms use the statistics of the batch; nothing is dropped out, and auxiliary heads are left out.
//
// [Computer] computes several of them together: those that need the gradient of the loss share one pass, which gives the forward
// ones, too. [TrainingSpeed] is a proxy that does cost something: the losses of the first epochs of training.
//
// # Measured
//
// Against the published test accuracies of NAS-Bench-201 on CIFAR-10, for 1,000 architectures drawn at random (each function once, none
// whose output does not depend on its input), one initialisation, a batch of 64; in brackets 95 % intervals over architectures. On
// the right, the networks have 8 channels and one cell a stage instead of 16 and five; the truth is the same (TestPublished):
//
//	            published size                                   8 channels, 1 cell
//	            τ-b                     ρ                        τ-b     ρ
//	synflow      0.582 [ 0.556  0.607]   0.780 [ 0.752  0.804]    0.576   0.775
//	snip         0.435 [ 0.392  0.469]   0.591 [ 0.535  0.631]    0.083   0.124
//	grad_norm    0.433 [ 0.391  0.467]   0.589 [ 0.535  0.630]    0.061   0.090
//	fisher       0.302 [ 0.263  0.339]   0.429 [ 0.375  0.477]   -0.236  -0.344
//	plain       -0.097 [-0.127 -0.064]  -0.147 [-0.195 -0.095]   -0.148  -0.224
//	naswot       0.627 [ 0.601  0.652]   0.813 [ 0.784  0.835]    0.631   0.817
//	jacob_cov    0.589 [ 0.558  0.618]   0.770 [ 0.736  0.801]    0.558   0.748
//	swap         0.565 [ 0.537  0.590]   0.756 [ 0.723  0.781]    0.556   0.744
//	zico         0.591 [ 0.566  0.614]   0.786 [ 0.757  0.810]    0.595   0.790
//	MACs         0.618 [ 0.591  0.643]   0.792 [ 0.765  0.815]
//	layers       0.612 [ 0.583  0.639]   0.755 [ 0.722  0.783]
//
// No proxy is better than the number of multiply-adds by more than the intervals. Those that measure how large gradients are (snip,
// grad_norm, fisher) need the network at its full depth: on the small one they say little, or the opposite. The others say the same
// at a twentieth of the cost.
//
// # Text
//
// A model of text ([supernet.Recurrent]) has snip, grad_norm, plain and zico, which are about weights alone. The others are not
// defined there: fisher, naswot, swap and jacob_cov ask for the units or the input of a network of images, and synflow for one
// whose activations are linear where everything is positive, which sigmoid and tanh are not. [Names] tells.
package proxy
