// Package darts is the search space of DARTS for CIFAR-10 (Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search",
// ICLR 2019, arXiv 1806.09055) as the supernets of "How Does Supernet Help in Neural Architecture Search?" (arXiv 2010.08219)
// use it.
//
// # The cell
//
// A cell has six nodes. Nodes 0 and 1 are the outputs of the two cells before, the older one first. Each of the nodes 2 to 5
// is the sum of two operations ([Op]), on two different earlier nodes. The output is the concatenation of the nodes 2 to 5. An
// architecture is a pair of cells, a normal one and one that halves the image ([Arch]), which DARTS writes as a genotype: the
// operation and the input of every edge, two edges for each node.
//
//	Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), …], normal_concat=range(2, 6), reduce=[…], reduce_concat=range(2, 6))
//
// The operations keep the number of channels:
//
//	max_pool_3x3, avg_pool_3x3   pooling with one pixel of padding, which the average does not count
//	skip_connect                 the node itself; where the image is halved, a factorised reduction
//	sep_conv_3x3, sep_conv_5x5   twice: ReLU, depthwise convolution, 1×1 convolution, batch norm
//	dil_conv_3x3, dil_conv_5x5   once, with dilation 2
//
// In the reducing cell an operation that reads node 0 or 1 has stride 2, a sep_conv in its first half. A factorised reduction is
// ReLU, then two 1×1 convolutions of stride 2, the second of which starts at the second row and column, with half of the
// channels each, concatenated; then batch norm. There is no batch norm after pooling, and unlike in the search of DARTS no
// operation "none".
//
// # The network
//
//	stem         3×3 convolution to 3C channels, batch norm
//	L cells      of C channels in every node; the cells L/3 and 2L/3 are reducing ones, where C doubles
//	classifier   average, linear with bias
//
// A cell first brings its two inputs to its own number of channels, by ReLU, 1×1 convolution and batch norm or, if the older
// input is larger than the other, by a factorised reduction. The published size is C = 36, L = 20. The
// average is that of the first 7×7 of the last 8×8 pixels, as in the authors' code, or with [Space].Pool = 0 global, as in DARTS.
// Batch norm has eps 1e-5 and momentum 0.1. In training the network has
// a second classifier after cell 2L/3 ([Space.Auxiliary]).
//
// [Space.Network] lists the layers. Its parameters are those of the published tables; the multiply-adds that the tables give are
// [Space.PublishedMACs], which leaves out some of the depthwise convolutions: 507,457,152 of the 528,359,040 that the network
// with the cells that DARTS found (DARTS_V2) has.
//
// # The decisions
//
// Every edge has an operation and an input, in the authors' tables a JSON object with 32 keys:
//
//	{"normal/2/0/input": 1, "normal/2/0/op": "sep_conv_3x3", "normal/2/1/input": 0, …, "reduce/5/1/op": "skip_connect"}
//
// that is, cell, node, and slot of the edge, 0 or 1. Node i has i(i-1) pairs of different inputs and 7² of operations, which
// makes 2·6·12·20 · 7^8 cells and 275,647,219,316,498,534,400 ≈ 2.756·10^20 architectures. [Space.Sample] draws them uniformly,
// which is to say every node uniformly and independently. [Parse] reads genotypes, tables, and what
// NNI, NAS-Bench-301 and NASLib write.
//
// The slots matter to a supernet that has weights for each of them, as the authors' does: one module for every operation of a
// slot, whatever its input. They do not matter to a network that is trained by itself.
//
// # Which architectures are the same
//
// Two symmetries leave alone what a network can compute:
//
//   - the order of the two edges into a node, as a sum has no order. Up to this there are 2^16 times fewer architectures,
//     180² · 7^16 ≈ 1.077·10^18;
//   - the numbers of the inner nodes, as long as each reads earlier ones. They decide only in which order the nodes are
//     concatenated, and whatever reads the output of a cell has separate weights for each of its channels.
//
// [Arch.Canonical] is the same for two architectures exactly if these symmetries turn one into the other, [Arch.Hash] names it.
// There are 382,128,166 canonical cells, and 382,128,166² ≈ 1.460·10^17 canonical architectures.
//
// Coincidences of operations without parameters are not symmetries, and remain different: two nodes may add the same
// skip_connect and the same pool, so that it does not matter which of them another one reads.
package darts
