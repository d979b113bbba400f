// Package spaces says what a search space is: its architectures, the decisions that make one, and the network that one stands
// for. It knows no weights and no tensors.
//
// The five spaces are in the packages below this one; [Space] and [Arch] are what they have in common, so that samplers,
// supernets, pruning and the analysis of bias are written once. [Network] lists the layers of an architecture and counts
// parameters and multiply-adds.
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
