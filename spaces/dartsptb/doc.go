// Package dartsptb is the search space of recurrent cells of DARTS for the Penn Treebank (Liu, Simonyan and Yang, "DARTS:
// Differentiable Architecture Search", ICLR 2019, arXiv 1806.09055) as the supernets of "How Does Supernet Help in Neural
// Architecture Search?" (arXiv 2010.08219) use it.
//
// # The cell
//
// A cell takes the embedding x of a word and the hidden state h before it, H numbers each, and passes them through eight steps,
// each of which is a highway connection around an activation:
//
//	[c | g] = [x | h]·W,    s0 = h + σ(c)·(tanh(g) − h)
//	[c | g] = p·W_i,      s_i+1 = p + σ(c)·(f(g) − p)    for i = 0 … 7
//
// Step i reads the state p of its choice among s0 … s_i (its switch) and applies the activation f of its choice, one of tanh, relu,
// sigmoid and identity ([Act]). The new hidden state is the mean of s1 … s8. W is 2H×2H, each W_i is H×2H, and there is no bias.
// In training x and h, and what every step multiplies by its matrix, are masked: the masks are drawn once for a sequence.
//
// # The network
//
// An embedding of the vocabulary, the cell, and a linear decoder with bias that shares its weights with the embedding. The
// published size is H = 850 and 10,000 words: 22,960,000 parameters and as many multiply-adds a word but for the 10,000 of the
// bias, whatever the architecture. [Space.Network] lists the layers.
//
// # The decisions
//
// An activation and a switch for every step, under the names of the authors' tables:
//
//	{"act/0": 1, "act/1": 2, …, "switch/0": 0, "switch/1": 0, …, "switch/7": 3}
//
// where activations are numbered as above and switch/i is 0 to i. That makes 4^8 · 8! = 2,642,411,520 architectures;
// [Space.Sample] draws every decision uniformly. DARTS writes the same as a list of pairs ([Arch.String]),
//
//	[('relu', 0), ('sigmoid', 0), ('tanh', 1), …]
//
// and [Parse] reads both.
//
// The supernet has one W_i for each step, whatever the step reads and applies: no weights belong to a choice.
//
// # Which architectures are the same
//
// The switches make a tree whose root is s0, and every step brings its own matrix. So the numbers of the steps do not matter to
// what a network can compute, as long as each reads an earlier one: the mean has no order. [Arch.Canonical] is the same for two
// architectures exactly if their trees are equal up to the order of branches, [Arch.Hash] names it. There are 9,345,761 such
// trees. (In a supernet the numbers do matter, for they say which of the shared matrices a step uses.)
//
// That a sigmoid is a tanh on another scale, or that two identities could be merged, is not a symmetry: the highway connection is
// in between.
package dartsptb
