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
// A model of text ([supernet.Recurrent]) has snip, grad_norm, plain and zico, which are about weights alone. The others are not
// defined there: fisher, naswot, swap and jacob_cov ask for the units or the input of a network of images, and synflow for one
// whose activations are linear where everything is positive, which sigmoid and tanh are not. [Names] tells.
package proxy
