// Package nasbench101 is the search space of NAS-Bench-101 (Ying et al., "NAS-Bench-101: Towards Reproducible Neural
// Architecture Search", ICML 2019, arXiv 1902.09635), whole ([Space]) and the part of it that the supernets of "How Does
// Supernet Help in Neural Architecture Search?" (arXiv 2010.08219) train in ([OneShot]).
//
// # The cell
//
// A cell is a directed graph of at most seven vertices and nine edges. The first vertex is the input, the last the output;
// every vertex between them is one of three operations ([Op]): conv3x3-bn-relu, conv1x1-bn-relu (convolution, batch norm,
// ReLU) and maxpool3x3 (stride 1). A vertex that is not on a path from the input to the output is taken out. The cell is
// written as the rows of the adjacency matrix, where a one in row i and column j is an edge from i to j, and the operations:
//
//	0110/0001/0001/0000 input,conv3x3-bn-relu,maxpool3x3,output
//
// # What it computes
//
// An inner vertex applies its operation to the sum of its inputs. An edge from the cell's input brings a projection of it, a
// 1×1 convolution with batch norm and ReLU to the channels of the vertex; an edge from another vertex brings its first so many
// channels. The output is the concatenation of its inputs in order; an edge from the input to the output adds a projection to
// that, or is all if it is the only edge. [Arch.Channels] says how many channels a vertex has.
//
// # The network
//
// Stem (3×3 convolution, batch norm, ReLU), three stacks of three cells, max pooling 2×2 before the second and the third stack,
// where the channels double, global average, linear classifier. The stem has 128 channels. Batch norm has eps 1e-5 and keeps
// 0.997 of its running statistics. [Space.Network] lists the layers.
//
// # Which architectures are the same
//
// Cells are the same if one turns into the other by renumbering the inner vertices: [Arch.Canonical] is the least of all
// numberings, [Arch.Hash] the benchmark's hash, which is equal exactly for such cells. 423,624 of them are different. (They
// compute the same up to the one channel by which the shares of the output may differ, which numbering decides.)
//
// # The one-shot subspace
//
// A supernet that keeps separate weights for every vertex needs vertices of one width. [OneShot] fixes the number of inputs of
// each vertex so that exactly two feed the output and all have half its channels: 95,985 cells, 42,228 of them different. Its
// tables write a cell as JSON with a one-hot list for each operation and a multi-hot list for the inputs of each vertex:
//
//	{"op1": [1, 0, 0], …, "input1": [1], "input2": [0, 1], "input3": [1, 0, 0], …, "input6": [0, 0, 0, 1, 0, 1]}
//
// [Parse] reads both forms, and those of the benchmark's own tables and of its API, as JSON or as
// Python prints them. A cell whose vertices are numbered otherwise is found by
// [OneShot.Find].
package nasbench101
