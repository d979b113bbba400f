// Package lab is what the experiments share: a [Lab] is one study of one search space. It knows the space and its recipes,
// loads data, trains the supernet, scores architectures, finds the truth about them (from a published table, or by training
// each alone), and measures how well two rankings agree. Everything is computed once, kept in the study directory, and found
// again by the next run of the same command, also after Ctrl-C and kill -9.
//
//	l, err := lab.Open(options, out)
//	defer l.Close()
//	archs := l.Archs()
//	scores, err := l.Scores(ctx, archs)
//	truth, err := l.Truth(ctx, archs)
//	comparison, err := l.Compare(archs, scores, truth)
//
// # A space
//
// One file for each space (nasbench101.go, …) holds its [Recipe]s and makes its networks; the rest of the package knows no
// space by name. Recipes are data: tiny takes minutes on two cores, small hours on real data, and paper is the published
// protocol. Every result names its recipe.
//
// # Nothing is shown alone
//
// Beside the agreement of a supernet's scores with the truth stands that of what costs nothing ([Baseline]): the number of
// parameters, of multiply-adds and of weighted layers; and what the supernet adds to each of them, the partial rank
// correlation. Where the truth was found more than once, the agreement between runs is the noise ceiling.
package lab
