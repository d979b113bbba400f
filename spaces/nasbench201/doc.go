// Package nasbench201 is the search space of NAS-Bench-201 (Dong and Yang, "NAS-Bench-201: Extending the Scope of
// Reproducible Neural Architecture Search", ICLR 2020, arXiv 2001.00326).
//
// # The cell
//
// A cell is a graph of four nodes. Every edge j → i, j < i, carries one of five operations ([Op]): none,
// skip_connect, nor_conv_1x1, nor_conv_3x3 (ReLU, convolution, batch norm) and avg_pool_3x3 (padding not counted). Node 0
// is the input, node i the sum of what its edges deliver, node 3 the output. Six edges with five values each make
// 15,625 architectures. The benchmark writes them as
//
//	|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|nor_conv_3x3~1|nor_conv_1x1~2|
//
// which lists the edges into node 1, node 2 and node 3, each with the node that it comes from. [Parse] also reads what NNI, NASLib
// and Python print, and the index that an architecture has in the benchmark ([Arch.Index]).
//
// # The network
//
// Stem (3×3 convolution to C channels, batch norm), N cells, a residual block of stride 2 to 2C channels, N cells, a
// residual block to 4C, N cells, batch norm, ReLU, global average, linear classifier; the published size is C = 16,
// N = 5. Every edge of every cell has weights of its own. [Space.Network] lists the layers.
//
// # Which architectures are the same
//
// An edge that carries none, or that leads from a node which receives nothing, delivers nothing; skip_connect is the node
// that it comes from; the order of a sum does not matter. By these rules as the benchmark applies them 6,466 cells are
// different ([Arch.Hash], [Arch.Canonical]); carried through they leave 4,930 functions ([Arch.Function]). In 15,284 of
// the 15,625 the output depends on the input ([Arch.Connected]), the list that the supernets of "How Does Supernet Help in
// Neural Architecture Search?" (arXiv 2010.08219) sample from.
package nasbench201
