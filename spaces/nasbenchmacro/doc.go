// Package nasbenchmacro is the search space of NAS-Bench-Macro (Su et al., "Prioritized Architecture Sampling with Monto-Carlo
// Tree Search", CVPR 2021, arXiv 2103.11922). It is not one of the five of "How Does Supernet Help in Neural Architecture Search?"
// (arXiv 2010.08219): it is here because its table is complete, three runs of every architecture on CIFAR-10.
//
// # The network
//
// A chain of eight layers in stages of two, three and three. The first layer of a stage halves the image and doubles the channels.
//
//	stem     3×3 convolution to 32 channels, batch norm, ReLU
//	layer0   2 layers    64 channels
//	layer2   3 layers   128 channels
//	layer5   3 layers   256 channels
//	head     1×1 convolution to 1280 channels, batch norm, ReLU, global average, linear classifier with bias
//
// A layer is one of three ([Op]):
//
//	Identity   nothing; in the first layer of a stage a 1×1 convolution of stride 2 and batch norm
//	MB3_K3     inverted residual block (Sandler et al., CVPR 2018) of expansion 3 and kernel 3
//	MB6_K5     the same of expansion 6 and kernel 5
//
// A block is: a 1×1 convolution to so many times its input's channels, batch norm, ReLU (not ReLU6); a depthwise convolution, batch
// norm, ReLU; a 1×1 convolution, batch norm. Except in the first layer of a stage, its input is added to its output. Batch norm has
// eps 1e-5 and momentum 0.1. [Space.Network] lists the layers, with the parameters and multiply-adds of the published table.
//
// # The decisions
//
// An architecture is written as a digit for each layer, 0 Identity, 1 MB3_K3, 2 MB6_K5: 22212220 is the best in the table. There
// are 3^8 = 6,561, and [Space.Sample] draws them uniformly.
//
// # Which architectures are the same
//
// An Identity that is not the first layer of its stage computes nothing, so it does not matter which layers of a stage it is, only
// what the others are and in which order. [Arch.Canonical] has such layers at the end of each stage. There are 3,969 canonical
// architectures; the rows of one function carry the same results in the table.
package nasbenchmacro
