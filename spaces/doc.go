// Package spaces says what a search space is: its architectures, the decisions that make one, and the network that one stands
// for. It knows no weights and no tensors.
//
// The spaces are in the packages below this one: nasbench101, nasbench201, darts, dartsptb and proxylessnas, which are the five of
// "How Does Supernet Help in Neural Architecture Search?" (arXiv 2010.08219), and a sixth, nasbenchmacro. [Space] and [Arch] are
// what they have in common, so that samplers, supernets, pruning and the analysis of bias are written once. The package all finds
// a space by its name, the package truth reads the results that benchmarks publish.
//
// # Architectures and decisions
//
// A space is a list of decisions ([Choice]), each with a name and the values that can be taken. An architecture is a point of the
// space: [Arch.Values] says which value it takes at each decision, its String is what the field writes. The names and the order of
// the values are those of the authors' tables. Not every decision arises in every architecture, and not all values go together;
// which do is for the space to know, and for a [Composer] to tell.
//
// Several points can stand for the same function. [Arch.Canonical] chooses one of them, [Arch.Hash] names it, and each space's
// documentation says up to what they are the same.
//
// # Networks
//
// [Space.Network] lists the layers of an architecture at the scale of the space (channels, cells, image, classes), with parameters
// and multiply-adds. [Network.Params] and [Network.MACs] are their sums.
//
// # Parts of a space
//
// A part of a space is a space again, which draws, lists and reads only the architectures that belong to it:
//
//   - [Keep] and [Drop] fix or exclude values of decisions, as progressive pruning does;
//   - [List] is a list of architectures;
//   - [Split] makes one part for each value of a decision; [RandomFolds] and [QuantileFolds] divide architectures at random and by
//     how good they truly are, for a List each. In these ways few-shot and "omniscient" supernets divide a space.
//
// A part keeps the Choices of the whole, so that indices of values mean the same in both. An architecture does not know from
// which part it was drawn: its Canonical form and its Neighbours are those of the whole space.
package spaces
